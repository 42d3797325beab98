"""Newton's method with conjugate gradients, over Gauss-Newton or Hessian products."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval, StrOptions
from skbackprop.linearization import CurvatureProducts
from skbackprop.solvers.conjugate import (
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
from skbackprop.solvers.span import Leg, Span

PRECONDITIONERS: dict[str | None, type[Preconditioner]] = {
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
# Where each step is much work, along a bent valley, it pays to look along this many
# earlier steps as well, ...
EARLIER = 3
# ... one for every so many products that a step takes, ...
PRODUCTS_EACH = 4
# ... on average over steps: of the former average, this share stays.
FADING = 0.8
# A step that brings less than this share of what it promised is not taken.
WORTHWHILE = 1e-4
# Curvature below minus this share of the largest leads away from a saddle.
SADDLE = 1e-3
N_LANCZOS = 60


class NewtonCG(FullBatch, name="newton-cg"):
    """Newton's method, with steps found by conjugate gradients: no matrix is formed.

    With the Gauss-Newton matrix steps are damped as in the Levenberg-Marquardt method,
    and always lead downhill. They are looked for where conjugate gradients and the last
    few steps lead; there, more damping takes no more products. With the Hessian they
    stay in a trust region, follow directions of negative curvature to its edge, and
    leave saddle points.

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

    G. Narkiss and M. Zibulevsky, "Sequential subspace optimization method for
    large-scale unconstrained problems", 2005.

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
        self.kind = PRECONDITIONERS[spec.preconditioner]
        self.preconditioner: Preconditioner | None = None
        self.prepared_at: np.ndarray | None = None
        self.forcing = _Forcing(spec.forcing)
        self.damping = self.scale = self.usual = 0.0
        self.earlier: list[np.ndarray] = []
        self.n_steps = 0

    def step(self, point: Point) -> Point | None:
        """Raise the damping until a step does what it promises."""
        function, products = self.function, self.function.curvature(point.x)
        preconditioner = self._prepared(products, point)
        if self.scale == 0.0:
            self._begin(point, preconditioner)
        while self.damping <= LARGEST * self.scale:
            span = self._span(products, preconditioner, point)
            found = span.descend()
            if function.is_rounding(point, found.promised):
                return None
            ahead = self._damped(span, point)
            if ahead is None:
                # As where targets are of many digits, and the way there is long: less
                # of the same may do more than the model knows.
                ahead = backtracking(function, point, found.way, 0.5)
            if ahead is not None:
                return ahead
            self.damping *= 4.0
        return None

    def _damped(self, span: Span, point: Point) -> Point | None:
        """Return a lower point; None where damping comes to nothing."""
        function, damping = self.function, self.damping
        while self.damping <= LARGEST * self.scale:
            # No new products: they are known for all dampings.
            found = span.descend(self.damping - damping)
            if function.is_rounding(point, found.promised):
                break
            trial = function.at(point.x + found.way)
            if function.lowers(point, trial, WORTHWHILE * found.promised):
                self._adapt((point.value - trial.value) / found.promised)
                self.earlier = [*self.earlier, found.way][-EARLIER:]
                return trial
            self.damping *= 4.0
        self.damping = 1.5 * damping
        return None

    def _prepared(self, products: CurvatureProducts, point: Point) -> Preconditioner:
        if self.n_steps % self.kind.n_steps == 0:
            self.prepared_at = point.x
            self.preconditioner = (
                self.kind(products)
                if self.preconditioner is None
                else self.preconditioner.renewed(products)
            )
        elif self.preconditioner is None:
            # An earlier run had it, which was cut off.
            assert self.prepared_at is not None
            self.preconditioner = self.kind(self.function.curvature(self.prepared_at))
        self.n_steps += 1
        return self.preconditioner

    def _begin(self, point: Point, preconditioner: Preconditioner) -> None:
        along = point.gradient / np.linalg.norm(point.gradient)
        self.scale = preconditioner.curvature(along)
        self.damping = FIRST * self.scale
        if not self.scale > 0:
            self.damping = self.scale = self.function.first_damping(point)

    def _span(
        self, products: CurvatureProducts, preconditioner: Preconditioner, point: Point
    ) -> Span:
        """Return the model where conjugate gradients and earlier steps lead."""
        damping = self.damping
        hold = self.function.problem.objective.hold

        def product(vector: np.ndarray) -> np.ndarray:
            return products.gauss_newton(vector) + damping * vector

        legs = conjugate_gradients(
            product,
            point.gradient,
            # What is pruned stays out of the search.
            lambda vector: hold(preconditioner.solve(vector, damping)),
            self.forcing.at(point),
            self.max_products,
        )
        spent = sum(leg.n_products for leg in legs)
        self.usual += (1.0 - FADING) * (spent - self.usual)
        n_earlier = min(len(self.earlier), int(self.usual / PRODUCTS_EACH))
        for way in self.earlier[len(self.earlier) - n_earlier :]:
            image = product(way)
            if np.isfinite(way @ image):
                legs.append(Leg(way, image))
        return Span(point.gradient, legs)

    def _adapt(self, gain: float) -> None:
        if gain > 0.75:
            self.damping = max(self.damping * 2 / 3, FLOOR * self.scale)
        elif not gain >= 0.25:
            self.damping *= 3 / 2


def _gauss_newton(spec: NewtonCG, function: Function) -> Moves:
    damped = _Damped(spec, function)
    own = (damped, "damping", "scale", "usual", "earlier", "n_steps", "prepared_at")
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
        radius = self.radius
        while True:
            found = steihaug(
                products.hessian,
                point.gradient,
                self.radius,
                forcing,
                self.max_products,
            )
            if function.is_rounding(point, found.promised):
                return self._down(point, radius)
            trial = function.at(point.x + found.way)
            gain = (point.value - trial.value) / found.promised
            if not gain >= 0.25:
                self.radius = 0.25 * float(np.linalg.norm(found.way))
            elif gain > 0.75 and found.at_edge:
                self.radius *= 2.0
            if function.lowers(point, trial, WORTHWHILE * found.promised):
                return trial

    def _down(self, point: Point, radius: float) -> Point | None:
        """Where the ball has shrunk to nothing, try the gradient's own way."""
        if self.radius == radius:
            return None
        self.radius, length = radius, self.function.first_step(point)
        return backtracking(self.function, point, -point.gradient, length)

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
