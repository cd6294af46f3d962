"""ConvLSTM.

Masks over sequences of images.
"""

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


@pytest.mark.case(
    "convlstm.mask-2d",
    documented=MASK_ARGUMENT,
    tags=["ConvLSTM2D", "explicit mask", "return_sequences"],
    modes=["eager", "graph", "session"],
)
def test_mask_2d(keras, run, build, record):
    """ConvLSTM2D skips masked timesteps.

    The outputs at unmasked timesteps are those for the same images without the masked ones.
    """
    layer = keras.layers.ConvLSTM2D(FILTERS, 3, recurrent_activation="sigmoid", return_sequences=True)
    build(layer, (None, STEPS, HEIGHT, WIDTH, CHANNELS))
    # The outputs at these images do not depend on what follows them.
    compacted = np.stack([np.concatenate([x[kept], x[~kept]]) for x, kept in zip(X, MASK)])
    sequence, alone = run(lambda t, m, c: [layer(t, mask=m), layer(c)], X, MASK, compacted)
    unmasked = np.concatenate([row[: kept.sum()] for row, kept in zip(alone, MASK)])
    record("first filter at unmasked steps", sequence[MASK][..., 0], expected=unmasked[..., 0])


@pytest.mark.case(
    "convlstm.masking-upstream",
    unspecified="Masking creates a mask with one entry per pixel, ConvLSTM2D expects one per timestep; the docs of "
    "Masking, whose example is an LSTM, suggest that the two work together",
    severity="raises",
    issues=["tensorflow/tensorflow#48678"],
    tags=["ConvLSTM2D", "Masking"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_masking_upstream(keras, run, build, record, padding):
    """ConvLSTM2D after Masking.

    Whether a (batch, timesteps, rows, columns) mask is rejected, applied to each pixel of the states or does not fit
    them is not specified.
    """
    masking = keras.layers.Masking()
    layer = keras.layers.ConvLSTM2D(FILTERS, 3, padding=padding, recurrent_activation="sigmoid")
    build(layer, (None, STEPS, HEIGHT, WIDTH, CHANNELS))
    zeroed = np.where(MASK.reshape(MASK.shape + (1, 1, 1)), X, np.float32(0))
    skipping = run(lambda t, m: layer(t, mask=m), X, MASK)
    output = run.attempt(lambda t: layer(masking(t)), zeroed)
    record("output", output)
    skipped = isinstance(output, np.ndarray) and bool(np.allclose(output, skipping, atol=1e-4))
    record("masked images are skipped", skipped)
