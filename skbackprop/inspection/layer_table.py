"""The table of a network's layers: numbers, totals, and how they print."""

from dataclasses import asdict, dataclass
from html import escape
from typing import Any

__all__ = ["LayerSummary", "NetworkSummary"]

HEAD = (
    *("layer", "output shape", "parameters", "pruned"),
    *("multiply-adds", "memory", "activations"),
)


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a network.

    Parameters
    ----------
    layer : str
        What it is.
    output_shape : tuple of int
        The rows of a batch, and the width of its output.
    n_params : int
        Its parameters, statistics of the data included.
    n_trainable : int
        Those that training moves.
    n_pruned : int
        Those that are held at zero.
    n_multiply_adds : int
        Multiplications by its parameters for one row; zeros count, for products of
        matrices do not leave them out.
    param_bytes : int
        The memory of its parameters.
    activation_bytes : int
        The memory of its output for a batch in training; 0 where it writes over its
        input.
    """

    layer: str
    output_shape: tuple[int, int]
    n_params: int
    n_trainable: int
    n_pruned: int
    n_multiply_adds: int
    param_bytes: int
    activation_bytes: int

    def cells(self) -> tuple[str, ...]:
        """Return what stands in its row of the table.

        Returns
        -------
        tuple of str
            One for each column.
        """
        return (self.layer, str(self.output_shape), *_numbers(self))


@dataclass(frozen=True)
class NetworkSummary:
    """The layers of a network, and what they come to; it prints as a table.

    Made by :func:`summary`. Totals have the names of the layers' numbers.

    Parameters
    ----------
    title : str
        The estimator, its inputs and the floating type.
    layers : tuple of LayerSummary
        First to last.
    """

    title: str
    layers: tuple[LayerSummary, ...]

    @property
    def n_params(self) -> int:
        """The number of parameters, statistics of the data included."""
        return sum(layer.n_params for layer in self.layers)

    @property
    def n_trainable(self) -> int:
        """The number of parameters that training moves."""
        return sum(layer.n_trainable for layer in self.layers)

    @property
    def n_pruned(self) -> int:
        """The number of parameters that are held at zero."""
        return sum(layer.n_pruned for layer in self.layers)

    @property
    def n_multiply_adds(self) -> int:
        """The number of multiplications by parameters for one row."""
        return sum(layer.n_multiply_adds for layer in self.layers)

    @property
    def param_bytes(self) -> int:
        """The memory of the parameters."""
        return sum(layer.param_bytes for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """The memory of a batch's activations in training."""
        return sum(layer.activation_bytes for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as numbers, lists and dictionaries.

        Returns
        -------
        dict
            Such as ``json.dumps`` takes.
        """
        layers = [asdict(layer) for layer in self.layers]
        for layer in layers:
            layer["output_shape"] = list(layer["output_shape"])
        names = [name for name in layers[0] if name not in ("layer", "output_shape")]
        totals = {name: getattr(self, name) for name in names}
        return {"title": self.title, **totals, "layers": layers}

    def to_frame(self) -> Any:
        """Return a table with a row for each layer.

        Returns
        -------
        pandas.DataFrame
            Its columns are the fields of :class:`LayerSummary`.
        """
        try:
            from pandas import DataFrame
        except ImportError as missing:
            raise ImportError(
                "to_frame needs pandas: pip install 'skbackprop[frames]'."
            ) from missing
        return DataFrame([asdict(layer) for layer in self.layers])

    def _rows(self) -> list[tuple[str, ...]]:
        return [*(layer.cells() for layer in self.layers), ("all", "", *_numbers(self))]

    def __str__(self) -> str:
        """Return the table."""
        table = [HEAD, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for name, *cells in table:
            padded = [f"{c:>{w}}" for c, w in zip(cells, widths[1:], strict=True)]
            lines.append("  ".join([f"{name:<{widths[0]}}", *padded]))
        return "\n".join([self.title, *lines[:-1], "-" * len(lines[0]), lines[-1]])

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        head = "".join(f"<th>{escape(name)}</th>" for name in HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return (
            f"<table><caption>{escape(self.title)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _numbers(counted: LayerSummary | NetworkSummary) -> tuple[str, ...]:
    counts = (counted.n_params, counted.n_pruned, counted.n_multiply_adds)
    sizes = (counted.param_bytes, counted.activation_bytes)
    return (*(f"{count:,}" for count in counts), *map(_size, sizes))


def _size(n_bytes: float) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            break
        n_bytes, unit = n_bytes / 1000, {"B": "kB", "kB": "MB", "MB": "GB"}[unit]
    return f"{n_bytes:.3g} {unit}"
