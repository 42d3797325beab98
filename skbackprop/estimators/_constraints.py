"""What the parameters of the estimators may be.

A table for each estimator, which takes the bases of all families: the estimators look
theirs up when they are first asked, see ``Constraints``.
"""

from numbers import Integral, Real

import numpy as np

from skbackprop._compat import Interval, Options, StrOptions
from skbackprop.augmentation import Augmentation
from skbackprop.averaging import Averaging
from skbackprop.initializers import Initializer
from skbackprop.layers import Activation, Dropout, Normalization
from skbackprop.losses import ClassificationLoss, PairLoss, RegressionLoss
from skbackprop.masking import PruningSchedule
from skbackprop.penalties import Penalty
from skbackprop.schedules import Schedule
from skbackprop.solvers import Solver
from skbackprop.training import StoppingRule
from skbackprop.training.scaling import Scaling

RATE = [Interval(Real, 0, 1, closed="left")]

LIMIT = [Interval(Real, 0, None, closed="neither"), None]

OF_ALL: dict[str, list] = {
    "hidden_layer_sizes": [
        "array-like",
        Interval(Integral, 1, None, closed="left"),
        str,
    ],
    "activation": [*Activation.constraint(), list, tuple],
    "solver": Solver.constraint(),
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "scoring": [str, callable, None],
    "n_hidden_layers": [Interval(Integral, 0, None, closed="left"), None],
    "weight_init": [StrOptions({"auto"}), *Initializer.constraint()],
    "normalization": [*Normalization.constraint(), None],
    "dropout": [*RATE, Dropout, list, tuple],
    "input_dropout": [*RATE, Dropout],
    "dropconnect": RATE,
    "augmentation": [*Augmentation.constraint(), callable, list, tuple, None],
    "scaling": [*Scaling.constraint(), None],
    "stopping": [*StoppingRule.constraint(), list, tuple, None],
    "pruning": [*PruningSchedule.constraint(), None],
    "gradient_health": ["boolean", Interval(Integral, 1, None, closed="left")],
    "learning_rate": [*Schedule.constraint(), callable],
    "penalty": [*Penalty.constraint(), None],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "max_norm": LIMIT,
    "clip_norm": LIMIT,
    "clip_value": LIMIT,
    "averaging": [*Averaging.constraint(), None],
}

OF_CLASSIFIERS: dict[str, list] = {
    **OF_ALL,
    "loss": ClassificationLoss.constraint(),
    "class_weight": [dict, list, StrOptions({"balanced"}), None],
}

OF_REGRESSORS: dict[str, list] = {**OF_ALL, "loss": RegressionLoss.constraint()}

OF_EMBEDDERS: dict[str, list] = {
    **OF_ALL,
    "n_components": [Interval(Integral, 1, None, closed="left")],
    "loss": PairLoss.constraint(),
    "normalize": ["boolean"],
    # Of a single row there is nothing to compare.
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left")],
}
