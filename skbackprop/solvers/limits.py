"""What solvers refuse, with what to use instead."""

from skbackprop.core.spec import Spec


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
