"""Conjugate gradients and their like: what is known of a matrix from its products."""

from collections.abc import Callable

import numpy as np

from skbackprop.solvers.span import Descent, Leg

Map = Callable[[np.ndarray], np.ndarray]


def conjugate_gradients(
    product: Map,
    gradient: np.ndarray,
    preconditioner: Map,
    forcing: float,
    max_products: int,
) -> list[Leg]:
    """Lower a convex quadratic model by preconditioned conjugate gradients.

    Parameters
    ----------
    product : callable
        Multiplies by a positive definite matrix.
    gradient : ndarray of shape (n_params,)
        The slope of the model.
    preconditioner : callable
        Multiplies by what is like the inverse of the matrix.
    forcing : float
        The share of the gradient that may be left.
    max_products : int
        The largest number of products.

    Returns
    -------
    list of Leg
        The way to where it ends, in parts that get longer: they end after 1, 2, 4, 8
        products and so on. Where the first is of no use, nothing is gone.
    """
    residual, goal = gradient.copy(), forcing * float(np.linalg.norm(gradient))
    z = preconditioner(residual)
    direction, pull = -z, float(residual @ z)
    legs: list[Leg] = []
    way, image = np.zeros_like(gradient), np.zeros_like(gradient)
    begun = 0
    for done in range(1, max_products + 1):
        change = product(direction)
        bend = float(direction @ change)
        # Neither below zero by rounding, nor overflowed.
        if not 0 < bend < np.inf:
            break
        length = pull / bend
        way += length * direction
        image += length * change
        residual += length * change
        if float(np.linalg.norm(residual)) <= goal:
            return [*legs, Leg(way, image, done - begun)]
        if 2 * (done - begun) >= done:
            legs.append(Leg(way, image, done - begun))
            way, image = np.zeros_like(gradient), np.zeros_like(gradient)
            begun = done
        z = preconditioner(residual)
        pull, before = float(residual @ z), pull
        direction *= pull / before
        direction -= z
    return [*legs, Leg(way, image, done - begun)]


def _promise(x: np.ndarray, residual: np.ndarray, gradient: np.ndarray) -> float:
    """Return minus x'Bx / 2 + g'x, given the residual Bx + g."""
    return -0.5 * float(x @ (residual + gradient))


def steihaug(
    product: Map,
    gradient: np.ndarray,
    radius: float,
    forcing: float,
    max_products: int,
) -> Descent:
    """Lower a quadratic model, convex or not, within a ball.

    Parameters
    ----------
    product : callable
        Multiplies by a symmetric matrix.
    gradient : ndarray of shape (n_params,)
        The slope of the model.
    radius : float
        That of the ball.
    forcing : float
        The share of the gradient that may be left.
    max_products : int
        The largest number of products.

    Returns
    -------
    Descent
        The step; where the model curves down, it goes to the edge.

    References
    ----------
    T. Steihaug, "The conjugate gradient method and trust regions in large scale
    optimization", 1983.
    """
    x, residual = np.zeros_like(gradient), gradient.copy()
    direction, pull = -gradient, float(gradient @ gradient)
    goal = forcing * np.sqrt(pull)
    for _ in range(max_products):
        image = product(direction)
        bend = float(direction @ image)
        length = pull / bend if bend > 0 else np.inf
        edge = _to_edge(x, direction, radius)
        if length >= edge:
            x += edge * direction
            residual += edge * image
            return Descent(x, _promise(x, residual, gradient), at_edge=True)
        x += length * direction
        residual += length * image
        pull, before = float(residual @ residual), pull
        if np.sqrt(pull) <= goal:
            break
        direction *= pull / before
        direction -= residual
    return Descent(x, _promise(x, residual, gradient))


def _to_edge(x: np.ndarray, direction: np.ndarray, radius: float) -> float:
    """Return how far it is to the edge of a ball, along a direction from within."""
    a, b = float(direction @ direction), float(x @ direction)
    room = radius**2 - float(x @ x)
    root = np.sqrt(max(b * b + a * room, 0.0))
    # Written so that nothing cancels.
    return float(room / (b + root) if b > 0 else (root - b) / a)


def lowest_direction(
    product: Map, n_params: int, max_products: int, tol: float = 1e-3
) -> tuple[float, float, np.ndarray]:
    """Look for the direction along which a matrix curves down most, by Lanczos.

    Parameters
    ----------
    product : callable
        Multiplies by a symmetric matrix.
    n_params : int
        Its size.
    max_products : int
        The largest number of products.
    tol : float, default=1e-3
        Where what was left of a new direction is that little, all is known.

    Returns
    -------
    lowest, largest : float
        The estimates of the lowest eigenvalue, and of the largest by its size.
    direction : ndarray of shape (n_params,)
        The eigenvector of the lowest.
    """
    vector = np.random.RandomState(0).normal(size=n_params)
    basis: list[np.ndarray] = []
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(max_products, n_params)):
        basis.append(vector / np.linalg.norm(vector))
        vector = product(basis[-1])
        diagonal.append(float(basis[-1] @ vector))
        known = np.stack(basis)
        for _ in range(2):  # once more, for what rounding has left
            vector = vector - known.T @ (known @ vector)
        beside.append(float(np.linalg.norm(vector)))
        if beside[-1] <= tol * max(map(abs, diagonal)):
            break
    matrix = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(matrix)
    return values[0], float(np.abs(values).max()), vectors[:, 0] @ np.stack(basis)
