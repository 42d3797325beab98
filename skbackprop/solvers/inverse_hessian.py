"""What the last few steps tell of the inverse of the Hessian."""

from math import sqrt

import numpy as np

from skbackprop.core.ops import dense_product
from skbackprop.solvers.function import Point


class InverseHessian:
    """The estimate of L-BFGS, in its compact form.

    With steps as the rows of S, changes of the gradient as the rows of Y, R the upper
    triangle of S Y', D its diagonal, and c the scale, the product with g is ::

        c g + S' u - c Y' p,  with p = inv(R) S g,  u = inv(R)' (D p + c (Y Y' p - Y g))

    It takes three passes over S and Y, whatever their number of rows, where the usual
    two loops take short operations for each row.

    Parameters
    ----------
    n_params : int
        The length of vectors.
    memory : int
        How many steps are remembered.
    dtype : dtype
        The type of vectors. What is as small as ``memory`` is in float64.

    References
    ----------
    R. Byrd, J. Nocedal and R. Schnabel, "Representations of quasi-Newton matrices and
    their use in limited memory methods", 1994, theorem 2.2.
    """

    def __init__(self, n_params: int, memory: int, dtype: np.dtype) -> None:
        self.memory, self.n_learnt, self.scale = memory, 0, 1.0
        self.eps = float(np.finfo(dtype).eps)
        # All that directions are made of: S, Y and the gradient. The formulas hold for
        # any order of the pairs, so that a new one takes the place of the oldest.
        self.rows = np.zeros((2 * memory + 1, n_params), dtype)
        self.direction = np.empty(n_params, dtype)
        # A number for each row: its product with a vector, or its share in one.
        self.numbers = np.empty(2 * memory + 1)
        self.of_steps, self.of_changes = self.numbers[:memory], self.numbers[memory:-1]
        self.rounded = np.empty(2 * memory + 1, dtype)
        self.inverse = np.zeros((memory, memory))
        self.squares = np.zeros((memory, memory))
        self.bends, self.p, self.u, self.scratch = np.zeros((4, memory))

    @property
    def is_known(self) -> bool:
        """Whether any step has been learnt."""
        return self.n_learnt > 0

    def forget(self) -> None:
        """Forget all steps."""
        for array in (self.rows, self.inverse, self.squares, self.bends):
            array.fill(0.0)
        self.n_learnt = 0

    def descent(self, gradient: np.ndarray) -> np.ndarray:
        """Return minus the product with a gradient.

        Parameters
        ----------
        gradient : ndarray of shape (n_params,)
            The gradient.

        Returns
        -------
        ndarray of shape (n_params,)
            The direction, in a buffer.
        """
        dot, scale, p, u = dense_product, self.scale, self.p, self.u
        self.rows[-1] = gradient
        self._multiply(gradient)
        dot(self.inverse, self.of_steps, p)
        dot(self.squares, p, u)
        np.subtract(u, self.of_changes, u)
        np.multiply(u, scale, u)
        np.add(u, np.multiply(self.bends, p, self.scratch), u)
        np.negative(u, u)
        dot(u, self.inverse, self.of_steps)
        np.multiply(p, scale, self.of_changes)
        self.numbers[-1] = -scale
        self.rounded[...] = self.numbers
        return dot(self.rounded, self.rows, self.direction)

    def learn(self, point: Point, ahead: Point) -> None:
        """Take in how much the gradient has changed along a step.

        Where the curvature is not above zero beyond rounding, it teaches nothing.

        Parameters
        ----------
        point, ahead : Point
            Where from, and where to.
        """
        m, at = self.memory, self.n_learnt % self.memory
        # All there is of the oldest in its column of the triangle is on the diagonal.
        self.inverse[at] = 0.0
        step = np.subtract(ahead.x, point.x, self.rows[at])
        change = np.subtract(ahead.gradient, point.gradient, self.rows[m + at])
        self._multiply(change)
        bend, square = self.of_steps.item(at), self.of_changes.item(at)
        # What rounding alone may come to, whatever the scale of the function.
        noise = self.eps * sqrt(square * float(step.dot(step)))
        if not bend > noise > 0:
            self._drop(at)
            return
        dense_product(self.inverse, self.of_steps, self.p)
        np.multiply(self.p, -1.0 / bend, self.inverse[:, at])
        self.inverse[at, at] = 1.0 / bend
        self.squares[at] = self.squares[:, at] = self.of_changes
        self.bends[at], self.scale = bend, bend / square
        self.n_learnt += 1

    def _drop(self, at: int) -> None:
        """Forget the oldest pair: its place has been written to."""
        self.rows[at] = self.rows[self.memory + at] = self.bends[at] = 0.0
        self.squares[at] = self.squares[:, at] = 0.0

    def _multiply(self, vector: np.ndarray) -> None:
        dense_product(self.rows, vector, self.rounded)
        self.numbers[...] = self.rounded
