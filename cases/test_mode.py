"""Training.

Training with masks: results must not depend on batch size, padding or execution mode.
"""

import numpy as np
import oracle
import pytest

STEPS, VOCABULARY, FEATURES, UNITS = 5, 7, 4, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
LONGER = np.pad(IDS, ((0, 0), (1, 2)), "constant")  # the same ids with more padding on both sides
Y = np.random.RandomState(31).uniform(-1, 1, (len(IDS), UNITS)).astype("float32")
TWICE = [0, 1, 2, 2]  # two batches of two: the last sample appears twice

X = np.random.RandomState(32).uniform(0.1, 1, (len(IDS), STEPS, FEATURES)).astype("float32")
MASK = IDS != 0

RATE = 0.01  # the default of "sgd"
SAME_TRAINING = (
    "Guide 'Understanding masking & padding', sections 'Introduction' and 'Mask propagation': masked timesteps are "
    "skipped when processing the data; "
)
IN_A_LAYER = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


def make_model(keras, build, steps):
    """Build Embedding and SimpleRNN for ids of `steps` timesteps; return the model and its weights, always the same."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    rnn = keras.layers.SimpleRNN(UNITS)
    weights = build(embedding, (None, steps)) + build(rnn, (None, steps, FEATURES))
    inputs = keras.Input((steps,), dtype="int32")
    return keras.Model(inputs, rnn(embedding(inputs))), weights


def record_trained(record, model, expected, before):
    """Record that training updated the weights of `model` like those of `expected`, except the row of the masked id."""
    found = [(got - old) / RATE for got, old in zip(model.get_weights(), before)]
    wanted = [(want - old) / RATE for want, old in zip(expected.get_weights(), before)]
    for name, got, want in zip(["table", "kernel", "recurrent kernel", "bias"], found, wanted):
        record("update of the " + name, got, expected=want, rtol=1e-3, atol=1e-4)
    record("update of the row of the masked id", found[0][0], expected=np.zeros_like(found[0][0]))
    record("whole bias is updated", bool(np.all(np.abs(found[3]) > 1e-3)), expected=True)


@pytest.mark.case(
    "mode.train-on-batch",
    documented=SAME_TRAINING + "API docs of keras.Model.train_on_batch: a single update with one batch",
    tags=["train_on_batch", "fit", "Embedding", "SimpleRNN", "training"],
    modes=["eager", "graph"],
)
def test_train_on_batch(keras, run, build, record):
    """`train_on_batch` trains like `fit`, regardless of masked padding.

    The loss is that of the states after the unmasked timesteps, and the weights are those after `fit` on the same
    samples with more padding.

    `mode.xla` covers `jit`.
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
    """`fit` trains on a smaller last batch like on any other.

    `fit` on three samples in batches of two equals one step on the first two and one on the last, with more padding.

    `jit` compiles anew for each batch size: there, a smaller batch is as good as another model.
    """
    model, weights = make_model(keras, build, STEPS)
    run.compile(model, optimizer="sgd", loss="mse")
    run.fit(model, IDS, Y, batch_size=2, epochs=1, shuffle=False)
    parts, _ = make_model(keras, build, LONGER.shape[1])
    run.compile(parts, optimizer="sgd", loss="mse")
    take_steps(run, parts, epochs=1)
    record_trained(record, model, parts, weights)


def take_steps(run, model, epochs):
    """Run the training steps of `fit` on LONGER for `epochs` epochs with batches of two.

    The last sample appears twice, which keeps the mean and gives all batches one shape.
    """
    for rows in epochs * [TWICE[:2], TWICE[2:]]:
        run.train_on_batch(model, LONGER[rows], Y[rows])


def fit_and_take_steps(keras, run, build, **arguments):
    """Return a model after two epochs of `fit`, one compiled with `arguments` after their steps, and old weights."""
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
    """`fit` masks the same timesteps with and without `run_eagerly`.

    Two epochs result in the same weights as the same steps without `run_eagerly`, here with more padding.
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
    """`fit` masks the same timesteps with and without XLA.

    Two epochs result in the same weights as the same steps without XLA, here with more padding.

    Without XLA the model runs eagerly; `mode.run-eagerly` compares eager execution with the graph.
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
    """Masks propagate inside a custom layer of a model that JAX compiles.

    In `predict`, a layer that calls Masking and GlobalAveragePooling1D returns the mean over the unmasked timesteps.
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
    """Masks propagate inside a function compiled with `torch.compile`.

    If one such function calls Masking, Dense and GlobalAveragePooling1D, the mean is that over the unmasked timesteps.

    Whether masks cross the boundary of the function is only recorded.
    """
    masking, dense, pooling = keras.layers.Masking(), keras.layers.Dense(UNITS), keras.layers.GlobalAveragePooling1D()
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    inside = run.traced(lambda t: pooling(dense(masking(t))))
    out_of, into = run.traced(masking), run.traced(pooling)
    mean, mask, passed = run(lambda x: [inside(x), mask_of(out_of(x)), into(masking(x))], X * MASK[..., None])
    record("mean", mean, expected=oracle.masked_mean(X, MASK) @ kernel + bias)
    record("mask of the output of the function", mask)
    record("function uses the mask of its argument", bool(np.allclose(passed, oracle.masked_mean(X, MASK), atol=1e-5)))
