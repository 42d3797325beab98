"""Random draws with the interface of a trial."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Dice:
    """Answers as a trial does, at random.

    Parameters
    ----------
    rng : RandomState
        The source of randomness.
    """

    def __init__(self, rng: np.random.RandomState) -> None:
        self._rng = rng

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        """Return a real number at random."""
        if log:
            drawn = float(np.exp(self._rng.uniform(np.log(low), np.log(high))))
            return min(max(drawn, low), high)
        return float(self._rng.uniform(low, high))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number at random."""
        if not log:
            return int(self._rng.randint(low, high + 1))
        # Each number gets the length that it has on the axis of logarithms.
        ends = np.log(low - 0.5), np.log(high + 0.5)
        drawn = round(float(np.exp(self._rng.uniform(*ends))))
        return min(max(drawn, low), high)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of several values at random."""
        return choices[self._rng.randint(len(choices))]
