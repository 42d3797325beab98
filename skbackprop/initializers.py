"""Where training starts from."""

import numpy as np

from skbackprop.core.layout import Layout


def glorot_uniform(
    layout: Layout, factors: list[float], rng: np.random.RandomState, dtype: np.dtype
) -> np.ndarray:
    """Draw weights and biases uniformly within Glorot and Bengio's bound.

    The draws come layer by layer, weights before biases, in float64: with the same
    random state they are scikit-learn's, in every dtype.

    Parameters
    ----------
    layout : Layout
        The plan of the vector.
    factors : list of float
        For each layer, the number in the bound ``sqrt(factor / (fan_in + fan_out))``.
    rng : RandomState
        The source of randomness.
    dtype : dtype
        The type of the vector.

    Returns
    -------
    ndarray of shape (layout.size,)
        The parameters.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
    """
    theta = np.empty(layout.size, dtype)
    for group, views, factor in zip(
        layout.params, layout.views(theta), factors, strict=True
    ):
        for param, view in zip(group, views, strict=True):
            bound = np.sqrt(factor / sum(param.fan))
            view[...] = rng.uniform(-bound, bound, param.shape)
    return theta
