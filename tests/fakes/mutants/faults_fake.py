"""Faults of the fake Keras, one for each thing that can become of a fault."""

from breaking import Now, fault, inverted, made_mask, next_mask, only_in, wrap

FAKE = ("fake-0.1",)


@fault("good.masking", on=FAKE)
def noticed(keras, ops):
    """The mask of Masking is inverted."""
    made_mask(keras.layers.Masking, inverted)


@fault("good.masking", on=FAKE)
def noticed_in_its_mode(keras, ops):
    """The mask of Masking is inverted in eager mode."""
    made_mask(keras.layers.Masking, only_in("eager", inverted))


@fault("good.masking", on=FAKE)
def unnoticed_in_another_mode(keras, ops):
    """The mask of Masking is inverted in a mode that is not run."""
    made_mask(keras.layers.Masking, only_in("jit", inverted))


@fault("good.*", on=FAKE, control=True)
def control(keras, ops):
    """Nothing: masks go through patches that change nothing."""
    made_mask(keras.layers.Masking, lambda mask: mask)


@fault("good.masking", on=FAKE, control=True)
def bad_control(keras, ops):
    """Nothing is said to change, but the mask is inverted."""
    made_mask(keras.layers.Masking, inverted)


@fault("good.masking", "good.observed", on=FAKE)
def survives(keras, ops):
    """Nobody builds a SimpleRNN here."""
    wrap(keras.layers.SimpleRNN, "build", lambda call, given: None)


@fault("good.masking", on=FAKE)
def cannot_be_applied(keras, ops):
    """The patch is for a layer that is not there."""
    made_mask(keras.layers.Nothing, inverted)


@fault("good.masking", on=FAKE)
def fails_in_a_call(keras, ops):
    """The patch has a mistake that shows when the layer is called."""
    next_mask(keras.layers.Masking, lambda layer, inputs, mask: undefined_name)  # noqa: F821


@fault("good.masking", on=FAKE)
def ends_the_process(keras, ops):
    """The patch kills the worker in a cell."""
    import os

    next_mask(keras.layers.Masking, lambda layer, inputs, mask: os._exit(3) if Now.mode else None)


@fault("good.masking", on=FAKE)
def only_raises(keras, ops):
    """A layer raises where it did not, which alone proves little."""
    keras.layers.Masking.call = keras.layers.Broken.call


@fault("good.masking", on=FAKE, raises=True)
def raises_as_it_should(keras, ops):
    """A layer raises where it did not, and that is the fault."""
    keras.layers.Masking.call = keras.layers.Broken.call


@fault("good.no-such-case", on=FAKE)
def names_no_case(keras, ops):
    """Its case was renamed."""
