"""The batch that the model is called on: given, or drawn so that something in it is masked."""

import numpy as np

from mask_inspection.models import Refused

SEED = 5
SAMPLES, STEPS, IDS = 2, 5, 9


def given(path, inputs):
    """One array per input, from an NPZ: by the names of the inputs, else in the order of the file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:
        raise Refused("%s cannot be read as a batch: %s" % (path, error))
    if not arrays:
        raise Refused("%s holds no arrays" % path)
    names = [name for name, _, _, _ in inputs]
    if inputs and len(arrays) != len(inputs):
        raise Refused("%s holds %d arrays, the model has %d inputs" % (path, len(arrays), len(inputs)))
    if names and set(names) == set(arrays):
        return [(name, arrays[name]) for name in names]
    return [(name, array) for name, array in zip(names or list(arrays), arrays.values())]


def drawn(inputs, layers):
    """One array for each of `inputs`: name, shape (None: chosen here), dtype, whether a layer looks it up.

    Drawn from a fixed seed. Sequences are padded on the right, ids with 0, numbers with what a `Masking` skips.
    """
    draw = np.random.RandomState(SEED)
    sizes = [int(layer.input_dim) for layer in layers if looks_up(layer)]
    skipped = [np.asarray(layer.mask_value) for layer in layers if type(layer).__name__ == "Masking"]
    highest = max(1, min(sizes + [IDS + 1]) - 1)
    found = []
    for number, (name, shape, dtype, looked_up) in enumerate(inputs):
        shape = [d if d is not None else (STEPS if i else SAMPLES) for i, d in enumerate(shape)]
        ids = looked_up or not dtype.startswith(("float", "bfloat"))
        array = _numbers(draw, shape, dtype, highest if ids else None)
        if len(shape) > (1 if ids else 2) and shape[1] > 1:
            padding = "" if array.dtype.kind == "O" else 0 if ids or not skipped else skipped[0]
            for sample in range(shape[0]):
                array[sample, shape[1] - min(1 + (sample + number) % 2, shape[1] - 1) :] = padding
        found.append((name, array))
    return found


def looks_up(layer):
    """Whether the layer takes ids, as `Embedding` does."""
    return hasattr(layer, "embeddings_initializer") and hasattr(layer, "input_dim")


def _numbers(draw, shape, dtype, highest):
    if dtype == "string":
        words = draw.choice(["alpha", "beta", "gamma", "delta"], size=shape)
        return words.astype(object)
    if dtype == "bool":
        return np.ones(shape, bool)
    dtype = "float32" if dtype == "bfloat16" else dtype
    return (draw.randint(1, highest + 1, shape) if highest else draw.uniform(0.1, 0.9, shape)).astype(dtype)
