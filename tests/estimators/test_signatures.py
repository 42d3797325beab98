"""The constructor and the methods: scikit-learn's, and more; all of it described."""

import inspect
import re

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = (BackpropClassifier, BackpropRegressor)
SKLEARN = {BackpropClassifier: MLPClassifier, BackpropRegressor: MLPRegressor}
SLOTS = {
    "n_hidden_layers": None,
    "weight_init": "auto",
    "normalization": None,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "dropconnect": 0.0,
    "penalty": "l2",
    "l1_ratio": 0.15,
    "max_norm": None,
    "clip_norm": None,
    "clip_value": None,
    "averaging": None,
    "augmentation": None,
    "scaling": None,
    "stopping": None,
    "pruning": None,
    "gradient_health": False,
}
NEW = {
    BackpropClassifier: {
        "loss": "log_loss",
        "class_weight": None,
        "scoring": None,
        **SLOTS,
    },
    BackpropRegressor: {"scoring": None, **SLOTS},
}


def described(signature, skip=()):
    return [
        (p.name, p.default, p.kind)
        for p in signature.parameters.values()
        if p.name not in skip
    ]


# ------------------------------------------------------------------------- signatures


@pytest.mark.parametrize("kind", KINDS)
def test_constructor_begins_as_that_of_scikit_learn(kind):
    theirs = described(inspect.signature(SKLEARN[kind]))
    assert described(inspect.signature(kind))[: len(theirs)] == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_constructor_goes_on_with_the_new_parameters(kind):
    theirs = len(inspect.signature(SKLEARN[kind]).parameters)
    rest = [*inspect.signature(kind).parameters.values()][theirs:]
    assert {p.name: p.default for p in rest} == NEW[kind]
    assert {p.kind for p in rest} == {inspect.Parameter.KEYWORD_ONLY}


METHODS = ["fit", "partial_fit", "predict", "predict_proba", "predict_log_proba"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", [*METHODS, "score", "get_params", "set_params"])
def test_method_begins_as_that_of_scikit_learn(kind, method):
    if kind is BackpropRegressor and method.startswith("predict_"):
        assert not hasattr(kind, method)
        return
    theirs = described(inspect.signature(getattr(SKLEARN[kind], method)))
    assert described(inspect.signature(getattr(kind, method)))[: len(theirs)] == theirs


# -------------------------------------------------------------------------- docstrings


def section(docstring, title):
    """The names that a section of a numpydoc docstring describes."""
    text = inspect.cleandoc(docstring)
    found = re.search(
        rf"^{title}\n-+\n(.*?)(?=\n\n\S[^\n]*\n-+\n|\Z)", text, re.M | re.S
    )
    assert found, f"no section {title}"
    heads = re.findall(r"^(\w[\w, ]*?)(?: :.*)?$", found.group(1), re.M)
    return [name for head in heads for name in head.split(", ")]


@pytest.mark.parametrize("kind", KINDS)
def test_docstring_describes_each_parameter_in_order(kind):
    assert section(kind.__doc__, "Parameters") == [*inspect.signature(kind).parameters]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict"])
def test_docstring_of_a_method_describes_each_parameter_in_order(kind, method):
    function = getattr(kind, method)
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    assert section(function.__doc__, "Parameters") == names


@pytest.mark.parametrize("kind", KINDS)
def test_docstring_describes_each_attribute_and_no_other(kind, binary):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(binary.X).add_prefix("x")
    fits = [
        kind(max_iter=2, **params).fit(frame, binary.y)
        for params in ({}, {"early_stopping": True}, {"solver": "lbfgs"})
    ]
    public = {
        name
        for fitted in fits
        for name in dir(fitted)
        if name.endswith("_") and not name.startswith("_") and hasattr(fitted, name)
    }
    assert set(section(kind.__doc__, "Attributes")) == public


@pytest.mark.parametrize("kind", KINDS)
def test_attributes_are_those_of_scikit_learn_and_more(kind, binary):
    for params in ({}, {"early_stopping": True}, {"solver": "lbfgs"}):
        ours = kind(max_iter=2, **params).fit(*binary)
        theirs = SKLEARN[kind](max_iter=2, **params).fit(*binary)
        public = {name for name in vars(theirs) if not name.startswith("_")}
        assert public <= set(dir(ours))
