"""Search spaces: which parameters are drawn, and what from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from sklearn.base import is_classifier

from skbackprop.core.spec import Spec, resolve
from skbackprop.losses import LogLoss
from skbackprop.solvers import Solver
from skbackprop.tuning.choices import Choice
from skbackprop.tuning.dimensions import Float, Integer, Widths

__all__ = ["Small", "Space", "Standard", "Wide"]

# What a solver of all rows at once does not do with.
OF_STEPS = ["dropout", "input_dropout", "dropconnect", "normalization", "augmentation"]
OF_STEPS += ["averaging", "max_norm", "clip_norm", "clip_value"]


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
    """The three that matter most: width, learning rate, and strength of the penalty.

    Without the learning rate where the solver of the network is not step-wise.
    """

    def parameters(self, network: Any) -> Mapping[str, Any]:
        """Return what each parameter is drawn from."""
        rate = {"learning_rate_init": Float(1e-4, 1e-1, log=True)}
        return {
            "hidden_layer_sizes": Integer(8, 256, log=True),
            **(rate if _is_stepwise(network) else {}),
            "alpha": Float(1e-6, 1e-1, log=True),
        }


class Standard(Space, name="standard"):
    """Those of :class:`Small`, depth, activation, batches, dropout and a schedule.

    Without the last three where the solver of the network is not step-wise.
    """

    def parameters(self, network: Any) -> Mapping[str, Any]:
        """Return what each parameter is drawn from."""
        steps = {
            "batch_size": Choice([32, 64, "auto"]),
            "dropout": Float(0.0, 0.5),
            "learning_rate": Choice(["constant", "cosine"]),
        }
        return {
            **Small().parameters(network),
            "n_hidden_layers": Integer(1, 3),
            "activation": Choice(["relu", "tanh", "silu"]),
            **(steps if _is_stepwise(network) else {}),
        }


class Wide(Space, name="wide"):
    """A width for each layer, many members of most slots, and what each solver needs.

    Normalization, dropout and the learning rate are drawn for step-wise solvers only,
    each with settings of its own; L-BFGS is among the solvers where the network has
    nothing that it could not do with, such as an average of weights. A network with
    ``n_hidden_layers`` keeps it, and gets one width for all; a loss that is like no
    other stays as it is.
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
        solvers = {"adam": adam, "adamw": adam, "nesterov": momentum}
        if not _needs_steps(network):
            solvers["lbfgs"] = {}
        equal = Integer(8, 256, log=True)
        own = Widths(8, 256, max_depth=4)
        return {
            "hidden_layer_sizes": own if network.n_hidden_layers is None else equal,
            "activation": Choice(["relu", "leaky_relu", "elu", "silu", "gelu", "tanh"]),
            "solver": Choice(list(solvers), then=solvers),
            "alpha": Float(1e-7, 1e1, log=True),
            "weight_init": Choice(["auto", "he_normal", "glorot_uniform"]),
            "scaling": Choice([None, "standard"]),
            "loss": Choice(_losses(network)),
        }


def _needs_steps(network: Any) -> bool:
    """Tell whether a network has settings that only step-wise solvers do with."""
    plain = type(network)()
    return any(getattr(network, name) != getattr(plain, name) for name in OF_STEPS)


def _is_stepwise(network: Any) -> bool:
    """Tell whether there are batches, rates and dropout."""
    return bool(resolve(Solver, network.solver).stepwise)


def _losses(network: Any) -> dict[str, Any]:
    """Return losses whose models can be compared by any score."""
    if is_classifier(network):
        alike = {"plain": "log_loss", "smooth": LogLoss(label_smoothing=0.1)}
    else:
        names = ["squared_error", "huber", "log_cosh"]
        alike = dict(zip(names, names, strict=True))
    # Whatever is no choice between likes stays as it is.
    return alike if network.loss in alike.values() else {"own": network.loss}
