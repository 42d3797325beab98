"""From a fitted estimator to a pruned one."""

import copy
import warnings
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skbackprop.core.spec import resolve
from skbackprop.masking.criteria import Criterion
from skbackprop.masking.schedules import evenly, ramp
from skbackprop.masking.units import Unit
from skbackprop.pruning.sample import Fitted, Sample, check_count, check_prunable
from skbackprop.pruning.sparsity import densify

__all__ = ["prune"]

# In so many rounds a score is looked at, unless the user says otherwise.
WATCHED_ROUNDS = 10
# How often the step is halved that the score did not allow.
HALVINGS = 4


def prune(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    criterion: Any = "magnitude",
    amount: float = 0.5,
    unit: Any = "weights",
    sample_weight: Any = None,
    n_rounds: int | None = None,
    fine_tune_epochs: int = 0,
    max_score_drop: float | None = None,
    X_val: Any = None,
    y_val: Any = None,
    scoring: Any = None,
    random_state: Any = None,
) -> Any:
    """Return a copy of a fitted estimator, with its least important weights at zero.

    They stay zero: through ``partial_fit``, ``fit`` with ``warm_start=True``, copies
    and pickles. A new ``fit`` of a clone starts with all weights.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or BackpropEmbedder
        A fitted one; it is not changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features), optional
        The rows that criteria look at and that fine-tuning trains on: the training
        data, or a sample of it.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
        Their targets.
    criterion : str or Criterion, default='magnitude'
        What matters least: 'random', 'magnitude', 'magnitude_per_layer' or 'lamp', or,
        with ``X`` and ``y``, 'taylor', 'snip', 'obd' or 'obs'.
    amount : float, default=0.5
        The share of all units that is to be gone, in [0, 1). What is held at zero
        already counts.
    unit : {'weights', 'neurons', 'inputs', 'layers'} or Unit, default='weights'
        What goes at once. Layers make the network shorter; the others leave its shape
        alone, which :func:`compact` then makes smaller.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows.
    n_rounds : int, optional
        In how many rounds. By default one, 4 with 'obs', and 10 with
        ``max_score_drop``. With fine-tuning, the first rounds take most (a cubic ramp);
        without, each takes the same share of what is left.
    fine_tune_epochs : int, default=0
        After each round, up to so many epochs, or iterations, of further training,
        of which callbacks do not hear.
    max_score_drop : float, optional
        How much worse the score on validation data may get: of the round that went too
        far, only a part is done, found by halving it four times. ``amount`` is reached
        at most.
    X_val, y_val : array-like, optional
        The validation data.
    scoring : str or callable, optional
        What is scored; by default the estimator's own ``score``.
    random_state : int, RandomState instance or None, default=None
        Draws batches and what is random in criteria and fine-tuning; by default the
        estimator's.

    Returns
    -------
    BackpropClassifier, BackpropRegressor or BackpropEmbedder
        The copy, with ``masks_`` and ``intercept_masks_``: False where a weight is held
        at zero. Its hyper-parameters are those of ``estimator``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.pruning import prune
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier((20,), solver="lbfgs", random_state=0).fit(X, y)
    >>> pruned = prune(model, X, y, criterion="obs", amount=0.8)
    >>> (
    ...     sum(int(mask.sum()) for mask in pruned.masks_),
    ...     sum(c.size for c in model.coefs_),
    ... )
    (28, 140)
    """
    _check(estimator, amount, n_rounds, fine_tune_epochs)
    seed = estimator.random_state if random_state is None else random_state
    pruner = _Pruner(
        Sample(X, y, sample_weight),
        resolve(Criterion, criterion),
        resolve(Unit, unit),
        fine_tune_epochs,
        check_random_state(seed),
        estimator,
    )
    pruner.check_data()
    watch = _watch(estimator, max_score_drop, X_val, y_val, scoring)
    default = pruner.criterion.rounds if watch is None else WATCHED_ROUNDS
    model = densify(estimator)
    shares = (ramp if fine_tune_epochs else evenly)(0.0, amount, n_rounds or default)
    reached = 0.0
    for share in shares:
        further = pruner.pruned(model, share)
        if watch is not None and watch.has_dropped(further):
            return _halfway(pruner, watch, model, reached, share)
        model, reached = further, share
    return model


def _halfway(
    pruner: "_Pruner", watch: "_Watch", model: Any, good: float, bad: float
) -> Any:
    """Look for what may go between a round that was good and one that was not."""
    for _ in range(HALVINGS):
        middle = (good + bad) / 2.0
        further = pruner.pruned(model, middle)
        if watch.has_dropped(further):
            bad = middle
        else:
            model, good = further, middle
    return model


@dataclass(frozen=True)
class _Pruner:
    """One round after the other."""

    sample: Sample
    criterion: Criterion
    unit: Unit
    epochs: int
    rng: np.random.RandomState
    before: Any

    def check_data(self) -> None:
        """Refuse what needs rows, if there are none."""
        if (self.sample.X is None) != (self.sample.y is None):
            raise ValueError("X and y go together: give both or neither.")
        if not self.sample.is_empty:
            return
        if self.sample.weight is not None:
            raise ValueError("sample_weight needs X and y.")
        if self.criterion.needs_data:
            raise ValueError(f"criterion={self.criterion!r} needs X and y.")
        if self.epochs:
            raise ValueError("fine_tune_epochs > 0 needs X and y.")

    def pruned(self, model: Any, share: float) -> Any:
        """Return a pruned copy, fine-tuned."""
        model = copy.deepcopy(model)
        subject = Fitted(model, self.sample, self.before)
        self.unit.prune(subject, self.criterion, share, self.rng)
        if self.epochs:
            self._fine_tune(model)
        return model

    def _fine_tune(self, model: Any) -> None:
        settings = {
            "warm_start": True,
            "max_iter": self.epochs,
            # Another order of the rows each time.
            "random_state": self.rng.randint(2**31 - 1),
            # No more goes than is asked for here.
            "pruning": None,
        }
        own = {name: getattr(model, name) for name in settings}
        model.set_params(**settings)
        # Theirs was another fit: a checkpoint would be gone on from, say.
        callbacks = model.__dict__.pop("_skl_callbacks", ())
        weight = self.sample.weight
        weights = {} if weight is None else {"sample_weight": weight}
        with warnings.catch_warnings():
            # That so few epochs did not do is no news; that it diverged is.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("always", "Training diverged", ConvergenceWarning)
            model.fit(self.sample.X, self.sample.y, **weights)
        model.set_params(**own)
        model.set_callbacks(*callbacks)


@dataclass(frozen=True)
class _Watch:
    """A score that must not fall below a floor."""

    scorer: Any
    X: Any
    y: Any
    floor: float

    def has_dropped(self, model: Any) -> bool:
        """Tell whether a model is too bad."""
        return not self.scorer(model, self.X, self.y) >= self.floor


def _watch(
    estimator: Any, max_score_drop: Any, X: Any, y: Any, scoring: Any
) -> _Watch | None:
    if max_score_drop is None:
        if any(given is not None for given in (X, y, scoring)):
            raise ValueError(
                "X_val, y_val and scoring are looked at only with max_score_drop: "
                "say how much worse the score may get."
            )
        return None
    if not (isinstance(max_score_drop, Real) and float(max_score_drop) >= 0.0):
        raise ValueError(f"max_score_drop must be >= 0, got {max_score_drop!r}.")
    if X is None or y is None:
        raise ValueError("max_score_drop needs X_val and y_val.")
    from sklearn.metrics import check_scoring

    scorer = check_scoring(estimator, scoring=scoring)
    return _Watch(scorer, X, y, scorer(estimator, X, y) - max_score_drop)


def _check(estimator: Any, amount: Any, n_rounds: Any, epochs: Any) -> None:
    """Refuse arguments of the wrong kind."""
    check_prunable(estimator, "prune")
    if not (isinstance(amount, Real) and 0.0 <= float(amount) < 1.0):
        raise ValueError(f"amount must be in [0, 1), got {amount!r}.")
    if n_rounds is not None:
        check_count("n_rounds", n_rounds, least=1)
    check_count("fine_tune_epochs", epochs, least=0)
