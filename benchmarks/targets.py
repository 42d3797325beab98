"""What the project wants to reach; the report says where it does."""

from __future__ import annotations

# Speed over scikit-learn, (part, dtype, workload) -> at least.
SPEED = {
    ("adam", "float32"): {"a": 5.0, "b": 2.3, "c": 1.5, "d": 1.5, "e": 5.0},
    ("adam", "float64"): {"a": 3.5, "b": 1.8, "c": 1.2, "d": 1.2, "e": 3.5},
    ("lbfgs", "float32"): {"small": 2.5, "medium": 2.5},
    ("lbfgs", "float64"): {"small": 1.4, "medium": 1.4},
}

# Time as a multiple of the bare matrix products, at most.
OVER_PRODUCTS = {
    ("adam", "float32"): {"a": 3.0, "b": 1.75, "c": 1.75, "d": 1.25, "e": 3.0},
    ("adam", "float64"): {"a": 3.0, "b": 1.75, "c": 1.75, "d": 1.25, "e": 3.0},
}

# Contenders to be ahead of on every workload.
TO_BEAT = ("torch", "skorch")

# Megabytes over the data, at most. Predictions stay there in any precision; parameters,
# moments and gradients take twice the bytes in float64, where no number is asked for.
MEMORY = {
    "float32": {"fit": 10.0, "predict": 5.0},
    "float64": {"predict": 5.0},
}
