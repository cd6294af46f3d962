"""Faults of recurrent layers and their wrappers: Bidirectional, TimeDistributed."""

from breaking import (
    KERAS_3,
    all_true,
    backwards,
    by_length,
    fault,
    first_row,
    internal,
    inverted,
    leaves,
    lost,
    made_mask,
    mask_argument,
    mask_on,
    only_in,
    same,
    shifted,
    wrap,
)

STATES = ("rnn.return-state*", "rnn.initial-state*", "rnn.stateful*")


def change_rnn(function):
    """Run `function(call, given)` in all recurrent layers instead of Keras's loop over timesteps."""
    wrap(internal("backend"), "rnn", function)


def change_loop_mask(change, where=lambda given: True):
    """Pass `change(mask)` to the loop over timesteps, if it has a mask and `where(given)` holds."""
    change_rnn(lambda call, given: call(mask=leaves(change, given["mask"])) if where(given) else call())


@fault("simple-rnn.*", "gru.skip-masked-steps", "bidirectional.*", modes=["eager", "graph", "session"], control=True)
def control_rnn(keras, ops):
    """Nothing: `call`, `compute_mask` and the loop of recurrent layers are wrapped without changing anything."""
    change_loop_mask(same)
    for name in ("SimpleRNN", "LSTM", "GRU", "Bidirectional", "TimeDistributed"):
        mask_argument(getattr(keras.layers, name), same)
        made_mask(getattr(keras.layers, name), same)


# A layer and its mask.


@fault("simple-rnn.*")
def simple_rnn_lost(keras, ops):
    """SimpleRNN ignores its mask."""
    mask_argument(keras.layers.SimpleRNN, lost)


@fault("lstm.skip-masked-steps", "lstm.gap", "lstm.implicit-mask")
def lstm_lost(keras, ops):
    """LSTM ignores its mask."""
    mask_argument(keras.layers.LSTM, lost)


@fault("gru.skip-masked-steps")
def gru_lost(keras, ops):
    """GRU ignores its mask."""
    mask_argument(keras.layers.GRU, lost)


@fault("convlstm*")
def conv_lstm_lost(keras, ops):
    """ConvLSTM2D ignores its mask."""
    mask_argument(keras.layers.ConvLSTM2D, lost)


@fault("lstm.skip-masked-steps", "lstm.gap")
def lstm_inverted(keras, ops):
    """LSTM skips the unmasked timesteps."""
    mask_argument(keras.layers.LSTM, inverted)


@fault("gru.skip-masked-steps")
def gru_first_row(keras, ops):
    """GRU uses the mask of the first sample for all."""
    mask_argument(keras.layers.GRU, first_row)


@fault("simple-rnn.*")
def simple_rnn_shifted(keras, ops):
    """SimpleRNN skips one timestep too late."""
    mask_argument(keras.layers.SimpleRNN, shifted(ops))


@fault("lstm.left-padding", "lstm.right-padding", "lstm.gap")
def lstm_backwards(keras, ops):
    """LSTM reverses its mask in time."""
    mask_argument(keras.layers.LSTM, backwards)


@fault("lstm.left-padding", "lstm.right-padding", "lstm.gap")
def lstm_by_length(keras, ops):
    """LSTM treats all padding as right padding."""
    mask_argument(keras.layers.LSTM, by_length(ops))


@fault("lstm.all-true-mask", "lstm.sample-independence", "simple-rnn.*")
def rnn_any_sample(keras, ops):
    """A timestep is skipped only if it is masked in all samples."""
    change_loop_mask(lambda mask: (mask & ~mask) | (ops.sum(ops.cast(mask, "int32"), axis=0) > 0))


# Single timesteps and samples.


@fault("rnn.fully-masked-sample")
def rnn_fully_masked(keras, ops):
    """A fully masked sample is computed as if it were unmasked."""
    change_loop_mask(lambda mask: mask | ~ops.expand_dims(ops.any(mask, axis=1), 1))


@fault("rnn.first-step-masked-output", "simple-rnn.*")
def rnn_first_step(keras, ops):
    """The first timestep is never skipped."""
    change_loop_mask(lambda mask: ops.concatenate([all_true(mask[:, :1]), mask[:, 1:]], axis=1))


@fault("rnn.garbage-independence")
def rnn_nan_leaks(keras, ops):
    """Inputs at masked timesteps are multiplied by zero and added, so that their NaN leaks."""

    def function(call, given):
        last, outputs, states = call()
        if given["mask"] is not None:
            last = last + 0.0 * ops.sum(ops.sum(given["inputs"], axis=-1), axis=1)[:, None]
        return last, outputs, states

    change_rnn(function)


# Outputs and states.


@fault(*STATES, "rnn.stacked-cells")
def rnn_states_move(keras, ops):
    """Masked timesteps change the returned states; the outputs are correct."""

    def function(call, given):
        last, outputs, _ = call()
        return last, outputs, call(mask=None)[2]

    change_rnn(function)


@fault(*STATES, "rnn.stacked-cells", "lstm.skip-masked-steps")
def rnn_second_state_moves(keras, ops):
    """Masked timesteps change every returned state but the first."""

    def function(call, given):
        last, outputs, states = call()
        return last, outputs, type(states)(list(states)[:1] + list(call(mask=None)[2])[1:])

    change_rnn(function)


@fault("rnn.zero-output-for-mask*")
def rnn_zero_output_ignored(keras, ops):
    """zero_output_for_mask has no effect."""
    change_rnn(lambda call, given: call(zero_output_for_mask=False))


@fault("rnn.masked-output-repeats-previous", "lstm.masked-output-repeats-previous", "lstm.skip-masked-steps")
def rnn_zero_output_always(keras, ops):
    """The output at masked timesteps is zero without zero_output_for_mask, too."""
    change_rnn(lambda call, given: call(zero_output_for_mask=True))


@fault("rnn.custom-cell.output-not-state", "rnn.masked-output-repeats-previous", "simple-rnn.*")
def rnn_masked_output_computed(keras, ops):
    """The output at masked timesteps is computed from them; the states are correct."""

    def function(call, given):
        last, outputs, states = call()
        if given["mask"] is None or not given["return_all_outputs"]:
            return last, outputs, states
        keep = ops.expand_dims(given["mask"], -1)
        return last, ops.where(keep, outputs, call(mask=None)[1]), states

    change_rnn(function)


@fault("rnn.go-backwards")
def rnn_go_backwards(keras, ops):
    """go_backwards reverses the timesteps, but not the mask."""
    change_loop_mask(backwards, lambda given: given["go_backwards"])


@fault("rnn.zero-output-for-mask.go-backwards", "rnn.go-backwards")
def rnn_go_backwards_zeroes(keras, ops):
    """With go_backwards, zero_output_for_mask zeroes the wrong outputs; masked timesteps are skipped correctly."""

    def function(call, given):
        if not (given["go_backwards"] and given["zero_output_for_mask"] and given["mask"] is not None):
            return call()
        last, outputs, states = call(zero_output_for_mask=False)
        keep = ops.expand_dims(given["mask"], -1)
        return last, ops.where(keep, outputs, ops.zeros_like(outputs)), states

    change_rnn(function)


@fault("rnn.unroll-equals-loop")
def rnn_unroll(keras, ops):
    """An unrolled loop ignores the mask."""
    change_loop_mask(lost, lambda given: given["unroll"])


@fault("rnn.initial-state.explicit-mask", "rnn.initial-state.implicit-mask")
def rnn_initial_state(keras, ops):
    """A recurrent layer ignores its mask when passed an initial state."""
    for name in ("SimpleRNN", "LSTM", "GRU"):
        mask_argument(getattr(keras.layers, name), lost, where=lambda given: given["initial_state"] is not None)


@fault("rnn.stateful-carry")
def rnn_stateful(keras, ops):
    """A stateful layer ignores its mask."""
    for name in ("SimpleRNN", "LSTM", "GRU"):
        mask_argument(getattr(keras.layers, name), lost, where=lambda given: given["self"].stateful)


@fault("rnn.explicit-overrides-implicit")
def rnn_implicit_wins(keras, ops):
    """The input mask takes precedence over the mask passed explicitly."""

    def function(call, given):
        attached = mask_on(given["sequences"] if "sequences" in given else given["inputs"])
        return call() if attached is None else call(mask=attached)

    for name in ("SimpleRNN", "LSTM", "GRU"):
        wrap(getattr(keras.layers, name), "call", function)


@fault("rnn.unknown-timesteps", modes=["graph"])
def rnn_unknown_steps(keras, ops):
    """The mask is ignored if the number of timesteps is unknown while tracing."""
    change_loop_mask(lost, lambda given: given["inputs"].shape[1] is None)


@fault("lstm.skip-masked-steps", modes=["graph"])
def lstm_lost_in_graph(keras, ops):
    """LSTM ignores its mask in tf.function only."""
    mask_argument(keras.layers.LSTM, only_in("graph", lost))


@fault("simple-rnn.skip-masked-steps", modes=["jit"])
def rnn_lost_in_jit(keras, ops):
    """SimpleRNN ignores its mask in XLA-compiled functions only."""
    mask_argument(keras.layers.SimpleRNN, only_in("jit", lost))


# The output mask.


@fault("rnn.output-mask", "lstm.stacked")
def rnn_output_mask_lost(keras, ops):
    """A recurrent layer that returns sequences drops the mask."""
    for name in ("SimpleRNN", "LSTM", "GRU"):
        made_mask(getattr(keras.layers, name), lost)


@fault("destroy.rnn-last", "rnn.output-mask")
def rnn_output_mask_always(keras, ops):
    """A recurrent layer that returns the last output only propagates the mask."""
    for name in ("SimpleRNN", "LSTM", "GRU"):
        cls = getattr(keras.layers, name)
        wrap(cls, "compute_mask", lambda call, given: given["mask"] if not given["self"].return_state else call())


@fault("rnn.return-state.mask-list")
def rnn_state_masks(keras, ops):
    """The returned states get the mask of the sequence."""

    def function(call, given):
        masks = call()
        return [given["mask"]] * len(masks) if isinstance(masks, list) else masks

    for name in ("SimpleRNN", "LSTM", "GRU"):
        wrap(getattr(keras.layers, name), "compute_mask", function)


@fault("rnn.go-backwards.output-mask-order")
def rnn_output_mask_order(keras, ops):
    """go_backwards reverses the output mask."""

    def function(call, given):
        return leaves(backwards, call()) if given["self"].go_backwards else call()

    for name in ("SimpleRNN", "LSTM", "GRU"):
        wrap(getattr(keras.layers, name), "compute_mask", function)


# Bidirectional.


@fault("bidirectional.*")
def bidirectional_backward_lost(keras, ops):
    """The backward layer of Bidirectional receives no mask."""
    mask_argument(keras.layers.SimpleRNN, lost, where=lambda given: given["self"].go_backwards)


@fault("bidirectional.*")
def bidirectional_forward_lost(keras, ops):
    """The forward layer of Bidirectional receives no mask."""
    mask_argument(keras.layers.SimpleRNN, lost, where=lambda given: not given["self"].go_backwards)


@fault("bidirectional.*")
def bidirectional_backward_reversed(keras, ops):
    """The backward layer of Bidirectional reverses its mask."""
    mask_argument(keras.layers.SimpleRNN, backwards, where=lambda given: given["self"].go_backwards)


@fault("bidirectional.sequence-alignment", "bidirectional.merge-modes*", "bidirectional.implicit-mask")
def bidirectional_output_mask(keras, ops):
    """Bidirectional drops the mask."""
    made_mask(keras.layers.Bidirectional, lost)


@fault("bidirectional.initial-state-mask*")
def bidirectional_initial_state(keras, ops):
    """Bidirectional ignores its mask when passed initial states."""
    mask_argument(keras.layers.Bidirectional, lost, where=lambda given: given["initial_state"] is not None)


# TimeDistributed.


@fault("timedistributed.*")
def time_distributed_mask_lost(keras, ops):
    """TimeDistributed drops the mask."""
    made_mask(keras.layers.TimeDistributed, lost)


@fault("timedistributed.*")
def time_distributed_inner_lost(keras, ops):
    """The layer inside TimeDistributed receives no mask."""
    mask_argument(keras.layers.TimeDistributed, lost)


@fault("timedistributed.*", on=KERAS_3)
def time_distributed_wrong_step(keras, ops):
    """The layer inside TimeDistributed receives the mask of another timestep."""
    mask_argument(keras.layers.TimeDistributed, backwards)
