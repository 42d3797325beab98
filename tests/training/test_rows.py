"""Rows: what the user gave and what the network sees, side by side."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from skbackprop.core.data import MatrixTarget
from skbackprop.training.rows import Rows

from ..builders import expanded

X = np.arange(12.0).reshape(6, 2)
Y = np.array(list("abcabc"))
TARGET = MatrixTarget(np.arange(6.0)[:, np.newaxis])
WEIGHT = np.arange(6.0) + 1
PICKED = np.array([4, 0])


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_what_a_solver_reads_is_shared_not_copied(weight):
    rows = Rows(X, Y, TARGET, weight)
    for subset in (None, PICKED):
        data = rows.data(subset)
        assert data.X is X
        assert data.target is TARGET
        assert data.weight is weight
        assert len(data) == (6 if subset is None else 2)


@pytest.mark.parametrize("hold", [np.asarray, np.asfortranarray, csr_array])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_some_rows_are_a_copy_of_all_that_belongs_to_them(hold, weight):
    taken = Rows(hold(X), Y, TARGET, weight).take(PICKED)
    assert len(taken) == 2
    inputs = taken.X.toarray() if hold is csr_array else taken.X
    assert_array_equal(inputs, X[PICKED])
    assert_array_equal(taken.y, ["b", "a"])
    assert_array_equal(expanded(taken.target, 2), [[4.0], [0.0]])
    assert taken.weight is None or taken.weight.tolist() == [5.0, 1.0]
    assert not np.shares_memory(inputs, X)
