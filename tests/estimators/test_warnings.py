"""Warnings point at the line of the user that asked for the fit."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropEmbedder, BackpropRegressor
from skbackprop.training import GradientHealthWarning

X, Y = np.random.RandomState(0).normal(size=(60, 3)), np.arange(60) % 3
KINDS = [BackpropClassifier, BackpropRegressor, BackpropEmbedder]
SMALL = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}


def check_origin(category, message, call, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = inspect.currentframe().f_lineno + 1
        call(*args, **kwargs)
    told = [each for each in caught if message in str(each.message)]
    assert {each.category for each in told} == {category}
    assert {(each.filename, each.lineno) for each in told} == {(__file__, line)}


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_fit_that_has_not_converged(kind):
    check_origin(ConvergenceWarning, "Maximum iterations", kind(**SMALL).fit, X, Y)


@pytest.mark.parametrize("kind", KINDS)
def test_of_clipped_batches(kind):
    model, told = kind(**SMALL, batch_size=100), "larger than sample size"
    check_origin(UserWarning, told, model.fit, X, Y)
    first = {"classes": [0, 1, 2]} if kind is BackpropClassifier else {}
    model = kind(**SMALL, batch_size=100)
    check_origin(UserWarning, told, model.partial_fit, X, Y, **first)


def test_of_a_split_that_is_not_stratified():
    model = BackpropClassifier(**SMALL, early_stopping=True)
    rare = np.where(np.arange(60) == 0, 2, np.arange(60) % 2)
    check_origin(UserWarning, "not stratified", model.fit, X, rare)


def test_of_layers_that_learn_no_more():
    model = BackpropClassifier(**{**SMALL, "max_iter": 30}, gradient_health=True)
    dead = [np.zeros((3, 4)), np.zeros((4, 3))], [-np.ones(4), np.zeros(3)]
    start = dict(zip(("coefs_init", "intercepts_init"), dead, strict=True))
    check_origin(GradientHealthWarning, "are dead", model.fit, X, Y, **start)


def test_of_an_embedding_that_cannot_be_trained():
    model = BackpropEmbedder(1, **SMALL, normalize=True)
    check_origin(UserWarning, "nothing but a sign", model.fit, X, Y)
