"""
An embedding for nearest neighbours
===================================

Neighbours by pixel are not always neighbours by meaning. ``BackpropEmbedder`` learns a
map under which rows of one class are close together: few numbers, in which
``KNeighborsClassifier`` does better than on all pixels, and two of which can be drawn.
"""

# %%
# The data
# --------
# Images of handwritten digits, 8 by 8 pixels. Half of them are set aside before
# anything is learned; five different halves show what is luck.
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skbackprop import BackpropEmbedder
from skbackprop.augmentation import GaussianNoise
from skbackprop.inspection import EmbeddingDisplay

X, y = load_digits(return_X_y=True)
X = X / 16.0
splits = StratifiedShuffleSplit(n_splits=5, test_size=0.5, random_state=0)

# %%
# Accuracy of the neighbours
# --------------------------
# A little noise on the pixels, in training only, keeps the map from learning the images
# by heart. Each fit ends when its loss no longer improves.


def embedder(n_components, loss="triplet"):
    return BackpropEmbedder(
        n_components,
        hidden_layer_sizes=(256,),
        loss=loss,
        augmentation=GaussianNoise(0.2),
        learning_rate_init=0.003,
        n_iter_no_change=5,
        max_iter=500,
        random_state=0,
    )


features = {
    "64 pixels": "passthrough",
    "PCA, 8": PCA(8, random_state=0),
    "LDA, 8": LinearDiscriminantAnalysis(n_components=8),
    "triplet, 8": embedder(8),
    "contrastive, 8": embedder(8, loss="contrastive"),
    "PCA, 2": PCA(2, random_state=0),
    "LDA, 2": LinearDiscriminantAnalysis(n_components=2),
    "triplet, 2": embedder(2),
}
accuracies = {}
for name, step in features.items():
    model = make_pipeline(step, KNeighborsClassifier(n_neighbors=5))
    accuracies[name] = cross_val_score(model, X, y, cv=splits)
    print(f"{name:>15}: {accuracies[name].mean():.3f} ± {accuracies[name].std():.3f}")

# %%
# Eight learned numbers beat sixty-four pixels. (The noise helps the embedder, not the
# comparison: neighbours among pixels do not learn.)

# %%
# In two dimensions
# -----------------
# Test images only, by principal components and by the embedding.
train, test = next(splits.split(X, y))
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for axis, name in zip(axes, ["PCA, 2", "triplet, 2"], strict=True):
    fitted = features[name].fit(X[train], y[train])
    EmbeddingDisplay.from_estimator(
        fitted, X[test], y[test], ax=axis, annotate=True, scatter_kwargs={"s": 6}
    )
    axis.set_title(f"{name}: {accuracies[name].mean():.3f} accuracy")
plt.show()
