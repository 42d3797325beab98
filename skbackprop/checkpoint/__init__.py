"""Checkpoints: a fit that is killed goes on where it was, to the bit."""

from skbackprop.checkpoint.callback import Checkpoint

__all__ = ["Checkpoint"]
