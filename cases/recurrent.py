"""The recurrent layers: each case about recurrence is measured on every kind, since kinds differ in their code path.

SimpleRNN and RNN run the generic loop of Keras. LSTM and GRU have an implementation of their own (tf.keras since 2.0,
`lstm` and `gru` of a Keras 3 backend); a GRU that applies the reset gate first does not fit it.
"""

import numpy as np
import oracle
import pytest

from conformance.case import Unsupported

LAYERS = ["SimpleRNN", "LSTM", "GRU", "GRU-reset-before"]
# The generic loop with two states, for the cases in which the number of states or the arguments of RNN matter.
WITH_CELL = LAYERS + ["RNN-LSTMCell"]

# Modes of the kinds beside the plain one: eagerly, and in the graph in which models are trained. The others are left
# out as too dear, without evidence on every target (docs/modes.md).
MODES = ["eager", "graph | session"]
KINDS = {}


class RecurrentKind(object):
    """A recurrent layer: its name in `keras.layers`, its oracle, its number of states, and fixed arguments."""

    def __init__(self, layer, oracle_of_layer, states, arguments):
        self.layer, self.states, self.arguments = layer, states, arguments
        self.oracle = oracle_of_layer


def add_kind(name, layer, oracle_of_layer, states=1, **arguments):
    KINDS[name] = RecurrentKind(layer, oracle_of_layer, states, arguments)


# The default of `recurrent_activation` changed from hard_sigmoid to sigmoid, that of `reset_after` from False to True.
add_kind("SimpleRNN", "SimpleRNN", oracle.simple_rnn)
add_kind("LSTM", "LSTM", oracle.lstm, states=2, recurrent_activation="sigmoid")
add_kind("GRU", "GRU", oracle.gru, recurrent_activation="sigmoid", reset_after=True)
add_kind("GRU-reset-before", "GRU", oracle.gru, recurrent_activation="sigmoid", reset_after=False)
add_kind("RNN-LSTMCell", "LSTMCell", oracle.lstm, states=2, recurrent_activation="sigmoid")


def every_kind(plain="SimpleRNN", others=LAYERS):
    """Parametrize a case over the names of kinds.

    plain: the kind whose variant has no name in the id of the case, since that id is older than the other variants; it
    runs in all modes of the case. others: the other kinds, which run in those of `MODES` that the case has.
    """
    narrowed = [pytest.param(name, id=name, marks=pytest.mark.variant(modes=MODES)) for name in others if name != plain]
    return pytest.mark.parametrize("kind", [pytest.param(plain, id="")] + narrowed)


def make_recurrent(keras, kind, units, **arguments):
    """Make a layer of this kind."""
    about = KINDS[kind]
    if "zero_output_for_mask" in arguments and not hasattr(keras.layers.SimpleRNN(1), "zero_output_for_mask"):
        raise Unsupported("RNNs have no argument zero_output_for_mask")
    if about.layer == "LSTMCell":
        return keras.layers.RNN(keras.layers.LSTMCell(units, **about.arguments), **arguments)
    return getattr(keras.layers, about.layer)(units, **dict(about.arguments, **arguments))


def build_recurrent(keras, build, kind, make, shape):
    """Build the layer that `make()` returns, which is or wraps one of this kind; return it with its weights."""
    layer = make()
    if kind == "GRU" and keeps_initial_bias(keras):
        layer(keras.Input(batch_shape=shape))
        return layer, build(layer)
    return layer, build(layer, shape)


def keeps_initial_bias(keras):
    """Whether GRUCell reads its bias when it is built: in eager execution, Keras 2.3 keeps the initial values then."""
    cell = keras.layers.GRUCell(1, reset_after=True)
    cell.build((None, 1))
    return hasattr(getattr(cell, "input_bias", None), "numpy")


def built_recurrent(keras, build, kind, units, shape, **arguments):
    """Make and build a layer of this kind for inputs of this shape; return it with its weights."""
    return build_recurrent(keras, build, kind, lambda: make_recurrent(keras, kind, units, **arguments), shape)


def of_recurrent(kind, x, mask, weights, states=None):
    """Compute [sequence, *states] of a layer of this kind from initial `states`; the first state is the last output."""
    about = KINDS[kind]
    initial = {} if states is None else {"state": tuple(states) if about.states > 1 else states[0]}
    return list(about.oracle(x, mask, *weights, **initial))


def initial_states(kind, batch, units):
    """Draw one array per state."""
    states = np.random.RandomState(4).uniform(0.2, 0.9, (2, batch, units)).astype("float32")
    return list(states[: KINDS[kind].states])
