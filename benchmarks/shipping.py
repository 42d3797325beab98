"""How large and how fast a trained network is in each form that it is shipped in.

``python -m benchmarks.shipping [--repeats 25] [--write]``

Digits, two hidden layers of 100, float32. Sizes are those of files in memory; times are
of one thread, the fastest of several repeats, in which the forms take turns.
"""

from __future__ import annotations

import argparse
import io
import pickle
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from benchmarks.machine import describe
from skbackprop import BackpropClassifier
from skbackprop.export import to_onnx, to_torch
from skbackprop.pruning import compact, prune

RESULTS = Path(__file__).with_name("shipping.md")
Predict = Callable[[np.ndarray], object]


def compressed(model: object) -> bytes:
    """What joblib writes of a model."""
    file = io.BytesIO()
    joblib.dump(model, file, compress=3)
    return file.getvalue()


def with_onnx(model: BackpropClassifier, X: np.ndarray) -> tuple[bytes, Predict]:
    """The model in ONNX, and how onnxruntime runs it."""
    import onnxruntime

    content = to_onnx(model, X[:1], options={"zipmap": False}).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options)
    return content, lambda rows: session.run(None, {"X": rows})


def with_torch(model: BackpropClassifier) -> tuple[bytes, Predict]:
    """The model's parameters in PyTorch, and how that runs it."""
    import torch

    torch.set_num_threads(1)
    module, file = to_torch(model), io.BytesIO()
    torch.save(module.state_dict(), file)

    def predict(rows: np.ndarray) -> object:
        with torch.inference_mode():
            return module(torch.from_numpy(rows))

    return file.getvalue(), predict


def forms(X: np.ndarray, y: np.ndarray) -> Iterator[tuple[str, bytes, Predict | None]]:
    """Yield each form: its name, its file, and what predicts with it."""
    model = BackpropClassifier(
        (100, 100), max_iter=30, random_state=0, scaling="standard"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    yield "pickle", pickle.dumps(model), model.predict_proba
    yield "joblib, compress=3", compressed(model), None
    if find_spec("skops"):
        from skops import io as skops_io

        yield "skops", skops_io.dumps(model), None
    yield "ONNX", *with_onnx(model, X)
    small = compact(prune(model, unit="neurons", amount=0.5))
    yield "half of the units, pickle", pickle.dumps(small), small.predict_proba
    yield "half of the units, ONNX", *with_onnx(small, X)
    if find_spec("torch"):
        yield "PyTorch", *with_torch(model)


def seconds(predict: Predict, X: np.ndarray, calls: int) -> float:
    """Seconds a call."""
    begin = time.perf_counter()
    for _ in range(calls):
        predict(X)
    return (time.perf_counter() - begin) / calls


def measure(repeats: int) -> str:
    """Return the table."""
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    found = list(forms(X, y))
    timed = [(name, predict) for name, _, predict in found if predict is not None]
    best = {name: [np.inf, np.inf] for name, _ in timed}
    for _ in range(repeats):
        for name, predict in timed:
            one, all_rows = seconds(predict, X[:1], 200), seconds(predict, X, 5)
            best[name] = [min(best[name][0], one), min(best[name][1], all_rows)]
    lines = [
        "| | file, kB | one row, us | 1,797 rows, ms |",
        "| --- | --- | --- | --- |",
    ]
    for name, content, _ in found:
        one, every = best.get(name, (None, None))
        times = "| | |" if one is None else f"| {one * 1e6:.0f} | {every * 1e3:.2f} |"
        lines.append(f"| {name} | {len(content) / 1000:.0f} {times}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    arguments = parser.parse_args()
    machine = describe()
    with threadpool_limits(1):
        table = measure(arguments.repeats)
    about = f"{machine['cpu']}, one thread, load {machine['load']}, float32."
    text = f"# Forms of a trained network\n\n{about}\n\n{table}\n"
    print(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
