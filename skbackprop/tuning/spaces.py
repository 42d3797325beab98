"""Search spaces: which parameters are drawn, and what from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from sklearn.base import is_classifier

from skbackprop.core.spec import Spec
from skbackprop.losses import LogLoss
from skbackprop.tuning.choices import Choice
from skbackprop.tuning.dimensions import Float, Integer, Widths

__all__ = ["Small", "Space", "Standard", "Wide"]


class Space(Spec, ABC, family=True):
    """Parameters of a network and what they are drawn from.

    Examples
    --------
    >>> from skbackprop.tuning import Float, Space
    >>> class Rates(Space, name="rates"):
    ...     def parameters(self, network):
    ...         return {"learning_rate_init": Float(1e-4, 1e-1, log=True)}
    """

    @abstractmethod
    def parameters(self, network: Any) -> Mapping[str, Any]:
        """Return what each parameter is drawn from.

        Parameters
        ----------
        network : BackpropClassifier, BackpropRegressor or BackpropEmbedder
            Whose parameters.

        Returns
        -------
        dict of str to Dimension
            By name.
        """


class Small(Space, name="small"):
    """The three that matter most: width, learning rate, and strength of the penalty."""

    def parameters(self, network: Any) -> Mapping[str, Any]:
        """Return what each parameter is drawn from."""
        return {
            "hidden_layer_sizes": Integer(8, 256, log=True),
            "learning_rate_init": Float(1e-4, 1e-1, log=True),
            "alpha": Float(1e-6, 1e-1, log=True),
        }


class Standard(Space, name="standard"):
    """Those of :class:`Small`, depth, activation, batches, dropout and a schedule."""

    def parameters(self, network: Any) -> Mapping[str, Any]:
        """Return what each parameter is drawn from."""
        return {
            **Small().parameters(network),
            "n_hidden_layers": Integer(1, 3),
            "activation": Choice(["relu", "tanh", "silu"]),
            "batch_size": Choice([32, 64, "auto"]),
            "dropout": Float(0.0, 0.5),
            "learning_rate": Choice(["constant", "cosine"]),
        }


class Wide(Space, name="wide"):
    """A width for each layer, many members of most slots, and what each solver needs.

    Normalization, dropout and the learning rate are drawn for step-wise solvers only,
    each with settings of its own.
    """

    def parameters(self, network: Any) -> Mapping[str, Any]:
        """Return what each parameter is drawn from."""
        steps = {
            "learning_rate_init": Float(1e-4, 1e-1, log=True),
            "learning_rate": Choice(["constant", "cosine", "one_cycle"]),
            "batch_size": Choice([16, 32, 64, "auto"]),
            "normalization": Choice([None, "batch", "layer"]),
            "dropout": Float(0.0, 0.5),
            "clip_norm": Choice([None, 1.0, 10.0]),
        }
        adam = {**steps, "beta_2": Choice([0.9, 0.99, 0.999])}
        momentum = {**steps, "momentum": Float(0.5, 0.99)}
        solvers = {"adam": adam, "adamw": adam, "nesterov": momentum, "lbfgs": {}}
        return {
            "hidden_layer_sizes": Widths(8, 256, max_depth=4),
            "activation": Choice(["relu", "leaky_relu", "elu", "silu", "gelu", "tanh"]),
            "solver": Choice(list(solvers), then=solvers),
            "alpha": Float(1e-7, 1e1, log=True),
            "weight_init": Choice(["auto", "he_normal", "glorot_uniform"]),
            "scaling": Choice([None, "standard"]),
            "loss": Choice(_losses(network)),
        }


def _losses(network: Any) -> Any:
    """Return losses whose models can be compared by any score."""
    if is_classifier(network):
        return {"plain": "log_loss", "smooth": LogLoss(label_smoothing=0.1)}
    # Whatever is no choice between likes stays as it is.
    alike = ["squared_error", "huber", "log_cosh"]
    return alike if network.loss in alike else [network.loss]
