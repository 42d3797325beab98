"""A network linearised at a point: products with the curvature of its objective."""

from skbackprop.linearization.chain import Chain
from skbackprop.linearization.products import CurvatureProducts
from skbackprop.linearization.record import Record

__all__ = ["Chain", "CurvatureProducts", "Record"]
