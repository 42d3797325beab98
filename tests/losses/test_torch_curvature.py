"""Second derivatives of losses against PyTorch's, where it is installed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch")

# Without PyTorch that module cannot be imported: skipped before.
from .test_torch import CASES  # noqa: E402


@pytest.mark.parametrize(("loss", "theirs", "target"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_hessians_are_those_of_pytorch(loss, theirs, target, scale):
    shape = len(target), loss.n_scores(target.shape[1])
    raw, y = np.random.RandomState(0).normal(scale=scale, size=shape), target
    whole = torch.autograd.functional.hessian(
        lambda leaf: theirs(leaf, torch.tensor(y)).sum(), torch.tensor(raw)
    )
    basis = np.eye(raw.size).reshape(raw.size, *shape)
    ours = loss.hessian_product(loss.inverse_link(raw.copy()), y, basis)
    expected = whole.numpy().reshape(ours.shape)
    assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)
