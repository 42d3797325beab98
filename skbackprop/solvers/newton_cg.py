"""Newton's method with conjugate gradients, over Gauss-Newton or Hessian products."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval, StrOptions
from skbackprop.linearization import CurvatureProducts
from skbackprop.solvers.conjugate import (
    Descent,
    conjugate_gradients,
    lowest_direction,
    steihaug,
)
from skbackprop.solvers.full_batch import FullBatch, Moves
from skbackprop.solvers.function import Function, Point
from skbackprop.solvers.handover import Memory
from skbackprop.solvers.line_search import backtracking
from skbackprop.solvers.preconditioners import (
    Diagonal,
    Identity,
    KroneckerFactored,
    Preconditioner,
)

PRECONDITIONERS: dict[str | None, Callable[[CurvatureProducts], Preconditioner]] = {
    "kfac": KroneckerFactored,
    "diagonal": Diagonal,
    None: Identity,
}

# At the start, the damping is this share of the curvature along the gradient; ...
FIRST = 0.03
# ... it never falls below this share of it.
FLOOR = 1e-6
LARGEST = 1e12
# As the gradient falls, its equations are solved more precisely, by this power.
POWER = 0.25
# So many steps go by one preconditioner.
REFRESH = 4
# A step that brings less than this share of what it promised is not taken.
WORTHWHILE = 1e-4
# Curvature below minus this share of the largest leads away from a saddle.
SADDLE = 1e-3
N_LANCZOS = 60


class NewtonCG(FullBatch, name="newton-cg"):
    """Newton's method, with steps found by conjugate gradients: no matrix is formed.

    With the Gauss-Newton matrix steps are damped as in the Levenberg-Marquardt method,
    and always lead downhill. With the Hessian they stay in a trust region, follow
    directions of negative curvature to its edge, and leave saddle points.

    Parameters
    ----------
    curvature : {'gauss_newton', 'hessian'}, default='gauss_newton'
        The matrix of the quadratic model.
    preconditioner : {'kfac', 'diagonal'} or None, default='kfac'
        What conjugate gradients on the Gauss-Newton matrix are sped up by: its
        Kronecker-factored blocks, or its diagonal.
    forcing : float, default=0.7
        The largest share of the gradient that conjugate gradients leave in a step. They
        leave less as the gradient falls.
    max_products : int, default=250
        The largest number of products for one step.

    Notes
    -----
    The Kronecker-factored blocks of networks with more than four outputs are estimated
    by random draws with a fixed seed. They set the way, not the minimum: but a weight
    of 2 is another way, then, than a row that is there twice.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", ICML 2010.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import NewtonCG
    >>> BackpropRegressor(solver=NewtonCG("hessian")).solver
    NewtonCG(curvature='hessian')
    """

    curvature: str = "gauss_newton"
    preconditioner: str | None = "kfac"
    forcing: float = 0.7
    max_products: int = 250

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "curvature": [StrOptions({"gauss_newton", "hessian"})],
        "preconditioner": [StrOptions({"kfac", "diagonal"}), None],
        "forcing": [Interval(Real, 0, 1, closed="neither")],
        "max_products": [Interval(Integral, 1, None, closed="left")],
    }

    def bind(self, function: Function) -> Moves:
        """Return the steps of the chosen model."""
        function.linearizes = True
        return MODELS[self.curvature](self, function)


class _Forcing:
    """How precisely the equations of a step are solved: the more so, the nearer."""

    def __init__(self, loosest: float) -> None:
        self.loosest, self.steepest = loosest, 0.0

    def at(self, point: Point) -> float:
        size = float(np.linalg.norm(point.gradient))
        self.steepest = max(self.steepest, size)
        return min(self.loosest, (size / self.steepest) ** POWER)


class _Damped:
    """Steps by the damped Gauss-Newton matrix."""

    def __init__(self, spec: NewtonCG, function: Function) -> None:
        self.function, self.max_products = function, spec.max_products
        self.prepare = PRECONDITIONERS[spec.preconditioner]
        self.precondition: Preconditioner | None = None
        self.prepared_at: np.ndarray | None = None
        self.forcing = _Forcing(spec.forcing)
        self.damping = self.scale = 0.0
        self.n_steps = 0

    def step(self, point: Point) -> Point | None:
        """Raise the damping until a step does what it promises."""
        function, products = self.function, self.function.curvature(point.x)
        self._prepare(products, point)
        while self.damping <= LARGEST * self.scale:
            found = self._descent(products, point)
            if function.is_rounding(point, found.promised):
                return None
            trial = function.at(point.x + found.way)
            self._adapt((point.value - trial.value) / found.promised)
            if function.lowers(point, trial, WORTHWHILE * found.promised):
                return trial
            # Evaluations are cheaper than products: first try less of the same.
            shorter = backtracking(function, point, found.way, 0.5)
            if shorter is not None:
                return shorter
            self.damping *= 4.0
        return None

    def _prepare(self, products: CurvatureProducts, point: Point) -> None:
        if self.n_steps % REFRESH == 0:
            self.prepared_at = point.x
            self.precondition = self.prepare(products)
        elif self.precondition is None and self.prepared_at is not None:
            # An earlier run had it, which was cut off.
            self.precondition = self.prepare(self.function.curvature(self.prepared_at))
        if self.n_steps == 0:
            self._begin(point)
        self.n_steps += 1

    def _begin(self, point: Point) -> None:
        assert self.precondition is not None
        along = point.gradient / np.linalg.norm(point.gradient)
        self.scale = self.precondition.curvature(along)
        self.damping = FIRST * self.scale
        if not self.scale > 0:
            self.damping = self.scale = self.function.first_damping(point)

    def _descent(self, products: CurvatureProducts, point: Point) -> Descent:
        damping, precondition = self.damping, self.precondition
        assert precondition is not None
        hold = self.function.problem.objective.hold
        return conjugate_gradients(
            lambda vector: products.gauss_newton(vector) + damping * vector,
            point.gradient,
            # What is pruned stays out of the search.
            lambda vector: hold(precondition.solve(vector, damping)),
            self.forcing.at(point),
            self.max_products,
        )

    def _adapt(self, gain: float) -> None:
        if gain > 0.75:
            self.damping = max(self.damping * 2 / 3, FLOOR * self.scale)
        elif not gain >= 0.25:
            self.damping *= 3 / 2


def _gauss_newton(spec: NewtonCG, function: Function) -> Moves:
    damped = _Damped(spec, function)
    own = (damped, "damping", "scale", "n_steps", "prepared_at")
    return Moves(damped.step, memory=Memory(own, (damped.forcing, "steepest")))


class _TrustRegion:
    """Steps by the Hessian within a ball."""

    def __init__(self, spec: NewtonCG, function: Function) -> None:
        self.function, self.max_products = function, spec.max_products
        self.radius = 0.0
        self.forcing = _Forcing(spec.forcing)

    def step(self, point: Point) -> Point | None:
        """Shrink the ball until a step does what it promises."""
        function, products = self.function, self.function.curvature(point.x)
        forcing = self.forcing.at(point)
        if self.radius == 0.0:
            length = function.first_step(point) * np.linalg.norm(point.gradient)
            self.radius = max(1.0, float(length))
        while True:
            found = steihaug(
                products.hessian,
                point.gradient,
                self.radius,
                forcing,
                self.max_products,
            )
            if function.is_rounding(point, found.promised):
                return None
            trial = function.at(point.x + found.way)
            gain = (point.value - trial.value) / found.promised
            if not gain >= 0.25:
                self.radius = 0.25 * float(np.linalg.norm(found.way))
            elif gain > 0.75 and found.at_edge:
                self.radius *= 2.0
            if function.lowers(point, trial, WORTHWHILE * found.promised):
                return trial

    def escape(self, point: Point) -> Point | None:
        """Go along the direction in which the objective curves down most."""
        function, products = self.function, self.function.curvature(point.x)
        lowest, largest, way = lowest_direction(
            products.hessian, function.n_params, N_LANCZOS
        )
        if not lowest < -SADDLE * largest:
            return None
        # Rounding has left something of the start where parameters are held at zero.
        way = function.problem.objective.hold(way)
        way = -np.copysign(1.0, way @ point.gradient) * way
        length = 1.0
        # What the curvature promises is half of this: a fifth of that is enough.
        while not function.is_rounding(point, -lowest * length**2):
            trial = function.at(point.x + length * way)
            if function.lowers(point, trial, -0.1 * lowest * length**2):
                return trial
            length *= 0.5
        return None


def _hessian(spec: NewtonCG, function: Function) -> Moves:
    region = _TrustRegion(spec, function)
    memory = Memory((region, "radius"), (region.forcing, "steepest"))
    return Moves(region.step, region.escape, memory)


MODELS: dict[str, Callable[[NewtonCG, Function], Moves]] = {
    "gauss_newton": _gauss_newton,
    "hessian": _hessian,
}
