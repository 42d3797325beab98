"""What solvers refuse, with what to use instead."""

from skbackprop.core.spec import Spec
from skbackprop.losses import Loss


def check_few(solver: Spec, n_params: int, max_params: int) -> None:
    """Refuse more parameters than a dense matrix is to be held for.

    Parameters
    ----------
    solver : Solver
        Who holds it.
    n_params, max_params : int
        How many there are, and how many there may be.
    """
    if n_params > max_params:
        megabytes = 8 * n_params**2 / 1e6
        raise ValueError(
            f"{solver!r} holds a matrix of the square of the number of parameters, and "
            f"there are {n_params} ({megabytes:.0f} MB) where max_params={max_params}: "
            "use solver='newton-cg' or 'lbfgs', which hold vectors only, a smaller "
            "hidden_layer_sizes, or raise max_params."
        )


def check_rows_apart(solver: Spec, loss: Loss) -> None:
    """Refuse a loss that compares rows, whose curvature is no sum over rows.

    Parameters
    ----------
    solver : Solver
        Who needs the curvature.
    loss : Loss
        The loss.
    """
    if loss.mixes_rows:
        raise ValueError(
            f"{loss!r} compares rows with each other, so that there is no curvature "
            f"row by row, which {solver!r} works with: use solver='lbfgs', or a "
            "step-wise solver such as 'adam'."
        )
