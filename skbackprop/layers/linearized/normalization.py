"""Normalisation near a point."""

import numpy as np

from skbackprop.layers.linearized.base import Arrays, Linearized, column_sums


class Scaled(Linearized):
    """What is standardised in some way, then scaled and shifted for each unit.

    Parameters
    ----------
    standard : ndarray of shape (n_rows, n_in)
        The standardised input.
    scale : ndarray of shape (n_in,)
        What it is multiplied by.
    inner : Linearized
        What standardises it.
    """

    def __init__(
        self, standard: np.ndarray, scale: np.ndarray, inner: Linearized
    ) -> None:
        self.standard, self.scale, self.inner = standard, scale, inner

    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray:
        """Return the changes of input, scale and shift together."""
        tangent_scale, tangent_shift = (t[:, np.newaxis] for t in tparams[:2])
        ty = self.standard * tangent_scale + tangent_shift
        inner = self.inner.tangent(tx, ())
        return ty if inner is None else ty + inner * self.scale

    def gradients(self, dy: np.ndarray, dparams: Arrays) -> None:
        """Write the gradients of scale and shift."""
        dparams[0][...] = column_sums(dy * self.standard)
        dparams[1][...] = column_sums(dy)

    def cotangent(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input."""
        return self.inner.cotangent(dy * self.scale)

    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> np.ndarray:
        """Return what the changes do to the gradient."""
        change = self.inner.tangent(tx, ())
        if change is not None:
            np.add(dparams[0], column_sums(change * dy), out=dparams[0])
        turned = self.inner.cotangent(dy * tparams[0][:, np.newaxis])
        bent = self.inner.bend(tx, (), dy * self.scale, ())
        return turned if bent is None else turned + bent

    def squares(self, dy: np.ndarray, squared: Arrays) -> None:
        """Add the squares of the gradients of scale and shift."""
        squared[0][...] += ((dy * self.standard) ** 2).sum(axis=(0, 1))
        squared[1][...] += (dy**2).sum(axis=(0, 1))

    def row_gradients(self, dy: np.ndarray, rows: Arrays) -> None:
        """Write the gradients of scale and shift."""
        np.multiply(dy, self.standard, out=rows[0])
        rows[1][...] = dy


class Standardised(Linearized):
    """Groups of each row, brought to mean 0 and variance 1.

    Parameters
    ----------
    standard : ndarray of shape (n_rows, n_in)
        The standardised input.
    root : ndarray of shape (n_rows * n_groups,)
        The inverse standard deviation of each group.
    n_groups : int
        The number of groups in a row.
    """

    def __init__(self, standard: np.ndarray, root: np.ndarray, n_groups: int) -> None:
        self.n_groups = n_groups
        self.standard = self._grouped(standard)
        self.root = root.reshape(*self.standard.shape[:-1], 1)

    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray | None:
        """Return the change without its mean and its part along the groups."""
        if tx is None:
            return None
        return (self._centered(self._grouped(tx)) * self.root).reshape(tx.shape)

    def cotangent(self, dy: np.ndarray) -> np.ndarray:
        """Return the same of the gradient: the derivative is symmetric."""
        return (self._centered(self._grouped(dy)) * self.root).reshape(dy.shape)

    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> np.ndarray | None:
        """Return what a change of the input does to the gradient."""
        if tx is None:
            return None
        t, g, s = self._grouped(tx), self._grouped(dy), self.standard
        along = _mean(t * s)
        change = self._centered(t) * self.root
        pulled = self._centered(g) * self.root
        bent = change * _mean(g * s) + s * _mean(change * g)
        return -(self.root * (pulled * along + bent)).reshape(tx.shape)

    def _grouped(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:-1], self.n_groups, -1)

    def _centered(self, x: np.ndarray) -> np.ndarray:
        """Take away the mean, and what points along the standardised input."""
        return x - _mean(x) - self.standard * _mean(x * self.standard)


class Directed(Linearized):
    """Rows divided by their length.

    Parameters
    ----------
    direction : ndarray of shape (n_rows, n_in)
        The output.
    length : ndarray of shape (n_rows, 1)
        What the rows are divided by.
    """

    def __init__(self, direction: np.ndarray, length: np.ndarray) -> None:
        self.direction, self.length = direction, length

    def tangent(self, tx: np.ndarray | None, tparams: Arrays) -> np.ndarray | None:
        """Return the change without its part along the rows, over their length."""
        return None if tx is None else self.cotangent(tx)

    def cotangent(self, dy: np.ndarray) -> np.ndarray:
        """Return the same of the gradient: the derivative is symmetric."""
        return (dy - self.direction * _along(self.direction, dy)) / self.length

    def bend(
        self,
        tx: np.ndarray | None,
        tparams: Arrays,
        dy: np.ndarray,
        dparams: Arrays,
    ) -> np.ndarray | None:
        """Return what a change of the input does to the gradient."""
        if tx is None:
            return None
        y, turned = self.direction, self.cotangent(tx)
        stretched = self.cotangent(dy) * _along(y, tx)
        bent = turned * _along(y, dy) + y * _along(turned, dy)
        return -(stretched + bent) / self.length


def _mean(x: np.ndarray) -> np.ndarray:
    return x.mean(axis=-1, keepdims=True)


def _along(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(axis=-1, keepdims=True)
