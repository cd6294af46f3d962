"""The oracle.

Held against real layers where no mask is involved: what it says of masks rests on this arithmetic.

Case files like those in cases/, run by tests/targets/test_oracle.py, which puts the oracle beside them.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VALUES, FEATURES, UNITS = 3, 7, 5, 2, 4
X = np.random.RandomState(1).uniform(-2, 2, (BATCH, STEPS, FEATURES)).astype("float32")
VALUE = np.random.RandomState(2).uniform(-2, 2, (BATCH, VALUES, FEATURES)).astype("float32")
ALL = np.ones((BATCH, STEPS), bool)

REAL = "what this layer computes without a mask on every front end"
eager = ["eager"]
recurrent = pytest.mark.parametrize(
    "name, recur, arguments",
    [
        ("SimpleRNN", oracle.simple_rnn, {}),
        ("LSTM", oracle.lstm, {"recurrent_activation": "sigmoid"}),
        ("GRU", oracle.gru, {"recurrent_activation": "sigmoid", "reset_after": True}),
        ("GRU", oracle.gru, {"recurrent_activation": "sigmoid", "reset_after": False}),
    ],
    ids=["simple-rnn", "lstm", "gru-reset-after", "gru-reset-before"],
)


@pytest.mark.case("oracle.recurrent", established=REAL, modes=eager)
@recurrent
def test_recurrent(keras, run, build, record, name, recur, arguments):
    """A recurrent layer.

    Sequence and states are those of the oracle.
    """
    layer = getattr(keras.layers, name)(UNITS, return_sequences=True, return_state=True, **arguments)
    weights = build(layer, (None, STEPS, FEATURES))
    record("sequence and states", run(layer, X), expected=recur(X, None, *weights))


@pytest.mark.case("oracle.initial-state", established=REAL, modes=eager)
@recurrent
def test_initial_state(keras, run, build, record, name, recur, arguments):
    """A recurrent layer that does not start from zeros.

    Sequence and states are those of the oracle with the same initial states.
    """
    layer = getattr(keras.layers, name)(UNITS, return_sequences=True, return_state=True, **arguments)
    weights = build(layer, (None, STEPS, FEATURES))
    states = 2 if name == "LSTM" else 1
    initial = np.random.RandomState(3).uniform(-1, 1, (states, BATCH, UNITS)).astype("float32")
    found = run(lambda x, *given: layer(x, initial_state=list(given)), X, *initial)
    state = tuple(initial) if states > 1 else initial[0]
    record("sequence and states", found, expected=recur(X, None, *weights, state=state))


@pytest.mark.case("oracle.bidirectional", established=REAL, modes=eager)
@recurrent
def test_bidirectional(keras, run, build, record, name, recur, arguments):
    """Bidirectional.

    Sequence and last outputs are those of the oracle.
    """
    whole, last = (
        keras.layers.Bidirectional(getattr(keras.layers, name)(UNITS, return_sequences=sequences, **arguments))
        for sequences in (True, False)
    )
    weights = build(whole, (None, STEPS, FEATURES))
    build(last, (None, STEPS, FEATURES))  # draws the same weights
    half = len(weights) // 2
    expected = oracle.bidirectional(recur, X, None, weights[:half], weights[half:])
    record("sequence and last output", run(lambda x: [whole(x), last(x)], X), expected=expected)


@pytest.mark.case("oracle.mean", established=REAL, modes=eager)
def test_mean(keras, run, record):
    """GlobalAveragePooling1D.

    The mean is that of the oracle.
    """
    layer = keras.layers.GlobalAveragePooling1D()
    record("mean", run(layer, X), expected=oracle.masked_mean(X, ALL))


@pytest.mark.case("oracle.softmax", established=REAL, modes=eager)
def test_softmax(keras, run, record):
    """Softmax.

    The probabilities are those of the oracle, also for numbers whose exponential is infinite.
    """
    layer, expected = keras.layers.Softmax(), [oracle.softmax(X), oracle.softmax(X * 100)]
    record("probabilities", run(lambda x, large: [layer(x), layer(large)], X, X * 100), expected=expected)


@pytest.mark.case("oracle.batch-normalization", established=REAL, modes=eager)
def test_batch_normalization(keras, run, record):
    """BatchNormalization in training.

    Output and moving moments are those of the oracle.
    """
    constant = keras.initializers.Constant
    layer = keras.layers.BatchNormalization(
        momentum=0.0, epsilon=0.01, beta_initializer=constant(-1.5), gamma_initializer=constant(3.0)
    )
    layer.build((None, STEPS, FEATURES))
    output = run(lambda x: layer(x, training=True), X)
    record("output", output, expected=oracle.batch_normalization(X, None, 3.0, -1.5, 0.01))
    record("moments", layer.get_weights()[2:], expected=oracle.moments(X))


@pytest.mark.case("oracle.attention", established=REAL, modes=eager)
@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"], ids=["dot", "additive"])
def test_attention(keras, run, record, name):
    """Attention of one head.

    The output is that of the oracle.
    """
    layer = getattr(keras.layers, name)(use_scale=False)
    expected = oracle.attention(X, VALUE, additive=name == "AdditiveAttention")
    record("output", run(lambda q, v: layer([q, v]), X, VALUE), expected=expected)


@pytest.mark.case("oracle.multi-head-attention", established=REAL, modes=eager, needs=["layers.MultiHeadAttention"])
def test_multi_head_attention(keras, run, build, record):
    """MultiHeadAttention.

    The output is that of the oracle, where heads, keys and values all have different sizes.
    """
    layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=6, value_dim=8)
    layer(keras.Input((STEPS, FEATURES)), keras.Input((VALUES, FEATURES)))
    weights = build(layer)
    record("output", run(layer, X, VALUE), expected=oracle.multi_head_attention(X, VALUE, None, *weights))


@pytest.mark.case("oracle.squared-errors", established=REAL, modes=eager)
def test_squared_errors(keras, run, record):
    """MeanSquaredError, with and without weights of steps.

    The errors of all steps are those of the oracle.
    """
    loss = keras.losses.MeanSquaredError(reduction="none")
    weights = np.random.RandomState(4).uniform(0, 3, (BATCH, STEPS)).astype("float32")
    plain, weighted = run(lambda y, z, w: [loss(y, z), loss(y, z, sample_weight=w)], X, X[::-1].copy(), weights)
    record("errors", plain.ravel(), expected=oracle.squared_errors(X, X[::-1], ALL))
    record("weighted", weighted.ravel(), expected=oracle.squared_errors(X, X[::-1], ALL, weights))


@pytest.mark.case("oracle.precision", established=REAL, modes=eager)
def test_precision(keras, run, record):
    """Precision.

    It is that of the oracle.
    """
    metric = keras.metrics.Precision()
    y, output = (X > 0).astype("float32"), np.abs(X) / 2
    record("precision", run(lambda a, b: metric(a, b), y, output), expected=oracle.precision(y, output))
