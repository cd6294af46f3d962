"""RNN cells.

RNNs with custom cells, stacked cells, nested inputs and constants.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(35).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

RNN_ARGUMENT = "API docs of keras.layers.RNN, argument %s"


def repeat_at_masked(emitted):
    """Repeat the last unmasked timestep of the outputs `emitted` at masked ones; output zeros before the first."""
    last_kept = np.maximum.accumulate(np.where(MASK, np.arange(STEPS), -1), axis=1)
    trailing = (1,) * (emitted.ndim - 2)
    repeated = np.take_along_axis(emitted, np.maximum(last_kept, 0).reshape(MASK.shape + trailing), axis=1)
    return np.where(last_kept.reshape(MASK.shape + trailing) < 0, 0.0, repeated)


@pytest.mark.case(
    "rnn.custom-cell.output-not-state",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that the output of the previous "
    "timestep is returned for a masked one; argument cell, output_size, allows an output other than the state",
    issues=["keras-team/keras#11472"],
    tags=["RNN", "custom cell"],
)
@pytest.mark.parametrize("size", [FEATURES + 1, FEATURES], ids=["wider", "same-size"])
def test_custom_cell_output_not_state(keras, run, ops, record, size):
    """RNNs repeat the previous output of a custom cell, not its state.

    For a cell whose output is not its state, masked timesteps repeat the previous output and keep the state.
    """

    class Cell(keras.layers.Layer):
        state_size, output_size = FEATURES, size

        def call(self, inputs, states):
            total = states[0] + inputs
            return ops.concatenate([inputs * 3.0, total], axis=-1)[:, :size], [total]

    rnn = keras.layers.RNN(Cell(), return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: rnn(t, mask=m), X, MASK)
    totals = np.cumsum(ZEROED, axis=1)
    emitted = np.concatenate([X * 3, totals], axis=-1)[..., :size]
    record("sequence", sequence, expected=repeat_at_masked(emitted))
    record("state", state, expected=totals[:, -1])


@pytest.mark.case(
    "rnn.stacked-cells",
    documented=(RNN_ARGUMENT % "cell: a list of cells is stacked")
    + "; call argument mask: a timestep with a False entry should be ignored",
    issues=["keras-team/keras#21224"],
    tags=["RNN", "stacked", "LSTM", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_stacked_cells(keras, run, build, record):
    """RNNs with stacked cells skip masked timesteps.

    An RNN with a list of cells outputs what two RNNs with the same mask output, one after the other.
    """
    cells = [keras.layers.LSTMCell(UNITS, recurrent_activation="sigmoid"), keras.layers.SimpleRNNCell(UNITS + 1)]
    rnn = keras.layers.RNN(cells, return_sequences=True)
    weights = build(rnn, (None, STEPS, FEATURES))
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    between = oracle.lstm(X, MASK, *weights[:3])[0]
    record("sequence", sequence, expected=oracle.simple_rnn(between, MASK, *weights[3:])[0])


@pytest.mark.case(
    "rnn.custom-cell.nd-state",
    documented="API docs of tf.keras.layers.RNN, argument cell, state_size: may be a TensorShape, for states of high "
    "dimension; call argument mask: should be ignored",
    issues=["keras-team/keras#11498"],
    tags=["RNN", "custom cell"],
    needs=["layers.AbstractRNNCell"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_custom_cell_nd_state(keras, run, record, unroll):
    """RNNs apply the mask to every dimension of a state.

    At masked timesteps, the whole multidimensional state of a custom cell is kept.
    """
    shape = (UNITS, FEATURES)

    class Cell(keras.layers.Layer):
        state_size = output_size = keras.Input(shape).shape[1:]  # a TensorShape

        def call(self, inputs, states):
            total = states[0] + inputs
            return total, [total]

    x = np.random.RandomState(36).uniform(-1, 1, (BATCH, STEPS) + shape).astype("float32")
    rnn = keras.layers.RNN(Cell(), return_sequences=True, return_state=True, unroll=unroll)
    sequence, state = run(lambda t, m: rnn(t, mask=m), x, MASK)
    totals = np.cumsum(np.where(MASK[..., None, None], x, 0), axis=1)
    record("sequence", sequence, expected=repeat_at_masked(totals))
    record("state", state, expected=totals[:, -1])


@pytest.mark.case(
    "rnn.nested-inputs-mask",
    established="Source of keras.layers.RNN (tf.keras), call: a comment says that time step masks must be the same for "
    "each input, and the first is used",
    tags=["RNN", "custom cell", "nested inputs", "Masking"],
    needs=["layers.AbstractRNNCell"],
)
def test_nested_inputs_mask(keras, run, mask_of, record):
    """RNNs use and propagate the mask of nested inputs.

    An RNN whose cell takes two sequences skips the timesteps that are masked in both, and propagates their mask.
    """

    class Cell(keras.layers.Layer):
        state_size = output_size = FEATURES

        def call(self, inputs, states):
            total = states[0] + inputs[0] * inputs[1]
            return total, [total]

    masking, rnn = keras.layers.Masking(), keras.layers.RNN(Cell(), return_sequences=True)

    def call(a, b):
        sequence = rnn((masking(a), masking(b)))
        return sequence, mask_of(sequence)

    sequence, mask = run(call, ZEROED, ZEROED * 3)
    record("sequence", sequence, expected=repeat_at_masked(np.cumsum(3 * ZEROED**2, axis=1)))
    record("mask", mask, expected=MASK)


@pytest.mark.case(
    "rnn.constants-mask",
    documented="API docs of keras.layers.RNN (Keras 2), call arguments: constants are passed to the cell at each "
    "timestep; mask: a timestep with a False entry should be ignored",
    tags=["RNN", "custom cell", "constants", "Masking", "Functional"],
    needs=["layers.RNN.call(constants)"],
)
def test_constants_mask(keras, run, record):
    """RNNs use the mask of the input when `constants` are passed.

    In a functional model, an RNN called with `constants=` skips the timesteps that Masking masked.
    """

    class Cell(keras.layers.Layer):
        state_size = output_size = FEATURES

        def call(self, inputs, states, constants):
            total = states[0] + inputs * constants[0]
            return total, [total]

    inputs, constants = keras.Input((STEPS, FEATURES)), keras.Input((FEATURES,))
    rnn = keras.layers.RNN(Cell(), return_sequences=True)
    model = keras.Model([inputs, constants], rnn(keras.layers.Masking()(inputs), constants=[constants]))
    factor = X[:, 0] + 2
    sequence = run(lambda t, c: model([t, c]), ZEROED, factor)
    record("sequence", sequence, expected=repeat_at_masked(np.cumsum(ZEROED * factor[:, None], axis=1)))
