"""What the validation scores of a fit depend on, beside the model that they judge."""

from typing import Any

from sklearn.base import is_classifier, is_regressor

from skbackprop._compat import InvalidParameterError
from skbackprop.core.spec import resolve
from skbackprop.losses import RegressionLoss

# Class weights are among the weights of validation rows.
ALWAYS = ("early_stopping", "scoring", "class_weight")


def scoring_params(network: Any) -> dict[str, Any]:
    """Return the parameters that say what ``validation_scores_`` measure.

    Fits that differ in one of them have scores that cannot be compared: accuracies and
    losses, say, or losses of different kinds.

    Parameters
    ----------
    network : BaseBackprop
        The network, fitted or not.

    Returns
    -------
    dict of str to object
        From names of parameters, and 'levels', those of quantiles, to values.
    """
    params = network.get_params(deep=False)
    found = {name: params[name] for name in ALWAYS if name in params}
    found["early_stopping"] = bool(network.early_stopping)
    predicts = is_classifier(network) or is_regressor(network)
    if network.scoring == "loss" or (network.scoring is None and not predicts):
        found["loss"] = network.loss
        if network._scales_targets:
            # Losses are in units of the scaled target.
            found["scaling"] = network.scaling
    elif network.scoring is None and is_regressor(network):
        found["levels"] = _levels(network.loss)
    return found


def _levels(loss: Any) -> tuple[float, ...]:
    """Return what a loss predicts quantiles at: R2 judges none, and D2 some."""
    try:
        return tuple(resolve(RegressionLoss, loss).levels())
    except InvalidParameterError:
        return ()  # The fit will say what is wrong with it.
