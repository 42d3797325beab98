"""The converters that skl2onnx is told of."""

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx._parse import (
    _parse_sklearn_classifier,
    _parse_sklearn_multi_output_classifier,
)
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    SequenceType,
    StringTensorType,
    guess_proto_type,
)
from skl2onnx.common.utils_classifier import get_label_classes
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.embedder import BackpropEmbedder
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.export._stages import stages, target_line
from skbackprop.export.onnx.answers import (
    label_columns,
    labels,
    linked,
    probabilities,
    scores,
)
from skbackprop.export.onnx.graph import Graph, Tensor
from skbackprop.export.onnx.layers import translate
from skbackprop.export.onnx.pipelines import register_pipelines
from skbackprop.export.onnx.searches import register_searches
from skbackprop.pruning import KeptInputs

__all__ = ["register"]

# The first opset in which all operators used here take what they are given.
OLDEST_OPSET = 13
OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
    "raw_scores": [True, False],
}


def register(*kinds: type) -> None:
    """Tell skl2onnx how estimators are converted.

    Parameters
    ----------
    *kinds : type
        Subclasses of the estimators; skl2onnx goes by the very class.
    """
    for kind in (*CONVERTERS, *kinds):
        how = CONVERTERS[_family(kind)]
        update_registered_converter(kind, f"Skbackprop{kind.__name__}", **how)
    register_pipelines()
    register_searches()


def _family(kind: Any) -> type:
    """Return which of the estimators a class is, or derives from."""
    ancestors = kind.mro() if isinstance(kind, type) else []
    for ancestor in ancestors:
        if ancestor in CONVERTERS:
            return ancestor
    names = ", ".join(each.__name__ for each in CONVERTERS)
    raise TypeError(f"register_onnx takes subclasses of {names}, got {kind!r}.")


def _graph(scope: Any, operator: Any, container: Any) -> tuple[Graph, Tensor]:
    """Return a graph in the floating type of the input, and that input."""
    if container.target_opset < OLDEST_OPSET:
        raise ValueError(
            f"skbackprop's converters need opset {OLDEST_OPSET} or later, got "
            f"target_opset={container.target_opset}."
        )
    is_double = _float_type(operator) is DoubleTensorType
    graph = Graph(scope, container, np.float64 if is_double else np.float32)
    columns = [
        Tensor(graph, each.full_name).cast(graph.float_type) for each in operator.inputs
    ]
    x, *others = columns
    return graph, x.apply("Concat", *others, axis=1) if others else x


def _float_type(operator: Any) -> Any:
    """Return what to compute in: doubles if any column of the input has them."""
    doubles = any(isinstance(each.type, DoubleTensorType) for each in operator.inputs)
    return DoubleTensorType if doubles else FloatTensorType


def _raw_scores(estimator: Any, x: Tensor) -> Tensor:
    for layer, params in stages(estimator):
        x = translate(layer, x, *params)
    return x


# ---------------------------------------------------------------------- classifiers


def _names_of_classes(scope: Any, model: Any) -> Any:
    if not isinstance(model.classes_, list):
        return get_label_classes(scope, model)
    if scope.get_options(model, {"nocl": False})["nocl"]:
        return [np.arange(len(own)) for own in model.classes_]
    return model.classes_


def _classifier_outputs(
    scope: Any, model: Any, inputs: Any, custom_parsers: Any = None
) -> Any:
    check_is_fitted(model)
    if isinstance(model.classes_, list):
        return _parse_sklearn_multi_output_classifier(scope, model, inputs)
    outputs = _parse_sklearn_classifier(scope, model, inputs, custom_parsers)
    (own,) = [op for op in scope.operators.values() if op.raw_operator is model]
    # Of dictionaries ONNX knows those of float32 alone. Only here is it known that some
    # follow: within an ensemble, say, there are none.
    in_rows = scope.get_options(model, {"zipmap": True})["zipmap"] is True
    own.outputs[1].set_type(FloatTensorType() if in_rows else _float_type(own)())
    return outputs


def _classifier_shapes(operator: Any) -> None:
    model, (label, second) = operator.raw_operator, operator.outputs
    n_rows = operator.inputs[0].get_first_dimension()
    classes = _names_of_classes(operator.scope_inst, model)
    columns = label_columns(model._target)
    shape = [n_rows] if columns is None else [n_rows, columns]
    first = classes[0] if isinstance(classes, list) else classes
    is_text = np.asarray(first).dtype.kind in "OU"
    label.set_type((StringTensorType if is_text else Int64TensorType)(shape))
    if not isinstance(second.type, SequenceType):
        second.type.shape = [n_rows, len(classes)]


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    graph, x = _graph(scope, operator, container)
    raw, loss, target = _raw_scores(model, x), model._loss, model._target
    classes = _names_of_classes(scope, model)
    wants_scores = scope.get_options(model, {"raw_scores": False})["raw_scores"]
    has_probabilities = loss.has_probabilities and not wants_scores
    second = probabilities if has_probabilities else scores
    label_output, second_output = operator.outputs
    graph.publish(labels(target, raw, loss, classes), label_output.full_name)
    answer = second(target, raw)
    if not isinstance(second_output.type, SequenceType):
        answer = answer.cast(guess_proto_type(second_output.type))
    graph.publish(answer, second_output.full_name)


# ---------------------------------------------------------- regressor and embedder


def _matrix_shape(operator: Any, n_columns: int) -> None:
    (given, *_), (output,) = operator.inputs, operator.outputs
    shape = [given.get_first_dimension(), n_columns]
    output.set_type(_float_type(operator)(shape))


def _network_shape(operator: Any) -> None:
    check_is_fitted(operator.raw_operator)
    _matrix_shape(operator, operator.raw_operator.n_outputs_)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    graph, x = _graph(scope, operator, container)
    prediction, line = linked(model._loss, _raw_scores(model, x)), target_line(model)
    if line is not None:
        center, divisor = line
        prediction = prediction * divisor + center
    graph.publish(prediction, operator.outputs[0].full_name)


def _convert_embedder(scope: Any, operator: Any, container: Any) -> None:
    graph, x = _graph(scope, operator, container)
    features = _raw_scores(operator.raw_operator, x)
    graph.publish(features, operator.outputs[0].full_name)


def _kept_shape(operator: Any) -> None:
    _matrix_shape(operator, int(np.sum(operator.raw_operator.get_support())))


def _convert_kept(scope: Any, operator: Any, container: Any) -> None:
    graph, x = _graph(scope, operator, container)
    kept = operator.raw_operator.get_support(indices=True)
    graph.publish(x.apply("Gather", kept, axis=1), operator.outputs[0].full_name)


CONVERTERS: dict[type, dict[str, Any]] = {
    BackpropClassifier: {
        "shape_fct": _classifier_shapes,
        "convert_fct": _convert_classifier,
        "parser": _classifier_outputs,
        "options": OPTIONS,
    },
    BackpropRegressor: {
        "shape_fct": _network_shape,
        "convert_fct": _convert_regressor,
    },
    BackpropEmbedder: {"shape_fct": _network_shape, "convert_fct": _convert_embedder},
    KeptInputs: {"shape_fct": _kept_shape, "convert_fct": _convert_kept},
}
