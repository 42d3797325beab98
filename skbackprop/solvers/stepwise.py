"""Step-wise solvers: chains of updates over mini-batches."""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import chain
from numbers import Real
from typing import ClassVar

import numpy as np

from skbackprop._compat import Interval
from skbackprop.core.ops import all_finite
from skbackprop.core.threads import Crew, single_threaded_products, threads_for
from skbackprop.evaluation import Evaluation
from skbackprop.solvers.base import (
    Problem,
    Solution,
    Solver,
    SolverState,
    Status,
    Verdict,
)
from skbackprop.solvers.epoch import Epoch
from skbackprop.solvers.gradients import Gradients
from skbackprop.solvers.step import bind_step
from skbackprop.updates import Momentum, ScaleByAdam, Update


class Stepwise(Solver):
    """A solver that takes a step a batch, along a chain of updates."""

    stepwise: ClassVar[bool] = True

    @abstractmethod
    def chain(self) -> Sequence[Update]:
        """Return the updates that turn a gradient into a step."""

    def minimise(self, problem: Problem) -> Solution:
        """Run epochs until the budget, the monitor or divergence ends it.

        Parameters
        ----------
        problem : Problem
            What to minimise, over what, and for how long.

        Returns
        -------
        Solution
            What came of it.
        """
        state = problem.state or self._fresh_state(problem)
        network = problem.objective.network
        crew = Crew(threads_for(network.work(problem.batch_size)))
        with single_threaded_products(), np.errstate(all="ignore"):
            gradients = Gradients(problem, crew)
            step = bind_step(
                problem.objective,
                self.chain(),
                problem.theta,
                gradients.vectors,
                state.moments,
                crew,
            )
            return _run(problem, Epoch(problem, gradients, step), state)

    def _fresh_state(self, problem: Problem) -> SolverState:
        moments = [
            [np.zeros_like(problem.theta) for _ in range(update.n_moments)]
            for update in self.chain()
        ]
        return SolverState(moments, float(problem.learning_rate_init))


def _run(problem: Problem, epoch: Epoch, state: SolverState) -> Solution:
    monitor, schedule = problem.monitor, problem.schedule
    initial = float(problem.learning_rate_init)
    earlier, last = problem.theta.copy(), problem.theta.copy()
    for _ in range(problem.max_iter):
        monitor.begin_epoch()
        loss = epoch.run(state.rate, state.n_steps)
        vectors = [problem.theta, *chain.from_iterable(state.moments)]
        if not (np.isfinite(loss) and all(map(all_finite, vectors))):
            diverged_to = problem.theta.copy()
            _go_back(problem, last, earlier)
            # The moments are no longer finite either: nothing to go on from.
            return Solution(Status.DIVERGED, diverged_to=diverged_to)
        earlier, last = last, earlier
        np.copyto(last, problem.theta)
        state.n_steps += problem.n_batches
        verdict = monitor.end_epoch(loss)
        # A NumPy scalar, which a user's schedule may give, would make every float32
        # step a float64 one.
        state.rate = float(schedule.after_epoch(state.rate, initial, monitor.n_seen))
        if verdict is Verdict.STOP:
            return Solution(Status.STOPPED, state=state)
        if verdict is Verdict.PLATEAU:
            lowered = schedule.on_plateau(state.rate)
            monitor.on_plateau(lowered, schedule.farewell)
            if lowered is None:
                return Solution(Status.CONVERGED, state=state)
            state.rate = float(lowered)
    message = (
        f"Stochastic Optimizer: Maximum iterations ({problem.max_iter}) reached and "
        "the optimization hasn't converged yet."
    )
    return Solution(Status.BUDGET_SPENT, message, state)


def _go_back(problem: Problem, *candidates: np.ndarray) -> None:
    """Put back the latest parameters that give a finite loss.

    The loss of an epoch is that of its batches before their steps: finite parameters at
    its end may still be too large to compute with.
    """
    evaluation = Evaluation(problem.objective, problem.theta, problem.data)
    for theta in candidates:
        problem.theta[...] = theta
        if np.isfinite(evaluation.loss()):
            return


class SGD(Stepwise, name="sgd"):
    """Stochastic gradient descent with momentum.

    Parameters
    ----------
    momentum : float, default=0.9
        The share of the velocity that each step keeps; 0 for none.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's form.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.solvers import SGD
    >>> BackpropRegressor(solver=SGD(momentum=0.5)).solver
    SGD(momentum=0.5)
    """

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
    }

    def chain(self) -> Sequence[Update]:
        """Return momentum alone."""
        return [Momentum(self.momentum, self.nesterovs_momentum)]


class Adam(Stepwise, name="adam"):
    """Adam, in the form of scikit-learn.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        What the running means of the gradient and of its square keep at each step.
    epsilon : float, default=1e-8
        Added to the denominator for stability.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.solvers import Adam
    >>> BackpropClassifier(solver=Adam(beta_2=0.95)).solver
    Adam(beta_2=0.95)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints: ClassVar[dict[str, list]] = (
        ScaleByAdam._parameter_constraints
    )

    def chain(self) -> Sequence[Update]:
        """Return Adam's scaling alone."""
        return [ScaleByAdam(self.beta_1, self.beta_2, self.epsilon)]
