"""Searches on equal epochs: Hyperband, random search and plain TPE.

    python -m benchmarks.tuning --write     # tuning.md, a quarter of an hour
    python -m benchmarks.tuning --quick     # one seed, few epochs: a minute

A search pays for every epoch that it trains, of stopped trials too. Each of them gets
the same number; what counts is the best trial that ended within it. The score
is the mean over three folds of the rows that the search sees (log loss, or R2), and
that of the best parameters, fitted to all of these, on rows that it never sees. The
networks of the first tables train without early stopping, so that trials are stopped
by the rows that each fold holds out; those of the last have it, and are stopped by
these rows or by its validation losses.
"""

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.tuning import BackpropSearchCV

EPOCHS, FOLDS = 60, 3
WHOLE = EPOCHS * FOLDS
ARMS = {
    "random": {"sampler": "random", "pruner": "none"},
    "tpe": {"sampler": "tpe", "pruner": "none"},
    "tpe + median": {"sampler": "tpe", "pruner": "median"},
    "random + hyperband": {"sampler": "random", "pruner": "hyperband"},
    "tpe + hyperband": {"sampler": "tpe", "pruner": "hyperband"},
}
EARLY = {"early_stopping": True, "scoring": "loss"}
SOURCES = {
    "nothing": {"sampler": "tpe", "pruner": "none"},
    "rows held out": {"sampler": "tpe", "pruner": "hyperband", "prune_on": "test"},
    "validation losses": {
        "sampler": "tpe",
        "pruner": "hyperband",
        "prune_on": "validation",
    },
}
SETTINGS = {
    **{arm: ({}, how) for arm, how in ARMS.items()},
    **{source: (EARLY, how) for source, how in SOURCES.items()},
}
DATA = {
    "digits": (load_digits, BackpropClassifier, "neg_log_loss", 400),
    "breast cancer": (load_breast_cancer, BackpropClassifier, "neg_log_loss", None),
    "diabetes": (load_diabetes, BackpropRegressor, "r2", None),
}
# For the last tables only: with more rows, validation losses say more.
LARGER = {"all digits": (load_digits, BackpropClassifier, "neg_log_loss", None)}
SEARCHES = [(name, arm) for name in DATA for arm in SETTINGS]
SEARCHES += [(name, source) for name in LARGER for source in SOURCES]


@dataclass(frozen=True)
class Found:
    """What a search found within its epochs."""

    inside: float
    outside: float
    trials: int
    complete: int


def problem(name, seed):
    """Rows to search on, rows to judge on, and what is searched."""
    load, kind, scoring, n_rows = {**DATA, **LARGER}[name]
    X, y = load(return_X_y=True)
    strata = y if kind is BackpropClassifier else None
    if n_rows is not None:
        X, _, y, _ = train_test_split(
            X, y, train_size=n_rows, stratify=strata, random_state=0
        )
        strata = y
    parts = train_test_split(X, y, test_size=0.3, stratify=strata, random_state=seed)
    network = kind(max_iter=EPOCHS, random_state=seed)
    splitter = KFold if strata is None else StratifiedKFold
    folds = splitter(FOLDS, shuffle=True, random_state=seed)
    return parts, make_pipeline(StandardScaler(), network), scoring, folds


def search(name, arm, seed, budget):
    """Search until the epochs are spent."""
    (X, X_test, y, y_test), model, scoring, folds = problem(name, seed)
    of_network, of_search = SETTINGS[arm]
    model[-1].set_params(**of_network)
    if name == "diabetes":
        y_mean, y_std = y.mean(), y.std()
        y, y_test = (y - y_mean) / y_std, (y_test - y_mean) / y_std
    storage = memory()
    n_trials = budget // WHOLE
    while True:
        found = BackpropSearchCV(
            model,
            "standard",
            cv=folds,
            scoring=scoring,
            n_trials=n_trials,
            storage=storage,
            random_state=seed,
            refit=False,
            **of_search,
        ).fit(X, y)
        spent = np.cumsum(found.cv_results_["n_epochs"])
        if spent[-1] >= budget:
            break
        n_trials += max(1, int((budget - spent[-1]) / WHOLE))
    within = spent <= budget
    scores = np.where(within, found.cv_results_["mean_test_score"], np.nan)
    best = clone(model).set_params(**found.cv_results_["params"][np.nanargmax(scores)])
    outside = get_scorer(scoring)(best.fit(X, y), X_test, y_test)
    complete = int(np.isfinite(scores).sum())
    return Found(float(np.nanmax(scores)), float(outside), int(within.sum()), complete)


def memory():
    """Somewhere to go on from."""
    import optuna

    return optuna.storages.InMemoryStorage()


def table(results, budget, seeds):
    """The Markdown of all results."""
    lines = [
        "# Searches on equal epochs",
        "",
        f"`python -m benchmarks.tuning`; {len(seeds)} seeds; {budget} epochs for each "
        f"search, of which a trial that is not stopped takes up to {WHOLE}: "
        f"`max_iter={EPOCHS}`, {FOLDS} folds. The space is 'standard'. Scores are "
        "means over the seeds, ± their standard deviation; rank is the mean rank of an "
        "arm by the score inside, 1 being best; 'ended' are trials that nothing "
        "stopped.",
    ]
    for name in DATA:
        lines += ["", f"## {name} ({DATA[name][2]})", "", *rows(results, name, ARMS)]
    lines += [
        "",
        "## With early stopping, by what trials are stopped",
        "",
        "TPE, and Hyperband but in the first rows; networks with "
        "`early_stopping=True, scoring='loss'`. Epochs that early stopping saves are "
        "spent on more trials. 'digits' are 400 rows of 'all digits'.",
    ]
    for name, (_, _, scoring, _) in {**DATA, **LARGER}.items():
        lines += ["", f"{name} ({scoring}):", "", *rows(results, name, SOURCES)]
    return "\n".join(lines) + "\n"


def rows(results, name, arms):
    """A table of arms on one data set."""
    found = {arm: results[name, arm] for arm in arms}
    inside = np.array([[each.inside for each in row] for row in found.values()])
    ranks = 1 + (inside[:, None] < inside[None]).sum(axis=1)
    yield "| arm | inside | on rows unseen | rank | trials | ended |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for (arm, row), rank in zip(found.items(), ranks, strict=True):
        cells = [spread([each.inside for each in row])]
        cells += [spread([each.outside for each in row]), f"{rank.mean():.1f}"]
        cells += [f"{np.mean([each.trials for each in row]):.0f}"]
        cells += [f"{np.mean([each.complete for each in row]):.0f}"]
        yield f"| {arm} | {' | '.join(cells)} |"


def spread(values):
    return f"{np.mean(values):.4f} ± {np.std(values):.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, few epochs")
    parser.add_argument("--seeds", type=int, default=4, help="how many")
    parser.add_argument("--write", action="store_true", help="write tuning.md")
    given = parser.parse_args()
    seeds, budget = range(given.seeds), 16 * WHOLE
    if given.quick:
        seeds, budget = range(1), 4 * WHOLE
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = {each: [] for each in SEARCHES}
    # A seed at a time, so that what is done is comparable whenever it is stopped.
    for seed in seeds:
        for name, arm in results:
            results[name, arm].append(search(name, arm, seed, budget))
            print(seed, name, arm, results[name, arm][-1], flush=True)
    text = table(results, budget, seeds)
    print(text)
    if given.write:
        Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
