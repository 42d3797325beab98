"""
Imbalanced classes
==================

Three transactions in a hundred are fraud. Trained as they come, a network says "fine"
too often; ``class_weight`` tells it what a missed fraud costs.
"""

# %%
# The data
# --------
from matplotlib import pyplot as plt
from sklearn.datasets import make_classification
from sklearn.metrics import (
    PrecisionRecallDisplay,
    classification_report,
    precision_score,
    recall_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

X, y = make_classification(
    n_samples=6000,
    n_features=12,
    n_informative=6,
    weights=[0.97],
    class_sep=0.8,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Three models
# ------------
# ``"balanced"`` makes both classes count the same; a dictionary says how much a row of
# each class counts. Early stopping goes by the average precision: with such classes,
# accuracy is blind.
models = {}
for class_weight in (None, {0: 1, 1: 5}, "balanced"):
    network = BackpropClassifier(
        hidden_layer_sizes=(32,),
        learning_rate_init=0.01,
        class_weight=class_weight,
        early_stopping=True,
        scoring="average_precision",
        random_state=0,
    )
    name = f"class_weight={class_weight!r}"
    models[name] = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
    print(name)
    print(classification_report(y_test, models[name].predict(X_test), digits=3))

# %%
# Precision and recall
# --------------------
# The weighted models find more of the frauds, at the price of more false alarms.
# The curves show every trade-off that either model offers; the dots are where
# ``predict`` puts the threshold.
figure, axis = plt.subplots(layout="constrained")
for name, model in models.items():
    display = PrecisionRecallDisplay.from_estimator(
        model, X_test, y_test, ax=axis, name=name
    )
    predicted = model.predict(X_test)
    point = PrecisionRecallDisplay(
        precision=[precision_score(y_test, predicted)],
        recall=[recall_score(y_test, predicted)],
    )
    color = display.line_.get_color()
    point.plot(ax=axis, curve_kwargs={"marker": "o", "mec": "k", "color": color})
axis.legend(loc="lower left", bbox_to_anchor=(0, 1))
plt.show()
