"""
Ship a pipeline as ONNX
=======================

Fit, prune, compact, convert: what is left is a file of a few kilobytes that predicts in
microseconds and needs no Python.
"""

# %%
# A pipeline
# ----------
# ``float32`` from the start, so that the graph computes as the estimator does.
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skbackprop import BackpropClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.astype(np.float32), y, stratify=y, random_state=0
)
network = BackpropClassifier(
    (100, 50), learning_rate_init=0.005, tol=1e-3, random_state=0
)
pipeline = make_pipeline(MinMaxScaler(), network).fit(X_train, y_train)
print(f"accuracy: {pipeline.score(X_test, y_test):.3f}")

# %%
# A smaller one
# -------------
# Half of the hidden units go, and the rest learns to do without.
from skbackprop.pruning import compact, prune

scaler, network = pipeline
pruned = prune(
    network,
    scaler.transform(X_train),
    y_train,
    criterion="taylor",
    unit="neurons",
    amount=0.5,
    fine_tune_epochs=10,
)
small = make_pipeline(scaler, compact(pruned))
print(f"hidden layers: {small[-1].hidden_layer_sizes}")
print(f"accuracy: {small.score(X_test, y_test):.3f}")

# %%
# One graph for the whole pipeline
# --------------------------------
import onnxruntime

from skbackprop.export import to_onnx


def session_of(model):
    """Convert a model; return a session of onnxruntime and the size of the file."""
    graph = to_onnx(model, X_train[:1], options={"zipmap": False})
    content = graph.SerializeToString()
    return onnxruntime.InferenceSession(content), len(content)


sessions = {"all units": session_of(pipeline), "half of them": session_of(small)}
for name, (session, n_bytes) in sessions.items():
    labels, probabilities = session.run(None, {"X": X_test})
    accuracy = np.mean(labels == y_test)
    print(f"{name}: {n_bytes / 1000:.1f} kB, accuracy {accuracy:.3f}")

# %%
# The last one says what the pipeline says, to rounding.
difference = np.abs(probabilities - small.predict_proba(X_test)).max()
print(f"largest difference of a probability: {difference:.1e}")

# %%
# Which digits it takes for which, by what the graph answers:
from matplotlib import pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

figure, axis = plt.subplots(figsize=(5, 4), layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, labels, cmap="Blues", ax=axis)
plt.show()

# %%
# How fast it answers
# -------------------
# A request at a time, most of what an estimator does is to look at its input.


def microseconds(predict, n_rows):
    """Return the time of a call with some rows, the fastest of twenty."""
    rows, times = X_test[:n_rows], []
    for _ in range(20):
        begin = time.perf_counter()
        predict(rows)
        times.append(time.perf_counter() - begin)
    return 1e6 * min(times)


counts = [1, 4, 16, 64, 256]
onnx = sessions["half of them"][0]
ways = {
    "pipeline": small.predict_proba,
    "network alone": small[-1].predict_proba,
    "ONNX": lambda rows: onnx.run(None, {"X": rows}),
}
print("microseconds, rows: " + " ".join(f"{n:>6}" for n in counts))
for name, predict in ways.items():
    taken = [microseconds(predict, n_rows) for n_rows in counts]
    print(f"{name:<19} " + " ".join(f"{each:>6.0f}" for each in taken))
