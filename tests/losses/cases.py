"""Every loss that a slot may lead to, other settings of it, and targets for each."""

import numpy as np
import pytest

from skbackprop.losses import ClassificationLoss, Focal, Huber, LogLoss, Quantile

from ..builders import every_loss, expanded

N_ROWS = 7
DTYPES = [np.float32, np.float64]
RNG = np.random.RandomState(3)


def soft(n_classes):
    """Return random distributions over the classes of each output."""
    parts = [RNG.dirichlet(np.ones(k), N_ROWS) for k in n_classes]
    return np.hstack(parts)


def indicators():
    return RNG.randint(2, size=(N_ROWS, 2)).astype(float)


def numbers(n_outputs=1):
    return RNG.normal(size=(N_ROWS, n_outputs))


def softened():
    """Return each classification loss for soft targets, and some."""
    slots = {name: cls() for name, cls in ClassificationLoss.members().items()}
    cases = {}
    for name, slot in (slots | {"smoothed": LogLoss(0.2)}).items():
        yes = RNG.uniform(size=(N_ROWS, 2))
        cases[f"soft {name} of labels"] = slot.independent().softened(), yes
        for n_classes in [(3,), (2, 3)]:
            loss = slot.exclusive(n_classes).softened()
            cases[f"soft {name} of {n_classes}"] = loss, soft(n_classes)
    return cases


MEMBERS = {
    name: (loss, expanded(target, N_ROWS))
    for name, (loss, target) in every_loss(N_ROWS).items()
}
SETTINGS = {
    "narrow huber": (Huber(0.3), numbers(2)),
    "wide huber": (Huber(np.float64(2.5)), numbers(2)),
    "high quantile": (Quantile(np.float64(0.9)), numbers(2)),
    "three quantiles": (Quantile([0.1, 0.5, 0.8]), numbers()),
    "three in order": (Quantile((0.1, 0.5, 0.8), non_crossing=True), numbers()),
    "four in order": (Quantile(np.array([0.1, 0.2, 0.5, 0.8]), True), numbers()),
    "one in order": (Quantile([0.7], non_crossing=True), numbers(2)),
    "smoothed labels": (LogLoss(np.float64(0.3)).independent(), indicators()),
    "smoothed classes": (
        LogLoss(0.1).exclusive((3,)),
        np.eye(3)[[0, 1, 2, 2, 0, 1, 0]],
    ),
    "focal 0": (Focal(0.0).independent(), indicators()),
    "focal 0.5": (Focal(np.float64(0.5)).independent(), indicators()),
    "focal 5 of classes": (Focal(5.0).exclusive((7,)), np.eye(7)),
    "focal 0.5 of classes": (Focal(0.5).exclusive((7,)), np.eye(7)),
    "one class among outputs": (
        ClassificationLoss.members()["hinge"]().exclusive((1, 2)),
        np.array([[1.0, 0.0, 1.0]] * N_ROWS),
    ),
}
CASES = {**MEMBERS, **SETTINGS, **softened()}

every_case = pytest.mark.parametrize(("loss", "target"), CASES.values(), ids=CASES)
every_type = pytest.mark.parametrize("dtype", DTYPES)


def scores(loss, target, scale=1.0, dtype=np.float64, order="C"):
    """Return random raw scores for a loss and a target."""
    shape = len(target), loss.n_scores(target.shape[1])
    raw = scale * np.random.RandomState(1).normal(size=shape)
    return np.asarray(raw, dtype, order=order)


def judged(loss, raw, target):
    """Return values and gradients at raw scores, which are left alone."""
    prediction = loss.inverse_link(raw.copy())
    gradient = loss.gradient(prediction, target, np.empty_like(raw))
    return loss.value(prediction, target), gradient
