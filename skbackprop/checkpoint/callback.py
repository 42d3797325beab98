"""The callback that writes checkpoints."""

from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

from skbackprop._compat import (
    Interval,
    InvalidParameterError,
    validate_parameter_constraints,
)
from skbackprop.checkpoint.fingerprint import differences, fingerprint, key_of
from skbackprop.checkpoint.session import Session
from skbackprop.checkpoint.storage import clear_litter, read
from skbackprop.estimators._base import BaseBackprop
from skbackprop.training.keeping import Beginning, KeepingCallback

__all__ = ["Checkpoint"]

# What in a path stands for a name of the fit.
FIT = "{fit}"
CONSTRAINTS = {
    "path": [str, PathLike],
    "every": [Interval(Integral, 1, None, closed="left"), None],
    "seconds": [Interval(Real, 0, None, closed="left"), None],
    "resume": ["boolean"],
}


class Checkpoint(KeepingCallback):
    """Writes the state of a fit every so often; the same fit goes on from there.

    Run the same program once more after it was killed: the fit recalls its state, goes
    on, and ends with the parameters that it would have had otherwise, bit by bit. Once
    it has ended, running it again gives the same model at once.

    Parameters
    ----------
    path : str or path-like
        The file. With ``'{fit}'`` in it, each fit has a file of its own, named after
        all that it depends on: this is what a search or an ensemble needs.
    every : int, default=None
        Write after so many epochs.
    seconds : float, default=60.0
        Write at the end of the first epoch that ends so long after the last writing;
        None for ``every`` alone.
    resume : bool, default=True
        Whether to go on from the file if it is there. Otherwise it is overwritten.

    Notes
    -----
    The file is written beside its place and put there at once, so that it is whole at
    any time. It holds arrays and numbers and no pickles: reading it runs no code.

    It remembers the parameters of the estimator, digests of data and weights, and the
    versions of the packages. Where something has changed, ``fit`` raises a
    ``ValueError`` that says what.

    With ``random_state=None`` a fit that was cut off goes on as any other; but one that
    has ended is not recognised, since the next one is meant to be another.

    Set it on the estimator itself, inside of pipelines and searches. ``partial_fit``
    calls no callbacks: there, the loop is yours.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.checkpoint import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "iris.ckpt")
    ...     model = BackpropClassifier(8, tol=0.01, random_state=0)
    ...     _ = model.set_callbacks(Checkpoint(path, every=10)).fit(X, y)
    ...     path.exists()
    True
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        every: int | None = None,
        seconds: float | None = 60.0,
        resume: bool = True,
    ) -> None:
        self.path, self.every, self.seconds = path, every, seconds
        self.resume = resume
        validate_parameter_constraints(CONSTRAINTS, vars(self), "Checkpoint")
        if every is None and seconds is None:
            raise InvalidParameterError(
                "every and seconds are both None, so that nothing would be written: "
                "give one of them."
            )

    def __repr__(self) -> str:
        """Return what was given."""
        return (
            f"Checkpoint({str(self.path)!r}, every={self.every}, "
            f"seconds={self.seconds}, resume={self.resume})"
        )

    def keeper(self, beginning: Beginning) -> Session:
        """Return what follows one fit; read what it has left, if it was cut off."""
        prints = fingerprint(beginning)
        path = Path(str(self.path).replace(FIT, key_of(prints)))
        if path.is_dir():
            raise ValueError(f"{str(path)!r} is a folder: give the path of a file.")
        clear_litter(path)
        earlier = self._earlier(path, prints) if self.resume else None
        # Without a seed, the next fit is to be another one than the last.
        unseeded = beginning.estimator.random_state is None
        if earlier is not None and unseeded and earlier["solution"] is not None:
            earlier = None
        return Session(self, path, prints, beginning, earlier)

    def _earlier(self, path: Path, prints: dict[str, str]) -> dict[str, Any] | None:
        """Return what the same fit has left; refuse what another one has."""
        if not path.exists():
            return None
        earlier: dict[str, Any] = read(path)
        what = differences(earlier["fingerprint"], prints)
        if what:
            raise ValueError(
                f"{str(path)!r} is the checkpoint of another fit: {what}. Delete it, "
                "or give another path; resume=False begins anew and overwrites it. "
                f"For several fits put {FIT!r} into the path: each then has a file of "
                "its own."
            )
        return earlier

    # -------------------------------------------------- what scikit-learn calls itself

    def setup(self, estimator: Any, context: Any) -> None:
        """Refuse an estimator that is none of this package."""
        if not isinstance(estimator, BaseBackprop):
            raise TypeError(
                f"Checkpoint cannot follow {type(estimator).__name__}: set it on the "
                "Backprop estimator inside, before that is put into a pipeline or "
                "search, with model.set_callbacks(Checkpoint(...))."
            )

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: the fit itself says when an epoch begins."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""
