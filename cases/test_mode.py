"""Training.

Training of models with masks: what must not depend on batches, padding and the mode.
"""

import numpy as np
import oracle
import pytest

STEPS, VOCABULARY, FEATURES, UNITS = 5, 7, 4, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
LONGER = np.pad(IDS, ((0, 0), (1, 2)), "constant")  # the same with more padding, before and after
Y = np.random.RandomState(31).uniform(-1, 1, (len(IDS), UNITS)).astype("float32")
TWICE = [0, 1, 2, 2]  # two batches of two: the last sample stands there twice

X = np.random.RandomState(32).uniform(0.1, 1, (len(IDS), STEPS, FEATURES)).astype("float32")
MASK = IDS != 0

RATE = 0.01  # of "sgd" by default
SAME_TRAINING = (
    "Guide 'Understanding masking & padding', sections 'Introduction' and 'Mask propagation': padding is skipped when "
    "the data are processed; "
)
IN_A_LAYER = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


def make_model(keras, build, steps):
    """Embedding and SimpleRNN for ids of any number of steps, with weights that are always the same; these, too."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    rnn = keras.layers.SimpleRNN(UNITS)
    weights = build(embedding, (None, steps)) + build(rnn, (None, steps, FEATURES))
    inputs = keras.Input((steps,), dtype="int32")
    return keras.Model(inputs, rnn(embedding(inputs))), weights


def record_trained(record, model, expected, before):
    """Record that training moved the weights of `model` like those of `expected`, all but the row of the masked id."""
    found = [(got - old) / RATE for got, old in zip(model.get_weights(), before)]
    wanted = [(want - old) / RATE for want, old in zip(expected.get_weights(), before)]
    for name, got, want in zip(["table", "kernel", "recurrent kernel", "bias"], found, wanted):
        record("change of the " + name, got, expected=want, rtol=1e-3, atol=1e-4)
    record("change of the row of the masked id", found[0][0], expected=np.zeros_like(found[0][0]))
    record("all of the bias changed", bool(np.all(np.abs(found[3]) > 1e-3)), expected=True)


@pytest.mark.case(
    "mode.train-on-batch",
    documented=SAME_TRAINING + "API docs of keras.Model.train_on_batch: a single update with one batch",
    tags=["train_on_batch", "fit", "Embedding", "SimpleRNN", "training"],
    modes=["eager", "graph"],
)
def test_train_on_batch(keras, run, build, record):
    """train_on_batch trains like fit, whatever the padding.

    The loss is that of the states after the unmasked steps, and the weights are those that fit on one batch gives the
    same samples with more padding.

    `jit` is left to `mode.xla`.
    """
    fitted, _ = make_model(keras, build, LONGER.shape[1])
    run.compile(fitted, optimizer="sgd", loss="mse")
    run.fit(fitted, LONGER, Y, batch_size=len(IDS), epochs=1)
    model, weights = make_model(keras, build, STEPS)
    run.compile(model, optimizer="sgd", loss="mse")
    loss = run.train_on_batch(model, IDS, Y)
    output = oracle.simple_rnn(weights[0][IDS], IDS != 0, *weights[1:])[1]
    record("loss", np.float32(loss), expected=np.float32(np.square(Y - output).mean()))
    record_trained(record, model, fitted, weights)


@pytest.mark.case(
    "mode.last-partial-batch",
    documented=SAME_TRAINING + "API docs of keras.Model.fit, argument batch_size: number of samples per update",
    tags=["fit", "batch_size", "Embedding", "SimpleRNN", "training"],
    modes=["eager", "graph"],
)
def test_last_partial_batch(keras, run, build, record):
    """A last batch that is smaller than the others trains like any batch.

    fit of three samples in batches of two gives the weights that a step of the first two and then one of the last one
    gives, here with more padding.

    `jit` compiles anew for each size of a batch: there, a smaller one is as good as another model.
    """
    model, weights = make_model(keras, build, STEPS)
    run.compile(model, optimizer="sgd", loss="mse")
    run.fit(model, IDS, Y, batch_size=2, epochs=1, shuffle=False)
    parts, _ = make_model(keras, build, LONGER.shape[1])
    run.compile(parts, optimizer="sgd", loss="mse")
    take_steps(run, parts, epochs=1)
    record_trained(record, model, parts, weights)


def take_steps(run, model, epochs):
    """What `fit` does in these epochs with batches of two, on LONGER.

    The last sample stands there twice, with the same mean, so that all batches have one shape.
    """
    for rows in epochs * [TWICE[:2], TWICE[2:]]:
        run.train_on_batch(model, LONGER[rows], Y[rows])


def fit_and_take_steps(keras, run, build, **arguments):
    """A model after two epochs of fit, and one compiled with these arguments after their steps; the weights before."""
    fitted, weights = make_model(keras, build, STEPS)
    run.compile(fitted, optimizer="sgd", loss="mse")
    run.fit(fitted, IDS[TWICE], Y[TWICE], batch_size=2, epochs=2, shuffle=False)
    model, _ = make_model(keras, build, LONGER.shape[1])
    model.compile(optimizer="sgd", loss="mse", **arguments)
    take_steps(run, model, epochs=2)
    return fitted, model, weights


@pytest.mark.case(
    "mode.run-eagerly",
    documented=SAME_TRAINING + "API docs of keras.Model.compile, argument run_eagerly: whether to run as plain Python, "
    "for debugging",
    tags=["fit", "run_eagerly", "Embedding", "SimpleRNN", "training"],
    needs=["Model.run_eagerly"],
    modes=["eager"],
)
def test_run_eagerly(keras, run, build, record):
    """Training masks the same steps with and without run_eagerly.

    Two epochs give the weights that their steps give without run_eagerly, here with more padding.
    """
    model, compiled, weights = fit_and_take_steps(keras, run, build, run_eagerly=False)
    record_trained(record, model, compiled, weights)


@pytest.mark.case(
    "mode.xla",
    documented=SAME_TRAINING + "API docs of keras.Model.compile, argument jit_compile: whether to compile with XLA",
    tags=["fit", "jit_compile", "Embedding", "SimpleRNN", "training"],
    modes=["jit"],
)
def test_xla(keras, run, build, record):
    """Training masks the same steps with and without XLA.

    Two epochs give the weights that their steps give without XLA, here with more padding.

    Without XLA it is eager execution; `mode.run-eagerly` compares that with the graph.
    """
    model, plain, weights = fit_and_take_steps(keras, run, build, run_eagerly=True, jit_compile=False)
    record_trained(record, model, plain, weights)


@pytest.mark.case(
    "mode.jax-jit-nested-custom",
    documented=IN_A_LAYER,
    issues=["keras-team/keras#20165"],
    tags=["predict", "jit_compile", "Masking", "GlobalAveragePooling1D", "custom layer"],
    modes=["eager", "jit"],
    backends=["jax"],
)
def test_jax_jit_nested_custom(keras, run, record):
    """A mask goes on inside a custom layer of a model that JAX compiles.

    In predict, a layer that calls Masking and GlobalAveragePooling1D gives the mean of the unmasked steps.
    """

    class MaskedMean(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.masking, self.pooling = keras.layers.Masking(), keras.layers.GlobalAveragePooling1D()

        def call(self, inputs):
            return self.pooling(self.masking(inputs))

    model = keras.Sequential([keras.Input((STEPS, FEATURES)), MaskedMean()])
    run.compile(model, optimizer="sgd", loss="mse")
    record("mean", run.predict(model, X * MASK[..., None]), expected=oracle.masked_mean(X, MASK))


@pytest.mark.case(
    "mode.torch-compile",
    documented=IN_A_LAYER,
    tags=["Masking", "Dense", "GlobalAveragePooling1D", "torch.compile"],
    modes=["eager"],
    backends=["torch"],
)
def test_torch_compile(keras, run, build, mask_of, record):
    """A mask goes on inside a function of torch.compile.

    Where Masking, Dense and GlobalAveragePooling1D are called in one such function, the mean is that of the unmasked
    steps. Whether masks cross its border is recorded only.
    """
    masking, dense, pooling = keras.layers.Masking(), keras.layers.Dense(UNITS), keras.layers.GlobalAveragePooling1D()
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    inside = run.traced(lambda t: pooling(dense(masking(t))))
    out_of, into = run.traced(masking), run.traced(pooling)
    mean, mask, passed = run(lambda x: [inside(x), mask_of(out_of(x)), into(masking(x))], X * MASK[..., None])
    record("mean", mean, expected=oracle.masked_mean(X, MASK) @ kernel + bias)
    record("mask of what such a function returns", mask)
    record("it uses the mask of its argument", bool(np.allclose(passed, oracle.masked_mean(X, MASK), atol=1e-5)))
