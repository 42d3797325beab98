"""The law of each member: what it changes, how often, and what it leaves alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop.augmentation import (
    Augmentation,
    Custom,
    FeatureDropout,
    GaussianNoise,
    ImageShift,
    InTurn,
    Mixup,
)
from skbackprop.core.spec import resolve

FORMATS = [sparse.csr_array, sparse.csr_matrix]
N = 4000


def rng(seed=0):
    return np.random.default_rng(seed)


def rows(n=N, n_features=5, dtype=np.float64):
    return rng(9).normal(size=(n, n_features)).astype(dtype)


def targets(n=N, dtype=np.float64):
    return np.eye(3, dtype=dtype)[np.arange(n) % 3]


def changed(member, X=None, y=None, weight=None, seed=0):
    """Apply a member to copies, and look at what any of them must keep."""
    X = rows() if X is None else X
    y = targets(X.shape[0], X.dtype) if y is None else y
    new_X, new_y = member.apply(X.copy(), y.copy(), rng(seed), weight)
    assert (new_X.shape, new_X.dtype) == (X.shape, X.dtype)
    assert (new_y.shape, new_y.dtype) == (y.shape, y.dtype)
    assert sparse.issparse(new_X) == sparse.issparse(X)
    return new_X, new_y


EVERY = {
    "gaussian_noise": GaussianNoise(),
    "feature_dropout": FeatureDropout(),
    "mixup": Mixup(),
    "image_shift": ImageShift((1, 5)),
    "custom": Custom(lambda X, y, rng: (X + rng.normal(), y)),
    "in_turn": InTurn([FeatureDropout(), Mixup()]),
}


def test_there_is_a_case_for_every_member():
    # What functions and lists become has no name to be asked for by.
    assert set(EVERY) - {"custom", "in_turn"} == set(Augmentation.members())


@pytest.mark.parametrize("member", EVERY.values(), ids=EVERY)
def test_the_generator_alone_sets_what_comes_out(member):
    one, same, other = (changed(member, seed=seed) for seed in (1, 1, 2))
    assert_array_equal(one[0], same[0])
    assert_array_equal(one[1], same[1])
    assert (one[0] != other[0]).any()


@pytest.mark.parametrize("name", ["gaussian_noise", "feature_dropout", "mixup"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_member_changes_the_type(name, dtype):
    changed(resolve(Augmentation, name), rows(dtype=dtype))


# ------------------------------------------------------------------------------ noise


def test_noise_is_normal_with_the_given_scale():
    X = rows()
    new_X, new_y = changed(GaussianNoise(scale=0.3), X)
    noise = (new_X - X) / 0.3
    assert abs(noise.mean()) < 5 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 5 * np.sqrt(2 / noise.size)
    assert abs((noise**4).mean() - 3) < 5 * np.sqrt(96 / noise.size)
    assert_array_equal(new_y, targets())


@pytest.mark.parametrize("member", [GaussianNoise(), ImageShift((1, 5))], ids=repr)
def test_what_would_make_sparse_rows_dense_says_so(member):
    with pytest.raises(ValueError, match=r"would make a sparse X dense: .*toarray"):
        member.apply(sparse.csr_array(rows()), targets(), rng(), None)


# -------------------------------------------------------------------- feature dropout


@pytest.mark.parametrize("rate", [0.1, 0.7])
@pytest.mark.parametrize("make", [np.asarray, *FORMATS])
def test_features_vanish_at_the_rate_and_the_rest_stays(rate, make):
    X = rows()
    new_X, new_y = changed(FeatureDropout(rate=rate), make(X))
    dense = new_X.toarray() if sparse.issparse(new_X) else new_X
    gone = dense == 0
    assert abs(gone.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / gone.size)
    # Not scaled up, as dropout would be.
    assert_array_equal(dense[~gone], X[~gone])
    assert_array_equal(new_y, targets())


# ------------------------------------------------------------------------------ mixup


def test_rows_and_targets_are_mixed_with_the_same_share():
    # Row i holds i and i squared, so that two rows can be told from their mixture.
    i = np.arange(50.0)
    X, y = np.column_stack([i, i**2, np.ones(50)]), np.column_stack([3 * i, -i])
    new_X, new_y = changed(Mixup(alpha=1.0), X, y)
    assert_allclose(new_y, np.column_stack([3 * new_X[:, 0], -new_X[:, 0]]), atol=1e-9)
    assert_allclose(new_X[:, 2], 1.0)
    # mean of squares - square of mean = share (1 - share) (i - j)^2
    assert (new_X[:, 1] - new_X[:, 0] ** 2 > -1e-9).all()
    assert (new_X[:, 1] - new_X[:, 0] ** 2 > 1e-3).sum() > 30


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_are_drawn_from_the_beta_distribution(alpha):
    # All rows but one half are 0, all of the other half 1: the share shows at once.
    X = np.repeat([[0.0], [1.0]], N // 2, axis=0)
    new_X, _ = changed(Mixup(alpha=alpha), X, X)
    mixed = new_X[(new_X > 0) & (new_X < 1)]
    assert abs(mixed.size / N - 0.5) < 0.05
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(mixed.mean() - 0.5) < 5 * np.sqrt(variance / mixed.size)
    assert abs(mixed.var() - variance) < 0.1 * variance


def test_mixed_targets_of_classes_still_sum_to_one():
    _, y = changed(Mixup(alpha=1.0))
    assert_allclose(y.sum(axis=1), 1.0)
    assert ((y > 0.05) & (y < 0.95)).any(axis=1).mean() > 0.4


def test_partners_are_drawn_by_weight():
    X = np.repeat([[0.0], [1.0]], N // 2, axis=0)
    weight = np.repeat([3.0, 1.0], N // 2)
    new_X, _ = changed(Mixup(alpha=1.0), X, X, weight)
    # Of rows that are 0, a quarter meets a 1; of rows that are 1, three quarters a 0.
    assert abs((new_X[: N // 2] > 0).mean() - 0.25) < 5 * np.sqrt(0.19 / (N / 2))
    assert abs((new_X[N // 2 :] < 1).mean() - 0.75) < 5 * np.sqrt(0.19 / (N / 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_of_weight_zero_is_nobodys_partner(dtype):
    X, weight = rows(dtype=dtype), np.ones(N, dtype)
    weight[::2], X[::2] = 0.0, 1e6
    new_X, _ = changed(Mixup(), X, weight=weight)
    assert np.abs(new_X[1::2]).max() < 10


def test_a_chunk_that_weighs_nothing_is_no_error():
    changed(Mixup(), weight=np.zeros(N))


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_are_mixed_as_dense_ones(dtype, make):
    X = (rows() * (rng(4).uniform(size=(N, 5)) < 0.3)).astype(dtype)
    mixed, y = changed(Mixup(), make(X))
    dense, y_dense = changed(Mixup(), X)
    assert_allclose(mixed.toarray(), dense, rtol=1e-5, atol=1e-6)
    assert_array_equal(y, y_dense)
    assert mixed.format == "csr"


# ------------------------------------------------------------------------------ shift


def shifted_by(image, down, right, fill):
    """Shift one image, pixel by pixel."""
    out = np.full_like(image, fill)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            to = row + down, column + right
            if 0 <= to[0] < image.shape[0] and 0 <= to[1] < image.shape[1]:
                out[to] = image[row, column]
    return out


@pytest.mark.parametrize("shape", [(4, 6), (5, 5), (3, 4, 2), (1, 3)])
@pytest.mark.parametrize("max_shift", [1, 2, 7])
def test_images_are_shifted_whole_and_the_border_is_filled(shape, max_shift):
    images = rows(200, int(np.prod(shape)))
    member = ImageShift(shape, max_shift=max_shift, fill=-9.0)
    new, _ = changed(member, images)
    reach = range(-max_shift, max_shift + 1)
    found = np.zeros((len(reach), len(reach)), int)
    for before, after in zip(images, new, strict=True):
        candidates = [
            (down, right)
            for down in reach
            for right in reach
            if (
                shifted_by(before.reshape(shape), down, right, -9.0).ravel() == after
            ).all()
        ]
        assert candidates
        found[tuple(np.add(candidates[0], max_shift))] += 1
    if max_shift < min(shape[:2]) - 1 and max_shift == 1:
        # All nine shifts are as likely: 22 each, give or take 4.4.
        assert found.min() > 4


def test_images_are_square_unless_told_otherwise():
    X = rows(30, 16)
    assert_array_equal(changed(ImageShift(), X)[0], changed(ImageShift((4, 4)), X)[0])


@pytest.mark.parametrize(
    "shape", [None, (2, 3), (5,), (1, 1, 1, 5), (1.0, 5.0), (-1, -5), (1, "5")]
)
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"does not fit 5 features: give \(height"):
        changed(ImageShift(shape))


# -------------------------------------------------------------------- functions, lists


WRONG_ANSWERS = {
    "no pair": (lambda X, y: X, "must return a tuple"),
    "three": (lambda X, y: (X, y, y), "must return a tuple"),
    "a list": (lambda X, y: [X, y], "must return a tuple"),
    "fewer rows": (lambda X, y: (X[:-1], y[:-1]), "must keep the shapes"),
    "a vector": (lambda X, y: (X, y[:, 0]), "must keep the shapes"),
    "fewer features": (lambda X, y: (X[:, :-1], y), "must keep the shapes"),
    "sparse": (lambda X, y: (sparse.csr_array(X), y), "sparse X for a sparse"),
}


@pytest.mark.parametrize(
    ("answer", "message"), WRONG_ANSWERS.values(), ids=WRONG_ANSWERS
)
def test_what_a_function_may_not_return(answer, message):
    with pytest.raises(ValueError, match=message):
        changed(Custom(lambda X, y, rng: answer(X, y)))


@pytest.mark.parametrize("convert", ["tocsc", "tocoo", "tocsr"])
def test_a_function_may_return_sparse_rows_of_any_format(convert):
    member = Custom(lambda X, y, rng: (getattr(X, convert)(), y))
    X = sparse.csr_array(rows(20))
    new_X, _ = changed(member, X)
    assert new_X.format == "csr"
    assert_array_equal(new_X.toarray(), X.toarray())
    with pytest.raises(ValueError, match="sparse X for a sparse"):
        changed(Custom(lambda X, y, rng: (X.toarray(), y)), X)


def test_steps_come_one_after_the_other():
    double = Custom(lambda X, y, rng: (2 * X, y))
    add = Custom(lambda X, y, rng: (X + 1, -y))
    new_X, new_y = changed(InTurn([double, add, double]))
    assert_allclose(new_X, 2 * (2 * rows() + 1))
    assert_array_equal(new_y, -targets())


def test_what_changes_targets_says_so():
    soft = {name for name, member in EVERY.items() if member.softens}
    assert soft == {"mixup", "custom", "in_turn"}


@pytest.mark.parametrize(
    "member",
    [
        GaussianNoise(scale=0.0),
        FeatureDropout(rate=1.0),
        Mixup(alpha=0.0),
        ImageShift(max_shift=0),
        ImageShift(shape=4),
        Custom(),
        InTurn(Mixup()),
    ],
    ids=repr,
)
def test_settings_out_of_range_are_refused(member):
    with pytest.raises(ValueError, match=f"parameter of {type(member).__name__}"):
        resolve(Augmentation, member)
