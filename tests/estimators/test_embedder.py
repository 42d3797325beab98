"""The embedder: a transformer whose distances tell classes apart."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skbackprop import BackpropClassifier, BackpropEmbedder
from skbackprop.augmentation import GaussianNoise, Mixup
from skbackprop.core.data import Data, MatrixTarget
from skbackprop.core.relay import relay
from skbackprop.core.threads import Crew
from skbackprop.evaluation import Evaluation
from skbackprop.layers import Dense, Tanh, UnitLength
from skbackprop.losses import Contrastive, Loss, PairLoss, Triplet
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.penalties import L2
from skbackprop.solvers.gradients import Gradients
from skbackprop.testing import check_objective

from ..builders import problem

SHORT = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LOSSES = list(PairLoss.members())
FAST = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.03, "max_iter": 60}
SMALL = {**FAST, "n_components": 3, "max_iter": 20, "random_state": 0}

X, Y = make_blobs(90, n_features=5, centers=4, cluster_std=3.0, random_state=0)
Y = Y % 3  # one class in two places


def fitted(X=X, y=Y, **params):
    return BackpropEmbedder(**{**SMALL, **params}).fit(X, y)


def neighbours(k=5):
    return KNeighborsClassifier(k)


# ------------------------------------------------------------------------ what it does


def test_it_is_a_supervised_transformer_and_no_predictor():
    tags = get_tags(BackpropEmbedder())
    assert tags.estimator_type is None
    assert tags.target_tags.required
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
    assert tags.input_tags.sparse
    assert not hasattr(BackpropEmbedder(), "predict")


@SHORT
@pytest.mark.parametrize("loss", LOSSES)
def test_neighbours_agree_more_in_few_dimensions_than_in_the_data(loss):
    # Two of twelve columns tell the classes apart.
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(600, 12))
    labels = (rows[:, 0] * rows[:, 1] > 0).astype(int)
    a, b, labels_a, labels_b = train_test_split(rows, labels, random_state=0)
    raw = neighbours().fit(a, labels_a).score(b, labels_b)
    embedder = BackpropEmbedder(2, 32, loss=loss, learning_rate_init=0.01, max_iter=60)
    model = make_pipeline(embedder.set_params(random_state=0), neighbours())
    assert model.fit(a, labels_a).score(b, labels_b) > raw + 0.05


@SHORT
def test_classes_that_were_not_trained_with_lie_apart_too():
    pixels, digits = load_digits(return_X_y=True)
    known = digits < 7
    embedder = BackpropEmbedder(scaling="standard", max_iter=20, random_state=0)
    embedder.fit(pixels[known], digits[known])
    new, labels = embedder.transform(pixels[~known]), digits[~known]
    assert neighbours(1).fit(new[::2], labels[::2]).score(new[1::2], labels[1::2]) > 0.9


@SHORT
@pytest.mark.parametrize("loss", LOSSES)
def test_rows_have_unit_length_where_asked_for(loss):
    lengths = np.linalg.norm(fitted(loss=loss, normalize=True).transform(X), axis=1)
    assert_allclose(lengths, 1.0)
    assert np.ptp(np.linalg.norm(fitted(loss=loss).transform(X), axis=1)) > 0.1


@SHORT
def test_the_map_is_that_of_its_weights():
    model = fitted(activation="tanh")
    (w1, w2), (b1, b2) = model.coefs_, model.intercepts_
    assert_allclose(model.transform(X), np.tanh(X @ w1 + b1) @ w2 + b2)
    assert (w2.shape, model.n_outputs_, model.n_layers_) == ((8, 3), 3, 3)
    assert model.out_activation_ == "identity"


@SHORT
def test_new_features_have_names_that_frames_bear():
    model = fitted()
    names = [f"backpropembedder{i}" for i in range(3)]
    assert model.get_feature_names_out().tolist() == names
    pytest.importorskip("pandas")
    frame = clone(model).set_output(transform="pandas").fit_transform(X, Y)
    assert frame.columns.tolist() == names


@SHORT
@pytest.mark.parametrize("loss", LOSSES)
def test_single_precision_stays_and_sparse_data_is_welcome(loss):
    single = fitted(X.astype(np.float32), loss=loss)
    assert single.coefs_[0].dtype == np.float32
    assert single.transform(X.astype(np.float32)).dtype == np.float32
    sparse = fitted(csr_matrix(X), loss=loss)
    expected = fitted(loss=loss).transform(X)
    assert_allclose(sparse.transform(csr_matrix(X)), expected, rtol=1e-5, atol=1e-8)


@SHORT
@pytest.mark.parametrize(
    "labels",
    [Y.astype(str), Y.astype(str).astype(object), Y > 0, Y + 0.0],
    ids=["strings", "objects", "booleans", "floats"],
)
def test_labels_of_any_type_will_do(labels):
    plain = np.unique(labels, return_inverse=True)[1]
    assert_array_equal(fitted(y=labels).transform(X), fitted(y=plain).transform(X))


@SHORT
def test_fitted_models_survive_a_pickle():
    model = fitted(normalize=True)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.transform(X), model.transform(X))


@SHORT
def test_slots_are_searched_as_elsewhere():
    model = make_pipeline(fitted(loss=Triplet()), neighbours())
    grid = {"backpropembedder__loss__margin": [0.2, 1.0]}
    search = GridSearchCV(model, grid, cv=2).fit(X, Y)
    assert set(search.best_params_) == set(grid)


@SHORT
def test_it_scales_drops_out_augments_and_watches_as_the_others_do():
    model = fitted(
        100 * X,
        scaling="standard",
        dropout=0.2,
        normalization="batch",
        augmentation=GaussianNoise(0.1),
        gradient_health=True,
        clip_norm=1.0,
        averaging="ema",
        penalty="l1",
    )
    assert np.isfinite(model.transform(100 * X)).all()
    assert model.gradient_health_.gradient_norm.shape == (model.n_iter_, 2)
    assert (model.gradient_health_.gradient_norm[0] > 0).all()


# ------------------------------------------------------------------------ the training


def pair_objective(loss, weight=None):
    layers = [Dense(4), Tanh(), Dense(3), UnitLength()]
    network = Network(layers, n_in=X.shape[1])
    labels = Y[:12, np.newaxis].astype(np.uint8)
    data = Data(X[:12] / 10, MatrixTarget(labels), weight)
    return Objective(network, loss, L2(0.1)), data


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [Contrastive(), Triplet(0.5)], ids=LOSSES)
def test_the_gradient_of_the_whole_is_its_derivative(loss, weighted):
    weight = np.random.RandomState(0).randint(3, size=12) * 1.5 if weighted else None
    objective, data = pair_objective(loss, weight)
    theta = objective.network.initial(np.random.RandomState(0), np.dtype(float))
    assert check_objective(objective, data, theta) < 1e-5


@pytest.mark.parametrize("loss", [Contrastive(), Triplet(0.5)], ids=LOSSES)
def test_threads_do_not_part_the_rows_of_a_batch(loss):
    objective, data = pair_objective(loss)
    theta = objective.network.initial(np.random.RandomState(0), np.dtype(float))
    gradients = Gradients(problem(objective, data, theta), n_threads=3)
    assert len(gradients.vectors) == 1
    batch = data.X, data.target.encoded.astype(float), 1 / 12
    relay(Crew(1), gradients.bind(12)(*batch))
    whole = Evaluation(objective, theta, data, n_threads=3)
    loss_of_all, expected = whole.value_and_gradient()
    gradient, weights = gradients.vectors[0].copy(), objective.network.layout.weights
    objective.penalty.bind(weights(theta), weights(gradient))(1 / 12)
    assert_allclose(gradient, expected)
    assert_allclose(whole.loss(), loss_of_all)


@SHORT
@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_an_epoch_is_that_of_its_batches(loss):
    model = BackpropEmbedder(
        **{**SMALL, "max_iter": 1, "learning_rate_init": 1e-12},
        loss=loss,
        alpha=0.0,
        shuffle=False,
        batch_size=40,
    ).fit(X, Y)
    z, classes = model.transform(X), Y[:, np.newaxis].astype(float)
    batches = [slice(0, 40), slice(40, 80), slice(80, 90)]
    member = PairLoss.members()[loss]()
    totals = [member.total(z[rows], classes[rows], None) for rows in batches]
    assert_allclose(model.loss_, sum(totals) / 90)


@SHORT
@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_is_a_repetition(loss):
    times = np.random.RandomState(0).randint(4, size=len(X))
    full = {"loss": loss, "batch_size": 500, "max_iter": 10, "alpha": 0.0}
    with pytest.warns(UserWarning, match="clipped"):
        weighted = BackpropEmbedder(**{**SMALL, **full}).fit(X, Y, sample_weight=times)
    with pytest.warns(UserWarning, match="clipped"):
        repeated = fitted(X.repeat(times, axis=0), Y.repeat(times), **full)
    assert_allclose(weighted.transform(X), repeated.transform(X), rtol=1e-6, atol=1e-8)


@SHORT
def test_lbfgs_minimises_the_contrastive_loss_of_all_rows():
    model = fitted(loss="contrastive", solver="lbfgs", activation="tanh", max_iter=500)
    step = fitted(loss="contrastive", activation="tanh", max_iter=500, tol=0.0)
    assert model.loss_ < step.loss_
    z, classes = model.transform(X), Y[:, np.newaxis].astype(float)
    penalty = 0.5 * 1e-4 * sum((w**2).sum() for w in model.coefs_) / len(X)
    loss = Contrastive().total(z, classes, None) / len(X)
    assert_allclose(model.loss_, loss + penalty)


@SHORT
def test_early_stopping_goes_by_the_validation_loss():
    a, b, labels_a, labels_b = train_test_split(X, Y, random_state=0)
    weight = np.arange(1.0, len(b) + 1)
    model = BackpropEmbedder(**{**SMALL, "max_iter": 30}, early_stopping=True)
    model.fit(a, labels_a, X_val=b, y_val=labels_b, sample_weight_val=weight)
    assert_allclose(model.validation_scores_, np.negative(model.validation_loss_curve_))
    classes = labels_b[:, np.newaxis].astype(float)
    loss = Triplet().total(model.transform(b), classes, weight) / weight.sum()
    assert_allclose(model.best_validation_score_, -loss)


@SHORT
def test_early_stopping_may_go_by_a_scorer():
    def silhouette(model, X, y):
        return silhouette_score(model.transform(X), y)

    model = fitted(early_stopping=True, scoring=silhouette, validation_fraction=0.3)
    assert len(model.validation_scores_) == model.n_iter_
    assert max(model.validation_scores_) == model.best_validation_score_


@SHORT
def test_a_stream_may_bring_new_classes():
    model = BackpropEmbedder(**SMALL)
    for classes in ([0, 1], [1, 2], [2, 0], [2]):
        rows = np.isin(Y, classes)
        model.partial_fit(X[rows], Y[rows])
    assert model.t_ == 2 * 90 + np.sum(Y == 2)
    assert not hasattr(BackpropEmbedder(solver="lbfgs"), "partial_fit")


@SHORT
def test_a_warm_start_goes_on():
    once = fitted(max_iter=10, warm_start=True, learning_rate_init=0.003)
    first = once.loss_
    # What the classes are called does not matter: no two calls compare theirs.
    once.fit(X, (Y + 1).astype(str))
    assert (once.n_steps_, len(once.loss_curve_)) == (20, 20)
    assert once.loss_ < first


@SHORT
@pytest.mark.parametrize("normalize", [False, True])
def test_going_on_learns_the_scale_of_further_rows(normalize):
    model = BackpropEmbedder(**SMALL, scaling="standard", normalize=normalize)
    model.partial_fit(X[:40], Y[:40]).partial_fit(1.0 + 3.0 * X[40:], Y[40:])
    seen = np.concatenate([X[:40], 1.0 + 3.0 * X[40:]])
    assert_allclose(model.extra_params_["center"][0], seen.mean(axis=0))
    model.set_params(warm_start=True).fit(X, Y)
    assert_allclose(model.extra_params_["center"][0], X.mean(axis=0))


# ----------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_components": 0}, "'n_components'"),
        ({"n_components": 2.5}, "'n_components'"),
        ({"normalize": "yes"}, "'normalize'"),
        ({"batch_size": 1}, "'batch_size'"),
        ({"loss": "hinge"}, "'contrastive', 'triplet'"),
        ({"loss": Triplet(margin=0.0)}, "'margin'"),
        ({"loss": Contrastive(margin=-1.0)}, "'margin'"),
        ({"solver": "lbfgs"}, "continuous loss.*loss='contrastive'"),
        ({"augmentation": Mixup()}, "'mixup'"),
        ({"scoring": "f2"}, "'scoring'"),
        ({"stopping": "misclassified"}, "for classifiers"),
    ],
    ids=str,
)
def test_parameters_that_make_no_sense_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        fitted(**params)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ones(90), "has 1 class"),
        (np.linspace(0, 1, 90), "continuous"),
        (np.eye(3, dtype=int)[Y], "multilabel-indicator"),
        (None, "requires y"),
        (Y[:-1], "inconsistent"),
    ],
    ids=["one class", "numbers", "indicators", "none", "too few"],
)
def test_targets_that_are_no_classes_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        fitted(y=y)


@SHORT
def test_a_single_direction_is_warned_of():
    with pytest.warns(UserWarning, match="nothing but a sign") as caught:
        BackpropEmbedder(1, normalize=True, max_iter=1, tol=1.0).fit(X, Y)
    assert caught[0].filename == __file__


def test_parameters_of_training_are_those_of_the_classifier():
    ours, theirs = BackpropEmbedder().get_params(), BackpropClassifier().get_params()
    own = {"n_components", "normalize"}
    assert set(ours) == set(theirs) - {"class_weight"} | own
    shared = set(ours) - own - {"loss"}
    assert {name: ours[name] for name in shared} == {n: theirs[n] for n in shared}


def test_every_member_says_that_it_compares_rows():
    assert all(issubclass(member, Loss) for member in PairLoss.members().values())
    assert all(member.mixes_rows for member in PairLoss.members().values())


@SHORT
def test_it_passes_through_a_pipeline_with_weights():
    model = make_pipeline(StandardScaler(), BackpropEmbedder(**SMALL), neighbours())
    weight = np.random.RandomState(0).randint(3, size=len(X))
    model.fit(X, Y, backpropembedder__sample_weight=weight)
    assert model.score(X, Y) > 0.8
