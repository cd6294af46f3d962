"""ConvLSTM: a mask of steps over sequences of images."""

import numpy as np
import pytest

BATCH, STEPS, HEIGHT, WIDTH, CHANNELS, FILTERS = 3, 4, 5, 6, 2, 7
# Padded on the right, padded on the left, with a gap.
MASK = np.array([[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 1]], bool)
X = np.random.RandomState(71).uniform(-1, 1, (BATCH, STEPS, HEIGHT, WIDTH, CHANNELS)).astype("float32")

MASK_ARGUMENT = (
    "API docs of keras.layers.ConvLSTM2D, 'Call arguments', mask: binary tensor of shape (samples, timesteps) "
    "indicating whether a given timestep should be masked"
)


def make(keras, build, **arguments):
    """A built ConvLSTM2D."""
    layer = keras.layers.ConvLSTM2D(FILTERS, 3, recurrent_activation="sigmoid", **arguments)
    build(layer, (None, STEPS, HEIGHT, WIDTH, CHANNELS))
    return layer


def alone(run, layer):
    """What the layer makes of each sample alone, without its masked steps and without a mask."""
    return np.concatenate([run(layer, X[i : i + 1, kept]) for i, kept in enumerate(MASK)])


@pytest.mark.case("convlstm.mask-2d", documented=MASK_ARGUMENT, tags=["ConvLSTM2D", "explicit mask"])
def test_last_output(keras, run, build, record):
    """ConvLSTM2D skips masked steps.

    The last output is that of the same images without the masked ones.
    """
    layer = make(keras, build)
    last = run(lambda t, m: layer(t, mask=m), X, MASK)
    record("last output", last[..., 0], expected=alone(run, layer)[..., 0])


@pytest.mark.case(
    "convlstm.mask-2d.sequence", documented=MASK_ARGUMENT, tags=["ConvLSTM2D", "explicit mask", "return_sequences"]
)
def test_sequence(keras, run, build, record):
    """ConvLSTM2D skips masked steps in a sequence of outputs.

    At unmasked steps, the outputs are those of the same images without the masked ones.
    """
    layer = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m: layer(t, mask=m), X, MASK)
    unmasked = [run(layer, X[i : i + 1, kept])[0] for i, kept in enumerate(MASK)]
    record("first filter at unmasked steps", sequence[MASK][..., 0], expected=np.concatenate(unmasked)[..., 0])
