"""What ONNX graphs are written with: tensors that follow formulas."""

from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper

__all__ = ["Graph", "Tensor"]

# By the kind of a NumPy type; there is no unsigned 64-bit index in ONNX either.
STORED_AS = {"b": np.int64, "i": np.int64, "u": np.int64}


class Graph:
    """A graph under construction.

    Parameters
    ----------
    scope, container
        Where skl2onnx keeps names and nodes.
    dtype : dtype
        The floating type that the graph computes in.
    """

    def __init__(self, scope: Any, container: Any, dtype: Any) -> None:
        self.scope, self.container, self.dtype = scope, container, np.dtype(dtype)

    @property
    def float_type(self) -> int:
        """The floating type, by its number in ONNX."""
        doubles = self.dtype == np.float64
        return TensorProto.DOUBLE if doubles else TensorProto.FLOAT

    def apply(self, op: str, *inputs: "Tensor", **attributes: Any) -> "Tensor":
        """Add a node.

        Parameters
        ----------
        op : str
            The operator.
        *inputs : Tensor
            What it is applied to.
        **attributes : dict
            Its attributes.

        Returns
        -------
        Tensor
            Its only output.
        """
        output = self.scope.get_unique_variable_name(op.lower())
        name = self.scope.get_unique_operator_name(op)
        names = [tensor.name for tensor in inputs]
        self.container.add_node(op, names, output, name=name, **attributes)
        return Tensor(self, output)

    def constant(self, value: Any) -> "Tensor":
        """Add numbers that belong to the model.

        Parameters
        ----------
        value : float or ndarray
            Floating numbers get the type of the graph, integers 64 bits.

        Returns
        -------
        Tensor
            The constant.
        """
        array = np.asarray(value)
        array = array.astype(STORED_AS.get(array.dtype.kind, self.dtype))
        name = self.scope.get_unique_variable_name("constant")
        content = numpy_helper.from_array(np.ascontiguousarray(array), name)
        self.container.add_initializer(name, content.data_type, array.shape, content)
        return Tensor(self, name)

    def strings(self, values: Any) -> "Tensor":
        """Add strings that belong to the model.

        Parameters
        ----------
        values : array-like of str
            The strings.

        Returns
        -------
        Tensor
            The constant.
        """
        name = self.scope.get_unique_variable_name("strings")
        content = [str(value).encode() for value in values]
        self.container.add_initializer(
            name, TensorProto.STRING, [len(content)], content
        )
        return Tensor(self, name)

    def publish(self, tensor: "Tensor", name: str) -> None:
        """Make a tensor known as one of the outputs of the model.

        Parameters
        ----------
        tensor : Tensor
            What it is.
        name : str
            The name of the output.
        """
        node = self.scope.get_unique_operator_name("Identity")
        self.container.add_node("Identity", tensor.name, name, name=node)


class Tensor:
    """A tensor of a graph; arithmetic adds nodes, and numbers become constants.

    Parameters
    ----------
    graph : Graph
        Where it belongs.
    name : str
        What the graph calls it.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def apply(self, op: str, *others: Any, **attributes: Any) -> "Tensor":
        """Apply an operator to this tensor and others.

        Parameters
        ----------
        op : str
            The operator.
        *others : Tensor, float or ndarray
            Its further inputs.
        **attributes : dict
            Its attributes.

        Returns
        -------
        Tensor
            The result.
        """
        inputs = [self._beside(other) for other in others]
        return self.graph.apply(op, self, *inputs, **attributes)

    def _beside(self, other: Any) -> "Tensor":
        return other if isinstance(other, Tensor) else self.graph.constant(other)

    def __add__(self, other: Any) -> "Tensor":
        return self.apply("Add", other)

    def __sub__(self, other: Any) -> "Tensor":
        return self.apply("Sub", other)

    def __mul__(self, other: Any) -> "Tensor":
        return self.apply("Mul", other)

    def __truediv__(self, other: Any) -> "Tensor":
        return self.apply("Div", other)

    def __matmul__(self, other: Any) -> "Tensor":
        return self.apply("MatMul", other)

    def __neg__(self) -> "Tensor":
        return self.apply("Neg")

    def reshaped(self, *shape: int) -> "Tensor":
        """Return the tensor in another shape.

        Parameters
        ----------
        *shape : int
            The shape; one size may be -1.

        Returns
        -------
        Tensor
            The same numbers.
        """
        return self.apply("Reshape", np.array(shape))

    def cast(self, number: int) -> "Tensor":
        """Return the tensor in another type.

        Parameters
        ----------
        number : int
            The type, as ONNX counts them.

        Returns
        -------
        Tensor
            The same numbers.
        """
        return self.apply("Cast", to=number)
