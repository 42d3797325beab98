"""Looking at a fit epoch by epoch from outside: callbacks of scikit-learn."""

from collections.abc import Callable, Container
from typing import Any

from sklearn.callback import CallbackSupportMixin
from sklearn.pipeline import Pipeline

from skbackprop.estimators._pipelines import last_step

# Takes a score and a step, and tells whether to stop.
Report = Callable[[float, int], bool]


class FoldWatcher:
    """Scores a network after its epochs on the rows that a fold holds out.

    Parameters
    ----------
    estimator : estimator
        What is fitted: a network, or a Pipeline that ends with one. By the time of the
        first epoch the steps before it are fitted.
    X, y : array-like
        The rows held out, as ``estimator`` takes them.
    score : callable
        ``score(network, X, y)``, greater being better.
    epochs : container of int
        After which epochs to look, the first being 1.
    report : callable
        Gets score and epoch, and tells whether to stop.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        score: Callable[[Any, Any, Any], float],
        epochs: Container[int],
        report: Report,
    ) -> None:
        self._estimator, self._X, self._y = estimator, X, y
        self._score, self._epochs, self._report = score, epochs, report
        self._seen_by_network: Any = None

    def attach(self) -> bool:
        """Set the callback on the network, next to those that it has.

        Returns
        -------
        bool
            Whether the last step of the estimator takes callbacks.
        """
        network = last_step(self._estimator)
        if not isinstance(network, CallbackSupportMixin):
            return False
        network.set_callbacks(*getattr(network, "_skl_callbacks", ()), self)
        return True

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        """Score, report, and tell whether to stop.

        Parameters
        ----------
        estimator : estimator
            The network.
        context : CallbackContext
            The task that ends.
        fitted_estimator : estimator
            The network as it is now.

        Returns
        -------
        bool
            Whether training is to end here.
        """
        epoch = context.task_id + 1
        # An epoch that was cut short, as by a solver that failed, has no network.
        if context.max_subtasks != 0 or fitted_estimator is None:
            return False
        if epoch not in self._epochs:
            return False
        if self._seen_by_network is None:
            self._seen_by_network = _transformed(self._estimator, self._X)
        score = self._score(fitted_estimator, self._seen_by_network, self._y)
        return self._report(score, epoch)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Let go of the data."""
        self._seen_by_network = self._X = self._y = self._estimator = None


def _transformed(estimator: Any, X: Any) -> Any:
    """Return rows as the last step of a Pipeline sees them."""
    while isinstance(estimator, Pipeline):
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator.steps[-1][1]
    return X
