"""What examples in docstrings and pages leave behind is put away."""

import sys

import pytest


@pytest.fixture(autouse=True)
def figures_are_closed(request):
    """Close what an example has drawn: matplotlib warns of more than 20 figures."""
    yield
    if isinstance(request.node, pytest.DoctestItem):
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close("all")
