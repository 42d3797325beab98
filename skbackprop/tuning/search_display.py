"""What a search has tried, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop._plotting import axes_of, scatter_style, style
from skbackprop.tuning.search import BackpropSearchCV
from skbackprop.tuning.trials import COMPLETE

__all__ = ["SearchDisplay", "TrialCourse"]

LINE = "lines.Line2D"
ENDED, STOPPED = "trained to the end", "stopped"


@dataclass(frozen=True)
class TrialCourse:
    """A trial of a search, as it is drawn.

    Parameters
    ----------
    params : dict
        What it drew.
    score : float
        Its mean test score; the last one that was known if it was stopped, NaN if none.
    ended : bool
        Whether it was trained to the end.
    steps : sequence of int
        The epochs, over all its folds, at which it was scored.
    scores : sequence of float
        The mean scores over the finished folds and the present one, at these.
    """

    params: Mapping[str, Any]
    score: float
    ended: bool
    steps: Sequence[int] = ()
    scores: Sequence[float] = ()


class SearchDisplay:
    """The trials of a search, those that were stopped marked; needs matplotlib.

    What each trial scored from epoch to epoch; or, if ``params`` names some, the scores
    against one parameter, or over the plane of two. Make it with
    :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    trials : sequence of TrialCourse
        The trials.
    log_params : collection of str, default=()
        The parameters that are drawn on logarithmic axes.
    score_name : str, default='score'
        What the scores are.
    course_name : str, default=None
        What those from epoch to epoch are, if others: a search that stops trials by
        what early stopping looks at has no other scores of stopped ones.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        One for each trial, where epochs are drawn.
    points_ : matplotlib.collections.PathCollection or None
        The trials that were trained to the end, where parameters are drawn.
    stopped_points_ : matplotlib.collections.PathCollection or None
        Those that were stopped.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The scale of the scores over the plane of two parameters.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.tuning import BackpropSearchCV, SearchDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier(learning_rate="cosine", max_iter=9, random_state=0)
    >>> search = BackpropSearchCV(model, "small", n_trials=4, cv=2, random_state=0)
    >>> display = SearchDisplay.from_estimator(search.fit(X, y))
    >>> len(display.lines_)
    4
    >>> display.plot(params="learning_rate_init").ax_.get_xscale()
    'log'
    """

    def __init__(
        self,
        *,
        trials: Sequence[TrialCourse],
        log_params: Sequence[str] = (),
        score_name: str = "score",
        course_name: str | None = None,
    ) -> None:
        self.trials, self.log_params = trials, log_params
        self.score_name, self.course_name = score_name, course_name

    def plot(
        self,
        ax: Any = None,
        *,
        params: str | Sequence[str] | None = None,
        log_scale: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        stopped_kwargs: Mapping[str, Any] | None = None,
    ) -> "SearchDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        params : str or list of one or two str, default=None
            Parameters of ``cv_results_``; what is before the last ``__`` may be left
            out. If None, scores are drawn against epochs.
        log_scale : bool, default=False
            Whether scores are on a logarithmic axis or scale.
        curve_kwargs, scatter_kwargs : dict, default=None
            Properties of lines and points.
        stopped_kwargs : dict, default=None
            Further ones of those that were stopped.

        Returns
        -------
        SearchDisplay
            Itself.
        """
        given = [] if params is None else params
        wanted = [*given] if isinstance(given, list | tuple) else [given]
        if len(wanted) > 2:
            raise ValueError(f"params must be one or two names, got {params}.")
        named = [self._found(name) for name in wanted]
        self.lines_: list[Any] = []
        self.points_ = self.stopped_points_ = self.colorbar_ = None
        if not named and not any(len(trial.steps) for trial in self.trials):
            raise ValueError(
                "No trial was scored at its epochs: name parameters as params."
            )
        if log_scale:
            self._check_positive(bool(named))
        self.ax_ = axes_of("SearchDisplay", ax)
        self.figure_ = self.ax_.figure
        if named:
            self._plot_params(named, log_scale, scatter_kwargs, stopped_kwargs)
        else:
            self._plot_courses(log_scale, curve_kwargs, stopped_kwargs)
        return self

    def _check_positive(self, by_params: bool) -> None:
        """Refuse scores of which a logarithmic axis would show none."""
        drawn = [[t.score] if by_params else t.scores for t in self.trials]
        if not any(score > 0 for scores in drawn for score in scores):
            raise ValueError(
                "log_scale=True needs scores above 0. negate_score=True makes them of "
                "errors such as 'neg_log_loss'."
            )

    def _found(self, name: Any) -> str:
        """Return the full name of a parameter."""
        known = list(dict.fromkeys(n for trial in self.trials for n in trial.params))
        found = [n for n in known if n == name] or [
            n for n in known if n.rpartition("__")[2] == name
        ]
        if len(found) != 1:
            raise ValueError(f"params must be among {known}, got {name!r}.")
        return found[0]

    def _plot_courses(
        self,
        log_scale: bool,
        curve_kwargs: Mapping[str, Any] | None,
        stopped_kwargs: Mapping[str, Any] | None,
    ) -> None:
        labels = set()
        for trial in self.trials:
            label = ENDED if trial.ended else STOPPED
            # One line of each kind is named.
            named = f"_{label}" if label in labels else label
            labels.add(label)
            dots = {"label": named, "marker": "o", "markersize": 3}
            defaults = dots | _look(trial.ended)
            own = style(LINE, defaults, curve_kwargs)
            options = own if trial.ended else style(LINE, own, stopped_kwargs)
            self.lines_ += self.ax_.plot(trial.steps, trial.scores, **options)
        self.ax_.set(
            xlabel="epochs over all folds", ylabel=self.course_name or self.score_name
        )
        if log_scale:
            self.ax_.set_yscale("log")
        self.ax_.legend()

    def _plot_params(
        self,
        named: list[str],
        log_scale: bool,
        scatter_kwargs: Mapping[str, Any] | None,
        stopped_kwargs: Mapping[str, Any] | None,
    ) -> None:
        tried = [t for t in self.trials if all(name in t.params for name in named)]
        ended = np.array([trial.ended for trial in tried], dtype=bool)
        scores = np.array([trial.score for trial in tried], dtype=float)
        places = [_values([trial.params[name] for trial in tried]) for name in named]
        colors = {"c": scores[ended]} if len(named) == 2 else {"color": "C0"}
        if len(named) == 2 and log_scale:
            colors["norm"] = "log"
        if len(named) == 1:
            places.append(scores)
        # Along names matplotlib fails to draw what has no score, instead of leaving it.
        stopped = ~ended & ((len(named) == 2) | ~np.isnan(scores))
        label = STOPPED if stopped.any() else f"_{STOPPED}"
        crosses = {"marker": "x", "color": "0.6", "label": label}
        options = scatter_style(crosses, stopped_kwargs)
        across, up = places
        self._set_axes(named, log_scale)
        self.stopped_points_ = self.ax_.scatter(across[stopped], up[stopped], **options)
        defaults = {"s": 60, "edgecolor": "k", "linewidth": 0.5, "label": ENDED}
        options = scatter_style(defaults | colors, scatter_kwargs)
        self.points_ = self.ax_.scatter(across[ended], up[ended], **options)
        if len(named) == 2:
            self.colorbar_ = self.figure_.colorbar(
                self.points_, ax=self.ax_, label=self.score_name
            )
        self.ax_.legend()

    def _set_axes(self, named: list[str], log_scale: bool) -> None:
        labels = [name.rpartition("__")[2] for name in named]
        scales = ["log" if name in self.log_params else "linear" for name in named]
        if len(named) == 1:
            labels.append(self.score_name)
            scales.append("log" if log_scale else "linear")
        for axis, label, scale in zip("xy", labels, scales, strict=True):
            self.ax_.set(**{f"{axis}label": label})
            if scale == "log":
                self.ax_.set(**{f"{axis}scale": scale})

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        params: str | Sequence[str] | None = None,
        negate_score: bool = False,
        score_name: str | None = None,
        ax: Any = None,
        log_scale: bool = False,
        curve_kwargs: Mapping[str, Any] | None = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        stopped_kwargs: Mapping[str, Any] | None = None,
    ) -> "SearchDisplay":
        """Draw the trials of a search.

        Parameters
        ----------
        search : BackpropSearchCV
            A fitted one.
        params : str or list of one or two str, default=None
            As for :meth:`plot`.
        negate_score : bool, default=False
            Whether scores are multiplied by -1: errors have names such as
            ``"neg_log_loss"``.
        score_name : str, default=None
            What the scores are; by default what ``scoring`` says.
        ax : matplotlib.axes.Axes, default=None
            Where; a new figure if None.
        log_scale, curve_kwargs, scatter_kwargs, stopped_kwargs
            As for :meth:`plot`.

        Returns
        -------
        SearchDisplay
            With ``ax_`` and ``figure_``.
        """
        if not isinstance(search, BackpropSearchCV):
            raise TypeError(
                "SearchDisplay takes a BackpropSearchCV, which keeps a study, got "
                f"{type(search).__name__}."
            )
        check_is_fitted(search, "study_")
        sign = -1.0 if negate_score else 1.0
        name = _score_name(search, negate_score) if score_name is None else score_name
        in_study = {trial.number: trial for trial in search.study_.trials}
        numbers = search.cv_results_["trial"]
        logs = [
            param
            for number in numbers
            for param, drawn in in_study[number].distributions.items()
            if getattr(drawn, "log", False)
        ]
        display = cls(
            trials=_trials(search, in_study, sign),
            log_params=[*dict.fromkeys(logs)],
            score_name=name,
            course_name=None if search.prune_on_ == "test" else "validation score",
        )
        return display.plot(
            ax,
            params=params,
            log_scale=log_scale,
            curve_kwargs=curve_kwargs,
            scatter_kwargs=scatter_kwargs,
            stopped_kwargs=stopped_kwargs,
        )


def _trials(search: Any, in_study: Mapping[int, Any], sign: float) -> list[TrialCourse]:
    results, trials = search.cv_results_, []
    # Scores of early stopping are not those that the search compares.
    by_test = search.prune_on_ == "test"
    sign_of_course = sign if by_test else 1.0
    for row, number in enumerate(results["trial"]):
        known = in_study[number]
        reported = known.intermediate_values
        ended = bool(results["status"][row] == COMPLETE)
        last = results["last_score"][row] if ended or by_test else np.nan
        steps = sorted(reported)
        trials.append(
            TrialCourse(
                params=results["params"][row],
                score=sign * float(last),
                ended=ended,
                steps=steps,
                scores=[sign_of_course * reported[step] for step in steps],
            )
        )
    return trials


def _score_name(search: Any, negate_score: bool) -> str:
    """Return what ``scoring`` says, without the sign where that is turned."""
    name = search.scoring if isinstance(search.scoring, str) else "score"
    if search.multimetric_:
        # Trials are compared by the first, unless refit names another.
        mean = "mean_test_"
        first = next(each for each in search.cv_results_ if each.startswith(mean))
        name = search.refit if isinstance(search.refit, str) else first[len(mean) :]
    sign = "neg_" if negate_score else ""
    return name.removeprefix(sign).replace("_", " ")


def _look(ended: bool) -> dict[str, Any]:
    """Return how lines look: those that were stopped stand back."""
    if ended:
        return {"color": "C0", "alpha": 0.9, "zorder": 2.1}
    return {"color": "0.6", "alpha": 0.6, "zorder": 2.0}


def _values(drawn: Sequence[Any]) -> np.ndarray:
    """Return numbers as such, and anything else by its name."""
    try:
        return np.array([float(each) for each in drawn])
    except (TypeError, ValueError):
        return np.array([str(each) for each in drawn])
