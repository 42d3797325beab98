"""Losses written as loops over numbers: an independent reference for those of the core.

Each function takes the raw scores and the target of one row and returns the value and
its gradient, both as a textbook has them, without a care for rounding or overflow.
Those with settings are made by a function of the settings.
"""

import math

from . import oracle


def by_output(value, slope):
    """Make a loss from its value and derivative for one output."""

    def per_row(scores, target):
        pairs = list(zip(scores, target, strict=True))
        return sum(value(s, t) for s, t in pairs), [slope(s, t) for s, t in pairs]

    return per_row


def sign(x):
    return float(x > 0) - float(x < 0)


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


def softmax(scores):
    total = sum(math.exp(s) for s in scores)
    return [math.exp(s) / total for s in scores]


# ------------------------------------------------------------------------- regression

absolute_error = by_output(lambda s, t: abs(s - t), lambda s, t: sign(s - t))
log_cosh = by_output(
    lambda s, t: math.log(math.cosh(s - t)), lambda s, t: math.tanh(s - t)
)
gamma = by_output(
    lambda s, t: math.log(math.exp(s) / t) + t / math.exp(s) - 1,
    lambda s, t: 1 - t * math.exp(-s),
)


def huber(delta):
    def value(s, t):
        size = abs(s - t)
        return size**2 / 2 if size <= delta else delta * (size - delta / 2)

    def slope(s, t):
        return s - t if abs(s - t) <= delta else delta * sign(s - t)

    return by_output(value, slope)


def pinball(level):
    """Return value and derivative for one prediction, which is as high as its score."""

    def value(s, t):
        return level * (t - s) if t > s else (1 - level) * (s - t)

    def slope(s, t):
        if s == t:
            return 0.0
        return -level if t > s else 1 - level

    return value, slope


def quantile(level):
    return by_output(*pinball(level))


def quantiles(levels):
    """Several levels of one target, crossing or not."""

    def per_row(scores, target):
        value, gradient = 0.0, []
        for level, score in zip(levels, scores, strict=True):
            of_level, slope = pinball(level)
            value += of_level(score, target[0])
            gradient.append(slope(score, target[0]))
        return value, gradient

    return per_row


def quantiles_in_order(levels):
    """Several levels, each prediction being the one before and a softplus."""

    def per_row(scores, target):
        heights = [scores[0]]
        for score in scores[1:]:
            heights.append(heights[-1] + math.log(1 + math.exp(score)))
        value, slopes = quantiles(levels)(heights, target)
        gradient = [sum(slopes)]
        for j in range(1, len(scores)):
            gradient.append(sigmoid(scores[j]) * sum(slopes[j:]))
        return value, gradient

    return per_row


# --------------------------------------------------------------------- classification


def binary(cost, slope):
    """Make a loss from the cost of a yes of probability p, and its derivative in p.

    By symmetry a no of probability 1 - p costs as much; a soft target is the
    expectation.
    """

    def value(s, t):
        p = sigmoid(s)
        return t * cost(p) + (1 - t) * cost(1 - p)

    def derivative(s, t):
        p = sigmoid(s)
        return (t * slope(p) - (1 - t) * slope(1 - p)) * p * (1 - p)

    return by_output(value, derivative)


def categorical(cost, slope):
    """Make a loss from the cost of each class and its derivatives in all shares."""

    def per_row(scores, target):
        shares = softmax(scores)
        classes = range(len(scores))
        value = sum(target[k] * cost(shares, k) for k in classes)
        gradient = []
        for j in classes:
            total = 0.0
            for k in classes:
                for i in classes:
                    moves = shares[i] * ((i == j) - shares[j])
                    total += target[k] * slope(shares, k, i) * moves
            gradient.append(total)
        return value, gradient

    return per_row


def smoothed(per_row, share, n_classes):
    """Make a loss whose targets have a share spread evenly over the classes."""

    def smooth(scores, target):
        return per_row(scores, [(1 - share) * t + share / n_classes for t in target])

    return smooth


soft_binary = binary(lambda p: -math.log(p), lambda p: -1 / p)
soft_categorical = categorical(
    lambda shares, k: -math.log(shares[k]),
    lambda shares, k, i: -1 / shares[k] if i == k else 0.0,
)


# For yes-or-no outputs there is one probability, and half its squared error.
squared_binary = binary(lambda p: (1 - p) ** 2 / 2, lambda p: p - 1)
squared_categorical = categorical(
    lambda shares, k: sum(((j == k) - p) ** 2 / 2 for j, p in enumerate(shares)),
    lambda shares, k, i: shares[i] - (i == k),
)


def focal_slope(p, gamma):
    return gamma * (1 - p) ** (gamma - 1) * math.log(p) - (1 - p) ** gamma / p


def focal_binary(gamma):
    return binary(
        lambda p: -((1 - p) ** gamma) * math.log(p), lambda p: focal_slope(p, gamma)
    )


def focal_categorical(gamma):
    return categorical(
        lambda shares, k: -((1 - shares[k]) ** gamma) * math.log(shares[k]),
        lambda shares, k, i: focal_slope(shares[k], gamma) if i == k else 0.0,
    )


def hinge_slope(slack, power):
    return power * slack ** (power - 1) if slack > 0 else 0.0


def hinge_binary(power):
    def value(s, t):
        return t * max(0, 1 - s) ** power + (1 - t) * max(0, 1 + s) ** power

    def slope(s, t):
        return (1 - t) * hinge_slope(1 + s, power) - t * hinge_slope(1 - s, power)

    return by_output(value, slope)


def hinge_categorical(power):
    def per_row(scores, target):
        value, gradient = 0.0, [0.0] * len(scores)
        for k, t in enumerate(target):
            others = [j for j in range(len(scores)) if j != k]
            if not others:
                continue
            rival = max(others, key=lambda j: scores[j])  # the first, if several
            slack = 1 + scores[rival] - scores[k]
            value += t * max(0, slack) ** power
            gradient[k] -= t * hinge_slope(slack, power)
            gradient[rival] += t * hinge_slope(slack, power)
        return value, gradient

    return per_row


# ---------------------------------------------------------- from an object to its equal

OF_OUTPUTS = {
    "SquaredError": lambda loss: oracle.squared_error,
    "AbsoluteError": lambda loss: absolute_error,
    "Huber": lambda loss: huber(loss.delta),
    "LogCosh": lambda loss: log_cosh,
    "Poisson": lambda loss: oracle.poisson,
    "Gamma": lambda loss: gamma,
    "BinaryCrossEntropy": lambda loss: oracle.binary_log_loss,
    "SoftBinaryCrossEntropy": lambda loss: smoothed(
        soft_binary, loss.label_smoothing, 2
    ),
    "BinarySquaredError": lambda loss: squared_binary,
    "BinaryFocal": lambda loss: focal_binary(loss.gamma),
    "BinaryHinge": lambda loss: hinge_binary(loss.power),
}
OF_HEADS = {
    "CrossEntropy": lambda loss, k: oracle.categorical_log_loss,
    "SoftCrossEntropy": lambda loss, k: smoothed(
        soft_categorical, loss.label_smoothing, k
    ),
    "CategoricalSquaredError": lambda loss, k: squared_categorical,
    "CategoricalFocal": lambda loss, k: focal_categorical(loss.gamma),
    "CategoricalHinge": lambda loss, k: hinge_categorical(loss.power),
}


def of(loss):
    """Return the loop-written equal of a loss."""
    name = type(loss).__name__
    if name in OF_OUTPUTS:
        return OF_OUTPUTS[name](loss)
    if name == "Quantile":
        return of_quantile(loss)

    def per_row(scores, target):
        value, gradient = 0.0, []
        for head, k in zip(loss.heads(), loss.n_classes, strict=True):
            part = OF_HEADS[name](loss, k)(scores[head], target[head])
            value, gradient = value + part[0], gradient + part[1]
        return value, gradient

    return per_row


def of_quantile(loss):
    if len(loss.levels()) == 1:
        return quantile(*loss.levels())
    make = quantiles_in_order if loss.non_crossing else quantiles
    return make(loss.quantile)
