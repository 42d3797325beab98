r"""
Vanishing gradients, seen and cured
===================================

In a deep network of the logistic function the gradient all but vanishes on its way
back to the first layers. We watch it, layer by layer, and try what is said to help:
ReLU with He's initialisation, and batch normalisation.
"""

# %%
# Eight logistic layers
# ---------------------
# The derivative of the logistic function is at most 1/4. Each layer multiplies the
# error signal by it, and by weights that start small. With ``gradient_health=True`` the
# estimator looks at all layers after each epoch.
import warnings

from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier
from skbackprop.inspection import GradientFlowDisplay, LossCurveDisplay
from skbackprop.training import GradientHealthWarning

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    scale(X), y, stratify=y, random_state=0
)

deep = BackpropClassifier(
    hidden_layer_sizes=32,
    n_hidden_layers=8,
    activation="logistic",
    learning_rate_init=0.003,
    max_iter=30,
    n_iter_no_change=30,
    gradient_health=True,
    random_state=0,
)

# %%
# The same network with two cures
# -------------------------------
# All three are fitted for as many epochs. We are warned of the first, with the layer
# that is worst off and what to try.
networks = {
    "logistic": deep,
    "ReLU, He's weights": clone(deep).set_params(
        activation="relu", weight_init="he_normal"
    ),
    "logistic, batch norm": clone(deep).set_params(normalization="batch"),
}
for name, network in networks.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network.fit(X_train, y_train)
    accuracy = network.score(X_test, y_test)
    print(f"{name}: test accuracy {accuracy:.2f} after {network.n_iter_} epochs")
    for warning in caught:
        if warning.category is GradientHealthWarning:
            print(f"   warned of: {warning.message}")

# %%
# Layer by layer
# --------------
# The norm of the gradient of each layer's weights after ten epochs, when the running
# statistics of batch normalisation have settled. From the output layer to the first
# hidden one it falls by six orders of magnitude in the logistic network, and hardly at
# all in the two others. So it is no wonder what they learn.
figure, (left, right) = plt.subplots(ncols=2, layout="constrained", figsize=(9, 4))
for name, network in networks.items():
    GradientFlowDisplay.from_estimator(network, epoch=9, name=name, ax=left)
    LossCurveDisplay.from_estimator(network, name=name, ax=right)
plt.show()

# %%
# More than norms
# ---------------
# The record has the norms of weights and inputs too, the relative change of the weights
# over each epoch, and the shares of dead and of saturated units. ReLU pays for its flat
# half with some units that never answer.
for name, network in networks.items():
    health = network.gradient_health_
    print(f"{name}, after the last epoch")
    print("  change of the weights:", health.update_ratio[-1].round(4))
    print("  dead units:           ", health.dead[-1, :-1].round(2))
    print("  saturated entries:    ", health.saturated[-1, :-1].round(2))
