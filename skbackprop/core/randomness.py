"""Random bits for the rows of batches, and what else layers are to know of a batch."""

from collections.abc import Callable

import numpy as np

__all__ = ["BITS", "Pass", "row_bits", "shared_bits"]

# Bits to a random number: chances are multiples of one in 65,536.
BITS = 16
NUMBERS_IN_A_WORD = 64 // BITS


class Pass:
    """What layers are told of the batch at hand, in training only.

    Parameters
    ----------
    seed : int
        Sets all random numbers of a fit.
    first_row : int
        Rows that were trained on before the first batch.
    mean_weight : float
        What a relative weight of 1 stands for.

    Attributes
    ----------
    share : ndarray of shape (n_rows, 1) or None
        The share of each row in the total weight of the batch; None if all are equal.
    total : float
        The total weight of the batch: its number of rows, where a weight is a
        repetition.
    n_counted : int
        How many rows of the batch have a weight above zero.
    """

    __slots__ = ("first_row", "mean_weight", "n_counted", "seed", "share", "total")

    def __init__(self, seed: int, first_row: int, mean_weight: float = 1.0) -> None:
        self.seed, self.first_row, self.mean_weight = seed, first_row, mean_weight
        self.share: np.ndarray | None = None
        self.total = 1.0
        self.n_counted = 1


def row_bits(
    now: Pass, key: int, first: int, rows: int, width: int
) -> Callable[[], np.ndarray]:
    """Return a source of random numbers for some rows of each batch.

    The numbers of a row depend on its place in the course of training alone, so that
    they are the same however many threads share the rows of a batch.

    Parameters
    ----------
    now : Pass
        Tells which batch it is.
    key : int
        Sets the numbers of one layer apart from those of others.
    first, rows : int
        The part of the batch.
    width : int
        How many numbers a row gets.

    Returns
    -------
    callable
        Returns the numbers of the batch at hand, an array of uint16 of shape (rows,
        width).
    """
    words = -(-width // NUMBERS_IN_A_WORD)
    draw = _addressed(now, key, rows * words)

    def numbers() -> np.ndarray:
        return draw((now.first_row + first) * words).reshape(rows, -1)[:, :width]

    return numbers


def shared_bits(
    now: Pass, key: int, shape: tuple[int, int]
) -> Callable[[], np.ndarray]:
    """Return a source of random numbers that all rows of a batch share.

    Parameters
    ----------
    now : Pass
        Tells which batch it is.
    key : int
        Sets the numbers of one layer apart from those of others.
    shape : tuple of int
        The shape of the numbers.

    Returns
    -------
    callable
        Returns the numbers of the batch at hand, an array of uint16.
    """
    size = shape[0] * shape[1]
    words = -(-size // NUMBERS_IN_A_WORD)
    draw = _addressed(now, key, words)
    return lambda: draw(now.first_row * words)[:size].reshape(shape)


def _addressed(now: Pass, key: int, n_words: int) -> Callable[[int], np.ndarray]:
    """Return a reader of one long random sequence, at any place ahead."""
    generator = np.random.PCG64DXSM([now.seed, key])
    position = 0

    def draw(start: int) -> np.ndarray:
        nonlocal position
        if start != position:
            generator.advance(start - position)
        position = start + n_words
        return generator.random_raw(n_words).view(np.uint16)

    return draw
