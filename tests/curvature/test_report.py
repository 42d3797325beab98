"""The report: what it says, and how it is shown."""

from html.parser import HTMLParser

import numpy as np
import pytest

from skbackprop.curvature import (
    critical_point,
    curvature_diagonal,
    curvature_matrix,
    curvature_report,
    hessian_operator,
    sharpness,
)

from ._fitted import classifier, fitted


@pytest.fixture(scope="module")
def model(multiclass):
    return fitted(classifier(hidden_layer_sizes=(4, 3)), *multiclass)


@pytest.fixture(scope="module")
def report(model, multiclass):
    return curvature_report(model, *multiclass)


def test_numbers_are_those_of_the_functions(model, multiclass, report):
    values = np.linalg.eigvalsh(curvature_matrix(model, *multiclass))
    point = critical_point(model, *multiclass)
    assert (report.point.kind, report.point.signs) == (point.kind, point.signs)
    assert report.point.gradient_norm == point.gradient_norm
    np.testing.assert_allclose(report.largest, values[:-4:-1], rtol=1e-10)
    np.testing.assert_allclose(report.smallest, values[:3], atol=1e-12)
    assert report.trace.value == pytest.approx(values.sum())
    assert report.trace.standard_error == 0
    assert report.learning_rate_bound == pytest.approx(2 / values[-1])
    assert report.sharpness.rise == pytest.approx(sharpness(model, *multiclass).rise)
    diagonal = curvature_diagonal(model, *multiclass)
    assert report.gauss_newton_trace == pytest.approx(diagonal.sum())
    operator = hessian_operator(model, *multiclass)
    assert report.objective == operator.value(operator.theta)


def test_each_layer_has_a_row(model, multiclass, report):
    assert [layer.n_params for layer in report.layers] == [24, 15, 12]
    for index, layer in enumerate(report.layers):
        block = curvature_matrix(model, *multiclass, layers=[index])
        assert layer.largest_eigenvalue == pytest.approx(np.linalg.eigvalsh(block)[-1])
    traces = sum(layer.gauss_newton_trace for layer in report.layers)
    assert traces == pytest.approx(report.gauss_newton_trace)


def test_large_networks_are_estimated(model, multiclass, report):
    quick = curvature_report(model, *multiclass, max_params=10, random_state=0)
    again = curvature_report(model, *multiclass, max_params=10, random_state=0)
    assert str(quick) == str(again)
    assert quick.point.signs is None
    np.testing.assert_allclose(quick.largest, report.largest, rtol=1e-9)
    # 51 products tell all of 51 parameters; fewer leave an error.
    few = curvature_report(
        model, *multiclass, max_params=10, n_products=30, random_state=0
    )
    assert few.trace.standard_error > 0
    off = few.trace.value - report.trace.value
    assert abs(off) < 5 * few.trace.standard_error


def test_it_prints(report):
    text = str(report)
    for said in (
        "BackpropClassifier: 51 parameters, 60 rows",
        f"point                 {report.point.kind}",
        "learning-rate bound",
        "Gauss-Newton trace",
    ):
        assert said in text
    assert max(map(len, text.splitlines())) < 100


def test_it_is_a_table_in_a_notebook(report):
    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.cells = [], []

        def handle_starttag(self, tag, attrs):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            self.cells.append(data)

    reader = Reader()
    reader.feed(report._repr_html_())
    assert reader.open == []
    assert str(report.point.kind) in reader.cells
    assert "24" in reader.cells


def test_weights_of_rows_count(model, multiclass):
    heavy = np.where(multiclass.y == 0, 5.0, 1.0)
    plain, weighted = (
        curvature_report(model, *multiclass, weight) for weight in (None, heavy)
    )
    assert plain.objective != weighted.objective
