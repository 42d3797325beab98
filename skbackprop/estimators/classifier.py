"""The classifier."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if

from skbackprop._compat import _fit_context
from skbackprop.estimators._available import (
    available_unless,
    check_probabilities,
    is_stepwise,
)
from skbackprop.estimators._base import BasePredictor
from skbackprop.estimators._later import Constraints

if TYPE_CHECKING:
    from skbackprop.estimators._classification import ClassificationTask


class BackpropClassifier(ClassifierMixin, BasePredictor):
    """A neural network for classification, in place of ``MLPClassifier``.

    It takes what :class:`sklearn.neural_network.MLPClassifier` takes and, with the same
    ``random_state``, gives the same model in float64; see :ref:`differences` for where
    it does better. Binary, multiclass, multilabel and multiclass-multioutput targets
    are supported, dense and sparse inputs, float32 and float64.

    Parameters
    ----------
    hidden_layer_sizes : int, array-like of int or str, default=(100,)
        The widths of the hidden layers. A string joins them with dashes, ``"128-64"``,
        for tuners whose categories must be plain values.

    activation : {'identity', 'relu', 'leaky_relu', 'prelu', 'elu', 'selu', \
            'softplus', 'gelu', 'silu', 'mish', 'tanh', 'logistic', 'softsign', \
            'soboleva', 'binary_step'}, Activation or list, default='relu'
        The activation of the hidden layers: one for all, or a list with one for each.

    solver : {'lbfgs', 'bfgs', 'gd', 'newton-cg', 'levenberg-marquardt', 'sgd', \
            'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw', \
            'nadam', 'amsgrad', 'lion', 'muon'} or Solver, default='adam'
        What moves the weights. A name takes its settings from the parameters below; an
        object such as ``Adam(beta_2=0.95)`` carries its own. The first five work on all
        rows at once and without a learning rate, the others in steps over mini-batches.

    alpha : float, default=0.0001
        Strength of the penalty on the weights, where ``penalty`` is a name. It is
        divided by the number of rows in a batch.

    batch_size : int or 'auto', default='auto'
        Rows in a mini-batch; 'auto' is ``min(200, n_samples)``. Full-batch solvers
        ignore it.

    learning_rate : {'constant', 'invscaling', 'adaptive', 'plateau', 'step', \
            'exponential', 'polynomial', 'cosine', 'cosine_restarts', 'one_cycle', \
            'warmup'}, Schedule or callable, default='constant'
        The course of the learning rate. As in scikit-learn the first three names do not
        act on ``solver='adam'``; everything else acts on every step-wise solver. A
        callable takes the number of the epoch and returns its rate.

    learning_rate_init : float, default=0.001
        The initial learning rate of step-wise solvers.

    power_t : float, default=0.5
        The exponent of ``learning_rate='invscaling'``.

    max_iter : int, default=200
        The largest number of epochs, or of iterations of full-batch solvers.

    shuffle : bool, default=True
        Whether each epoch sees the rows in a new order.

    random_state : int, RandomState instance or None, default=None
        The source of the starting weights, the validation split, the order of the rows
        and whatever is random in training, such as dropout. Pass an int for the same
        model each time.

    tol : float, default=1e-4
        What counts as progress, for ``n_iter_no_change``; the gradient tolerance of
        full-batch solvers.

    verbose : bool or int, default=False
        Whether to print the loss of each epoch. For progress bars see
        ``sklearn.callback.ProgressBar``.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.

    momentum : float, default=0.9
        Momentum of 'sgd', 'momentum' and 'nesterov', between 0 and 1.

    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool, default=False
        Whether to stop when the score on validation data no longer improves, and to
        put back the weights that had the best one. Works with every solver.

    validation_fraction : float, default=0.1
        The share of rows split off for early stopping, stratified by class, unless
        ``X_val`` and ``y_val`` are given to ``fit``.

    beta_1 : float, default=0.9
        What 'adam', 'adamw', 'nadam', 'amsgrad' and 'muon' keep of their running mean
        of gradients, in [0, 1).

    beta_2 : float, default=0.999
        What the same solvers keep of their running mean of squared gradients, in
        [0, 1).

    epsilon : float, default=1e-8
        Stabilises the division in the same solvers.

    n_iter_no_change : int, default=10
        Epochs without progress by ``tol`` that are borne.

    max_fun : int, default=15000
        The largest number of function evaluations of 'lbfgs'.

    loss : {'log_loss', 'focal', 'hinge', 'squared_error', 'squared_hinge'} or \
            ClassificationLoss, default='log_loss'
        What training minimises. Objects carry settings, as in
        ``LogLoss(label_smoothing=0.1)`` or ``Focal(gamma=1.0)``. With 'hinge' and
        'squared_hinge' the scores are margins: there is a ``decision_function`` but no
        ``predict_proba``.

    class_weight : dict, 'balanced', list of dict or None, default=None
        Weights of the classes, which multiply those of the rows, as elsewhere in
        scikit-learn. Of several outputs, a list holds a dict for each, and a single
        dict serves them all.

    scoring : str, callable or None, default=None
        What early stopping goes by: None for the estimator's own ``score``, 'loss' for
        the validation loss, the name of a scorer, or a callable
        ``scorer(estimator, X, y)``.

    n_hidden_layers : int or None, default=None
        Repeats a single width this many times: with ``hidden_layer_sizes=64`` and
        ``n_hidden_layers=3`` there are three layers of 64. Depth and width are then
        two integers, which every tuner can search.

    weight_init : {'auto', 'zeros', 'constant', 'uniform', 'normal', 'glorot_uniform', \
            'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform', \
            'lecun_normal', 'orthogonal'} or Initializer, default='auto'
        Where the weights start. 'auto' follows the activation, as scikit-learn does;
        the other names start biases at zero.

    normalization : {'batch', 'layer', 'group'}, Normalization or None, default=None
        What normalises the scores of each hidden layer before its activation: over the
        rows of a batch, the units of a row, or groups of them.

    dropout : float, Dropout or list, default=0.0
        The share of hidden units switched off at each training step, and at no other
        time: one number for all hidden layers, or one for each.

    input_dropout : float or Dropout, default=0.0
        The same for the input features.

    dropconnect : float, default=0.0
        The share of weights of the hidden layers switched off at each training step.

    penalty : {'l2', 'l1', 'elasticnet'}, Penalty or None, default='l2'
        What is minimised along with the loss: a name takes its strength from
        ``alpha``. Absolute values make weights exactly zero.

    l1_ratio : float, default=0.15
        The share of the L1 part in ``penalty='elasticnet'``.

    max_norm : float or None, default=None
        The largest norm of the weights that lead to a unit, outputs included; longer
        ones are cut back after each step. Only for step-wise solvers, as the three that
        follow.

    clip_norm : float or None, default=None
        The largest norm of the gradient; a longer one is scaled down.

    clip_value : float or None, default=None
        The largest absolute value of an entry of the gradient.

    averaging : {'ema', 'mean'}, Averaging or None, default=None
        Average the weights over the steps, and predict with the average: an
        exponential moving average, or the plain mean.

    augmentation : str, Augmentation, callable, list or None, default=None
        What changes each training batch at random: 'gaussian_noise',
        'feature_dropout', 'mixup', 'image_shift', an object such as
        ``ImageShift((8, 8))``, a callable ``(X, y, rng) -> X, y``, or a list of them.
        Validation data and predictions are left alone.

    scaling : {'standard', 'robust'}, Scaling or None, default=None
        Scale the features inside the network, by mean and standard deviation or by
        median and quartiles of the training rows.

    stopping : str, StoppingRule, list or None, default=None
        Further rules that end training: 'loss', 'weight_change', 'misclassified',
        'time', objects of ``skbackprop.training`` such as ``LossBelow(0.01)``, or a
        list of them, any of which may end it.

    pruning : {'one_shot', 'gradual', 'rewinding'}, PruningSchedule or None, \
            default=None
        Prune during ``fit``: once, along a ramp while training, or again and again from
        an early epoch; objects of ``skbackprop.pruning`` say how much of what goes by
        which criterion, as ``Gradual(amount=0.9, criterion='taylor')``. ``max_iter``
        counts all epochs. ``partial_fit`` holds what is pruned and prunes no more.

    gradient_health : bool or int, default=False
        Whether to record, per layer and epoch, the norms of gradients and weights and
        the shares of dead and saturated units in ``gradient_health_``, and to warn
        where gradients vanish or explode. True looks at up to 1024 training rows; a
        number at so many.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of ndarray
        The classes; a list of them for multiclass-multioutput targets.

    coefs_ : list of ndarray of shape (n_in, n_out)
        The weights of each layer; sparse arrays after ``skbackprop.pruning.sparsify``.

    intercepts_ : list of ndarray of shape (n_out,)
        The biases of each layer.

    extra_params_ : dict of str to list of ndarray
        All other parameters, by kind and in the order of the layers: 'scale' and
        'shift' of a normalization, 'mean' and 'variance', the running statistics of
        batch normalization, 'center' and 'spread' of ``scaling``, 'slope' of PReLU.
        Kinds that the network has none of are left out.

    masks_ : list of ndarray of bool or None
        For each of ``coefs_``, which weights are free; pruned ones are held at zero
        by further fitting. None if all are free.

    intercept_masks_ : list of ndarray of bool or None
        The same for ``intercepts_``.

    loss_ : float
        The training loss of the last epoch, penalty included.

    best_loss_ : float or None
        The lowest training loss; None with early stopping.

    loss_curve_ : list of float
        The training loss of each epoch, over all calls that went on from each other.

    learning_rate_curve_ : list of float
        The rate that each epoch began at; empty for solvers without one.

    validation_scores_ : list of float or None
        The score on validation data of each epoch; None without validation data.

    validation_loss_curve_ : list of float or None
        The loss on validation data of each epoch, without the penalty.

    best_validation_score_ : float or None
        The best validation score, which the weights belong to.

    n_iter_ : int
        Epochs, or iterations, of the last call.

    stopped_by_ : str or None
        What ended the last call: 'max_iter', 'tol', 'early_stopping', 'callback', the
        rule of ``stopping`` as it prints, 'interrupted', 'diverged', or 'solver' where
        a solver gave up. None where ``partial_fit`` can go on.

    gradient_health_ : GradientHealth or None
        What was seen of each layer after each epoch; None unless asked for.

    n_steps_ : int
        Updates of the weights, over all calls.

    t_ : int
        Training samples seen, over all calls and epochs.

    n_layers_ : int
        The number of layers, input and output included.

    n_outputs_ : int
        The number of outputs of the network.

    out_activation_ : str
        The name of the function that turns scores into predictions.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.

    See Also
    --------
    BackpropRegressor : The same for regression.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> from skbackprop import BackpropClassifier
    >>> X, y = make_classification(n_samples=200, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X, y, stratify=y, random_state=1
    ... )
    >>> clf = BackpropClassifier(learning_rate_init=0.01, random_state=1)
    >>> clf.fit(X_train, y_train).predict(X_test[:5])
    array([0, 0, 1, 0, 1])
    >>> clf.score(X_test, y_test)
    0.84
    """

    _parameter_constraints: ClassVar[Any] = Constraints("OF_CLASSIFIERS")

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        loss: Any = "log_loss",
        class_weight: Any = None,
        scoring: Any = None,
        n_hidden_layers: Any = None,
        weight_init: Any = "auto",
        normalization: Any = None,
        dropout: Any = 0.0,
        input_dropout: Any = 0.0,
        dropconnect: Any = 0.0,
        penalty: Any = "l2",
        l1_ratio: Any = 0.15,
        max_norm: Any = None,
        clip_norm: Any = None,
        clip_value: Any = None,
        averaging: Any = None,
        augmentation: Any = None,
        scaling: Any = None,
        stopping: Any = None,
        pruning: Any = None,
        gradient_health: Any = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.class_weight = class_weight
        self.scoring = scoring
        self.n_hidden_layers = n_hidden_layers
        self.weight_init = weight_init
        self.normalization = normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropconnect = dropconnect
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.averaging = averaging
        self.augmentation = augmentation
        self.scaling = scaling
        self.stopping = stopping
        self.pruning = pruning
        self.gradient_health = gradient_health

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coefs_init: Any = None,
        intercepts_init: Any = None,
    ) -> "BackpropClassifier":
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The classes, a column for each of several outputs; a sparse indicator matrix
            for multilabel targets is fine.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. A weight of 2 means what the row given twice means.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data for early stopping; nothing is split off ``X`` then.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        coefs_init : list of ndarray, default=None
            Weights to start from, in the shapes of ``coefs_``.

        intercepts_init : list of ndarray, default=None
            Biases to start from, in the shapes of ``intercepts_``.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._train(
            X=X,
            y=y,
            sample_weight=sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
        )

    @available_if(is_stepwise)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> "BackpropClassifier":
        """Train for one epoch on the given rows, going on from earlier calls.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        classes : array-like of shape (n_classes,) or list of array-like, default=None
            All classes that any call will see. Required in the first call; a list of
            them for multiclass-multioutput targets.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data, for ``early_stopping=True``: each call is scored, and when
            patience runs out the best weights so far are put back.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._train(
            X=X,
            y=y,
            sample_weight=sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
            classes=classes,
            incremental=True,
        )

    def decision_function(self, X: Any) -> Any:
        """Return the raw scores of the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the score of the second; a list of arrays for
            multiclass-multioutput targets.
        """
        raw = self._scores(X)
        return self._target.decision(raw)

    @available_unless(check_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, where the loss estimates any.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; for multilabel targets the probability of
            each label, for multiclass-multioutput ones a list of arrays.
        """
        columns = self._scores(X, self._probabilities)
        return self._target.by_output(columns)

    def _probabilities(self, raw: np.ndarray) -> np.ndarray:
        return self._target.probabilities(raw)

    @available_unless(check_probabilities)
    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithms of what ``predict_proba`` gives; always finite.
        """
        probabilities = self.predict_proba(X)
        if isinstance(probabilities, list):
            return [np.log(of_output) for of_output in probabilities]
        return np.log(probabilities)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            The share of rows with every output right.
        """
        from sklearn.metrics import accuracy_score

        prediction = self.predict(X)
        if not isinstance(self.classes_, list):
            return accuracy_score(y, prediction, sample_weight=sample_weight)
        truth = np.asarray(y)
        if truth.shape != prediction.shape:
            raise ValueError(
                f"y has shape {truth.shape}, expected {prediction.shape}: a column for "
                "each output."
            )
        hits = (truth == prediction).all(axis=1)
        return float(np.average(hits, weights=sample_weight))

    # ---------------------------------------------------------------- for the base

    @property
    def _task(self) -> "ClassificationTask":
        from skbackprop.estimators._classification import ClassificationTask

        return ClassificationTask(self)

    def __sklearn_tags__(self) -> Tags:
        """Return the tags: multilabel targets too."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        # ``target_tags.multi_output`` stays False although multiclass-multioutput
        # targets are welcome: what it switches on in ``check_estimator`` ranks
        # probabilities of multilabel targets, which tie once they round to 1.
        return tags
