"""The ground: flat parameters, rows, buffers, kernels."""
