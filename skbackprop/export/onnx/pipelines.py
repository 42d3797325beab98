"""The pipeline of a compacted network: what is converted is the steps."""

from skl2onnx._supported_operators import sklearn_operator_name_map
from sklearn.pipeline import Pipeline

from skbackprop.pruning import CompactPipeline

__all__ = ["register_pipelines"]


def register_pipelines() -> None:
    """Tell skl2onnx that a ``CompactPipeline`` takes the options of a ``Pipeline``.

    It looks these up by the very class, and all else by what a class derives from.
    """
    sklearn_operator_name_map[CompactPipeline] = sklearn_operator_name_map[Pipeline]
