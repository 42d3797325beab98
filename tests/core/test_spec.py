"""Specs: registered by name, resolved to clones, never written to."""

from numbers import Real
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone

from skbackprop._compat import Interval
from skbackprop.core.spec import Spec, resolve
from skbackprop.layers import Activation, Identity, Layer, ReLU
from skbackprop.losses import ClassificationLoss, RegressionLoss
from skbackprop.schedules import Schedule
from skbackprop.solvers import Solver
from skbackprop.updates import Update

FAMILIES = [
    Activation,
    ClassificationLoss,
    Layer,
    RegressionLoss,
    Schedule,
    Solver,
    Update,
]
MEMBERS = {
    f"{family.__name__} {name}": (family, name, member)
    for family in FAMILIES
    for name, member in family.members().items()
}


class Shape(Spec, family=True):
    """A family of the tests' own."""


class Circle(Shape, name="circle"):
    radius: float = 1.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "radius": [Interval(Real, 0, None, closed="left")]
    }


class Square(Shape, name="square"):
    side: float = 1.0


def test_a_family_knows_its_members_by_name():
    assert Shape.members() == {"circle": Circle, "square": Square}
    assert Circle.name == "circle"


def test_families_do_not_share_members():
    assert "circle" not in Layer.members()
    assert not Activation.members().keys() & Layer.members().keys()


def test_what_members_returns_can_be_changed_without_harm():
    Shape.members().clear()
    assert Shape.members()


def test_a_name_takes_the_settings_that_are_its_fields():
    assert resolve(Shape, "circle", {"radius": 2.0, "side": 3.0}) == Circle(2.0)
    assert resolve(Shape, "square") == Square()


def test_an_object_carries_its_own_settings_and_is_cloned():
    mine = Circle(2.0)
    resolved = resolve(Shape, mine, {"radius": 5.0})
    assert resolved == mine
    assert resolved is not mine
    resolved.radius = 7.0
    assert mine.radius == 2.0


def test_a_constructor_of_ones_own_tells_the_hyper_parameters():
    class Ellipse(Circle):
        def __init__(self, height=1.0, width=2.0):
            self.height, self.width = height, width

    assert Circle(3.0).get_params() == {"radius": 3.0}
    assert clone(Ellipse(3.0)).get_params() == {"height": 3.0, "width": 2.0}


@pytest.mark.parametrize("value", ["triangle", 3, None, Circle, ["circle"], Layer])
def test_what_is_not_of_the_family_is_refused_with_the_choices(value):
    with pytest.raises(ValueError, match=r"is not a Shape.*'circle', 'square'"):
        resolve(Shape, value)


@pytest.mark.parametrize("value", [-1.0, "wide", None])
def test_a_setting_out_of_range_is_refused_by_name(value):
    for slot in (Circle(value), "circle"):
        with pytest.raises(ValueError, match=r"'radius' parameter of Circle"):
            resolve(Shape, slot, {"radius": value})


def test_a_slot_accepts_names_that_are_registered_later():
    class Late(Spec, family=True):
        pass

    names, objects = Late.constraint()

    class Comer(Late, name="comer"):
        pass

    assert names.is_satisfied_by("comer")
    assert not names.is_satisfied_by("circle")
    assert issubclass(Comer, objects)


def test_arrays_are_compared_as_a_whole():
    assert Circle(np.array([0.1, 0.9])) == Circle(np.array([0.1, 0.9]))
    assert Circle(np.array([0.1, 0.9])) != Circle(np.array([0.1, 0.5, 0.9]))
    assert Circle(np.array([0.1, 0.1])) != Circle(0.1)


@pytest.mark.parametrize(("family", "name", "member"), MEMBERS.values(), ids=MEMBERS)
class TestEveryMember:
    def test_is_found_by_its_name(self, family, name, member):
        assert type(resolve(family, name)) is member

    def test_is_what_its_repr_says(self, family, name, member):
        assert eval(repr(member()), {member.__name__: member}) == member()

    def test_clones_to_an_equal(self, family, name, member):
        assert clone(member()) == member()

    def test_can_be_set_by_name_as_in_a_grid(self, family, name, member):
        spec = member()
        assert spec.get_params().keys() == set(member._get_param_names())
        assert spec.set_params(**spec.get_params()) == member()

    def test_holds_nothing_but_its_fields(self, family, name, member):
        spec = resolve(family, name)
        assert vars(spec).keys() == set(member._get_param_names())

    def test_constrains_each_of_its_fields(self, family, name, member):
        assert member._parameter_constraints.keys() == set(member._get_param_names())


def test_a_name_cannot_be_taken_before_a_part_of_the_package_that_has_it_is_imported():
    class Shape(Spec, family=True):
        pass

    class Mine(Shape, name="circle"):
        pass

    late = {"__module__": "skbackprop.shapes"}
    with pytest.raises(ValueError, match="own Circle: choose another one for Mine"):
        type("Circle", (Shape,), late, name="circle")
    assert Shape.members() == {"circle": Mine}


def test_a_name_of_the_package_cannot_be_taken():
    with pytest.raises(ValueError, match="'relu' is the name of skbackprop's own ReLU"):

        class Mine(Identity, name="relu"):
            pass

    assert Activation.members()["relu"] is ReLU
