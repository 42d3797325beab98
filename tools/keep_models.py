"""Keep small fitted models of this release, which later ones have to be able to load.

    python tools/keep_models.py

writes ``tests/data/<release>``: models as joblib writes them, what they answer for some
rows, and the versions of what they were made with. Until a release is out its files are
made anew whenever the format changes; from then on they stay as they are, whatever the
versions of NumPy and scikit-learn, and ``tests/estimators/test_persistence.py`` loads
those of every release.
"""

import copy
import json
import platform
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.exceptions import ConvergenceWarning

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import skbackprop  # noqa: E402 # from this checkout, wherever it is run
from skbackprop import (  # noqa: E402
    BackpropClassifier,
    BackpropEmbedder,
    BackpropRegressor,
)
from skbackprop.estimators._persistence import FORMAT  # noqa: E402
from skbackprop.pruning import compact, prune, sparsify  # noqa: E402

METHODS = ("predict", "predict_proba", "decision_function", "transform")
SMALL = {"random_state": 0, "max_iter": 10, "learning_rate_init": 0.02}


def rows():
    """Return inputs of four features, each with a place and a scale of its own."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 4)) * [1.0, 100.0, 0.01, 1.0] + [0.0, 500.0, 0.0, 3.0]


def models(X):
    """Return a model of each kind, with what a state can hold."""
    signal = X[:, 0] + (X[:, 1] - 500.0) / 100.0
    three = np.digitize(signal, [-0.7, 0.7])
    names = np.array(["ant", "bee", "cat"])[three]
    pruned = BackpropClassifier((6, 4), scaling="standard", normalization="batch")
    stream = BackpropRegressor(
        hidden_layer_sizes=(5,), scaling="standard", averaging="ema", activation="prelu"
    )
    for model in (pruned, stream):
        model.set_params(**SMALL)
    for _ in range(5):
        stream.partial_fit(X, 100.0 + 10.0 * signal)
    small = BackpropClassifier((4,), **SMALL, early_stopping=True, gradient_health=True)
    two_outputs = np.column_stack([three, X[:, 3] > 3.0])
    counts = np.column_stack([three, 2 * three]).astype(np.float32)
    regressor = BackpropRegressor("poisson", (4,), "gelu", scaling="standard", **SMALL)
    embedder = BackpropEmbedder(2, (5,), normalize=True, scaling="standard", **SMALL)
    pruned = prune(pruned.fit(X, names), amount=0.4)
    kept_inputs, compacted = compacted_pipeline(pruned)
    return {
        "pruned_classifier": pruned,
        "kept_inputs": kept_inputs,
        "compacted_classifier": compacted,
        "sparse_classifier": sparse_classifier(X, three),
        "two_outputs_classifier": small.fit(X, two_outputs),
        "streaming_regressor": stream,
        "float32_regressor": regressor.fit(X.astype(np.float32), counts),
        "embedder": embedder.fit(X, names),
    }


def sparse_classifier(X, labels):
    """Return one of sparse labels, whose weights are stored without their zeros."""
    indicators = csr_array(np.eye(3, dtype=int)[labels])
    model = BackpropClassifier((4,), solver="lbfgs", warm_start=True, random_state=0)
    return sparsify(prune(model.fit(X, indicators), amount=0.9))


def compacted_pipeline(pruned):
    """Return a smaller network, which sees three features, after what chooses them.

    Each step has a file: scikit-learn promises nothing about those of its pipelines.
    """
    blind = copy.deepcopy(pruned)
    blind.coefs_[0][1] = 0.0
    return compact(blind, drop_inputs=True)


def shown(model, X):
    """Return rows as a model takes them: its features, in the type of its weights."""
    seen = X[:, : model.n_features_in_]
    return seen.astype(vars(model).get("coefs_", [X])[0].dtype)


def answers(model, X):
    """Return all that a model says about some rows, by method."""
    found = {"X": X}
    for name in METHODS:
        method = getattr(model, name, None)
        if method is not None:
            answer = method(X)
            several = answer if isinstance(answer, list) else [dense(answer)]
            found |= {f"{name}-{i}": array for i, array in enumerate(several)}
    return found


def dense(array):
    """Return a matrix of labels as an array, which it may be already."""
    return array.toarray() if issparse(array) else array


def main():
    """Write the files."""
    release = skbackprop.__version__.partition(".dev")[0]
    folder = ROOT / "tests" / "data" / release
    folder.mkdir(parents=True, exist_ok=True)
    X = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = models(X)
    said = {}
    for name, model in fitted.items():
        joblib.dump(model, folder / f"{name}.joblib")
        found = answers(model, shown(model, X))
        said |= {f"{name}-{key}": array for key, array in found.items()}
    np.savez_compressed(folder / "answers.npz", **said)
    made_with = {"python": platform.python_version(), "format": FORMAT}
    made_with |= {name: version(name) for name in ("numpy", "scipy", "scikit-learn")}
    (folder / "made_with.json").write_text(json.dumps(made_with, indent=2) + "\n")
    for path in sorted(folder.iterdir()):
        print(f"{path.stat().st_size:7d}  {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
