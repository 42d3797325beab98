"""Modules for the layers that PyTorch has none for."""

import torch
from torch import Tensor, nn

__all__ = [
    "Affine",
    "BinaryStep",
    "Certain",
    "CumulativeSoftplus",
    "DropConnect",
    "Exp",
    "GroupNorm",
    "Heads",
    "Soboleva",
    "Standardize",
    "TwoColumns",
    "UnitLength",
]


class Standardize(nn.Module):
    """Subtracts a center from each feature and divides it by a spread."""

    center: Tensor
    spread: Tensor

    def __init__(self, center: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("center", center)
        self.register_buffer("spread", spread)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled features."""
        return (x - self.center) / self.spread


class Affine(nn.Module):
    """Multiplies each column by a factor and adds an offset: back to users' units."""

    factor: Tensor
    offset: Tensor

    def __init__(self, factor: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor)
        self.register_buffer("offset", offset)

    def forward(self, x: Tensor) -> Tensor:
        """Return the predictions in the units of the target."""
        return x * self.factor + self.offset


class DropConnect(nn.Linear):
    """The affine map with each weight switched off at random while it is trained."""

    def __init__(self, n_in: int, n_out: int, rate: float, dtype: torch.dtype) -> None:
        super().__init__(n_in, n_out, dtype=dtype)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Map the rows, all over the same weights."""
        kept = nn.functional.dropout(self.weight, self.rate, self.training)
        return nn.functional.linear(x, kept, self.bias)


class GroupNorm(nn.Module):
    """Normalisation over groups of units, of which a single unit is one too."""

    def __init__(
        self, groups: int, scale: Tensor, shift: Tensor, epsilon: float
    ) -> None:
        super().__init__()
        self.groups, self.epsilon = groups, epsilon
        self.weight, self.bias = nn.Parameter(scale), nn.Parameter(shift)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised rows."""
        rows = x.unflatten(1, (self.groups, -1))
        normal = nn.functional.layer_norm(rows, rows.shape[2:], eps=self.epsilon)
        return normal.flatten(1) * self.weight + self.bias


class BinaryStep(nn.Module):
    """1 where an entry is not negative, else 0; without a gradient."""

    def forward(self, x: Tensor) -> Tensor:
        """Tell the side of zero."""
        return torch.clamp(torch.sign(x) + 1.0, max=1.0)


class Soboleva(nn.Module):
    """The Soboleva modified hyperbolic tangent."""

    def __init__(self, a: float, b: float, c: float, d: float) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = a, b, c, d

    def forward(self, x: Tensor) -> Tensor:
        """Squash between the limits."""
        shift = torch.maximum(self.c * x, -self.d * x)
        rise, fall, up, down = (
            torch.exp(rate * x - shift) for rate in (self.a, -self.b, self.c, -self.d)
        )
        return (rise - fall) / (up + down)


class UnitLength(nn.Module):
    """Divides each row by its Euclidean length."""

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled rows."""
        return x / torch.sqrt((x * x).sum(dim=1, keepdim=True) + self.epsilon)


class Exp(nn.Module):
    """The exponential function, a log link's inverse."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the exponentials."""
        return torch.exp(x)


class CumulativeSoftplus(nn.Module):
    """Quantiles in ascending order: the first, and rises from each to the next."""

    def forward(self, x: Tensor) -> Tensor:
        """Sum up the rises."""
        rises = nn.functional.softplus(x[:, 1:], threshold=40.0)
        return torch.cumsum(torch.cat([x[:, :1], rises], dim=1), dim=1)


class TwoColumns(nn.Module):
    """A column for each of two classes out of the score of the second."""

    def forward(self, x: Tensor) -> Tensor:
        """Return both scores."""
        return torch.cat([-x, x], dim=1)


class Certain(nn.Module):
    """The probability of the only class there is."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ones."""
        return torch.ones_like(x)


class Heads(nn.Module):
    """The probabilities of each of several outputs."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.widths = tuple(widths)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return a matrix for each output."""
        return tuple(head.softmax(dim=1) for head in x.split(self.widths, dim=1))
