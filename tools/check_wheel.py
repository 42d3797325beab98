"""Try the installed wheel: nothing but the three dependencies, types included."""

import sys
from importlib.metadata import files, version

from sklearn.datasets import load_iris

import skbackprop

if "skbackprop/py.typed" not in {str(name) for name in files("skbackprop")}:
    sys.exit("the wheel has no py.typed")
X, y = load_iris(return_X_y=True)
model = skbackprop.BackpropClassifier(solver="lbfgs", random_state=0).fit(X, y)
print(f"skbackprop {version('skbackprop')} works: {model.score(X, y):.3f} on iris")
