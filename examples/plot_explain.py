"""
Explaining
==========

What does a network go by? Attributions, gradients, importance, and scikit-learn's own
ways to look at a model, on the measurements of tumours.
"""

# %%
# A pipeline
# ----------
# Thirty features of cell nuclei, and whether the tumour is benign. The scaler is an
# affine map: explanations go through it, to the features in their own units.
import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.inspection import (
    CoalitionGradients,
    EmbeddingDisplay,
    GradientExplainer,
    ImportanceDisplay,
    RescaleExplainer,
    gradient_importance,
)

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, test_size=0.3, random_state=0
)
network = BackpropClassifier(
    (64, 64), activation="tanh", solver="lbfgs", alpha=1.0, random_state=0
)
model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
print(f"test accuracy {model.score(X_test, y_test):.3f}")

# %%
# Attributions
# ------------
# Each row is compared with a hundred others, by the rescale rule of DeepLIFT. The
# values of a row add up to its score less the mean score of the others.
explainer = RescaleExplainer(model, X_train[:100])
explanation = explainer(X_test)
total = explanation.base_values + explanation.values.sum(axis=1)
missed = np.abs(total - model.decision_function(X_test)).max()
print(f"{explanation.shape}, missing the score by {missed:.0e}")

# %%
# It is a ``shap.Explanation``, and all plots of SHAP take it. One row; what is above
# zero speaks for benign:
import shap

shap.plots.waterfall(explanation[0], max_display=10)

# %%
# All rows:
shap.plots.beeswarm(explanation, max_display=10)

# %%
# Probabilities
# -------------
# The same for probabilities, by both rules. They agree on what counts, and less on how
# much: a probability saturates, and there features stand in for each other.
options = {"response_method": "predict_proba"}
many = CoalitionGradients(n_samples=400)
by_gradients = GradientExplainer(model, X_train[:100], method=many, **options)(X_test)
by_rescaling = RescaleExplainer(model, X_train[:100], **options)(X_test)
benign = {
    "gradients at coalitions": by_gradients[..., 1],
    "rescale rule": by_rescaling[..., 1],
}
first = np.abs(by_gradients.values[..., 1]).mean(axis=0).argsort()[::-1][:8].tolist()
chosen = {name: each[:, first] for name, each in benign.items()}
shap.plots.bar(chosen, show=False).legend(loc="lower right", bbox_to_anchor=(1, 1))
plt.show()

# %%
# Importance
# ----------
# By how much a typical change of each feature moves the score, from one backward pass,
# beside how much the accuracy suffers if the feature is shuffled. Features that say the
# same stand in for each other when one is shuffled; the gradient sees both.
gradient = gradient_importance(model, X_test)
shuffled = permutation_importance(model, X_test, y_test, n_repeats=5, random_state=0)
order = gradient.importances_mean.argsort()[::-1][:10]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True, layout="constrained")
for axis, title, found, label in [
    (axes[0], "gradient_importance", gradient, "change of the score"),
    (axes[1], "permutation_importance", shuffled, "loss of accuracy"),
]:
    ImportanceDisplay.from_importances(
        found, feature_names=X.columns, features=order, ax=axis
    )
    axis.set(title=title, xlabel=label)
plt.show()

# %%
# Partial dependence
# ------------------
# What the score is for each value of a feature, from scikit-learn. Thin lines are
# single rows: where they are not parallel, the feature interacts with others.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
PartialDependenceDisplay.from_estimator(
    model,
    X_train[:60],
    [X.columns[j] for j in order[:2]],
    kind="both",
    response_method="decision_function",
    grid_resolution=20,
    ax=axes,
)
plt.show()

# %%
# Gradients and hidden units
# --------------------------
# Estimators give both by themselves: the derivative of each row's score, and what
# hidden layers make of the rows. What the last one makes of them lies almost on a line,
# from malignant to benign:
scaled = model[0].transform(X_test)
slopes = network.input_gradient(scaled)
print(f"gradients {slopes.shape}, largest for {X.columns[np.abs(slopes[0]).argmax()]}")
print(f"hidden layers {[each.shape for each in network.hidden_activations(scaled)]}")
figure, axis = plt.subplots(figsize=(5, 3.5), layout="constrained")
names = np.array(["malignant", "benign"])[y_test]
EmbeddingDisplay.from_estimator(model, X_test, names, ax=axis)
plt.show()
