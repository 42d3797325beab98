"""What `make demo` shows: train, compare with scikit-learn, explain, plot."""

import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

PICTURE = Path("build") / "demo_loss_curves.png"
SETTINGS = {
    "hidden_layer_sizes": (64, 32),
    "alpha": 3.0,
    "max_iter": 500,
    "random_state": 0,
}
ROUNDS = 3


def split(load):
    """Load a data set and hold a quarter of it out."""
    data = load()
    parts = train_test_split(
        data.data, data.target, stratify=data.target, random_state=0
    )
    return data, parts


def pipeline(estimator):
    """Scale the columns first: every network wants that."""
    return make_pipeline(StandardScaler(), estimator)


def timed_fit(model, X, y):
    """Fit and return the seconds it took."""
    begin = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - begin


def compare(title, parts):
    """Train both classifiers in turn; print what they reach and how fast."""
    X_train, X_test, y_train, y_test = parts
    models = {
        cls.__name__: pipeline(cls(**SETTINGS))
        for cls in (MLPClassifier, BackpropClassifier)
    }
    seconds = {name: float("inf") for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            seconds[name] = min(seconds[name], timed_fit(model, X_train, y_train))

    print(f"{title}: {len(X_train)} rows to learn from, {len(X_test)} held out")
    for name, model in models.items():
        accuracy = model.score(X_test, y_test)
        epochs = model[-1].n_iter_
        print(
            f"  {name:<19} accuracy {accuracy:.3f}   {seconds[name]:6.2f} s"
            f"   {epochs} epochs"
        )
    theirs, ours = (model[-1].coefs_ for model in models.values())
    gap = max(np.abs(a - b).max() for a, b in zip(theirs, ours, strict=True))
    slow, fast = seconds.values()
    print(f"  {slow / fast:.1f} times as fast; weights differ by at most {gap:.0e}.\n")
    return models["BackpropClassifier"]


def explain(model, data, parts, top=5):
    """Name the columns whose shuffling costs the most accuracy."""
    _, X_test, _, y_test = parts
    result = permutation_importance(model, X_test, y_test, n_repeats=10, random_state=0)
    order = result.importances_mean.argsort()[::-1][:top]
    print("What the breast cancer model looks at (accuracy lost by shuffling a column)")
    for column in order:
        mean, spread = result.importances_mean[column], result.importances_std[column]
        print(f"  {data.feature_names[column]:<24} {mean:.3f} +- {spread:.3f}")
    print()


def draw(curves):
    """Save the loss curves as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from skbackprop.inspection import LossCurveDisplay

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for title, curve in curves.items():
        LossCurveDisplay(loss_curve=curve, name=title).plot(axes, log_scale=True)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    print(f"Loss curves: {PICTURE.resolve()}")


def sketch(curves, width=60, marks=" .:-=+*#%@"):
    """Print the loss curves as a strip of characters, dark where the loss is high."""
    for title, curve in curves.items():
        chosen = [curve[i * len(curve) // width] for i in range(width)]
        highest = max(chosen)
        strip = (marks[round(loss / highest * (len(marks) - 1))] for loss in chosen)
        print(f"Loss, {title:<14} |{''.join(strip)}|")


def main():
    """Run the demonstration."""
    _, digits_parts = split(load_digits)
    digits_model = compare("Handwritten digits", digits_parts)
    cancer, cancer_parts = split(load_breast_cancer)
    cancer_model = compare("Breast cancer", cancer_parts)
    explain(cancer_model, cancer, cancer_parts)

    curves = {
        "digits": digits_model[-1].loss_curve_,
        "breast cancer": cancer_model[-1].loss_curve_,
    }
    try:
        draw(curves)
    except ImportError:
        sketch(curves)


if __name__ == "__main__":
    main()
