"""Functions of one number to search along, each with its slope."""

import numpy as np

DOWN = np.array([1.0])

CURVES = {
    "parabola": (lambda x: (x - 1) ** 2, lambda x: 2 * (x - 1)),
    "steep": (lambda x: 1e4 * (x - 1e-3) ** 2, lambda x: 2e4 * (x - 1e-3)),
    "far": (lambda x: (x / 1e3 - 1) ** 2, lambda x: 2e-3 * (x / 1e3 - 1)),
    "wall": (
        lambda x: -np.log(1 - x) - 5 * x if x < 1 else np.nan,
        lambda x: 1 / (1 - x) - 5 if x < 1 else np.nan,
    ),
    "waves": (
        lambda x: np.cos(7 * x) - x + 0.1 * x**2,
        lambda x: -7 * np.sin(7 * x) - 1 + 0.2 * x,
    ),
}
