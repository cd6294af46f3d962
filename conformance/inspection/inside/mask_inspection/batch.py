"""The batch that the model is called on: given, or drawn so that part of it is masked."""

import numpy as np

from mask_inspection.models import InspectionError

SEED = 5
SAMPLES, STEPS, IDS = 2, 5, 9


def given(path, inputs):
    """Read a batch from an NPZ file.

    Args:
        path: The file.
        inputs: Name, shape, dtype and whether a layer looks it up, for each input of the model.

    Returns:
        A list of pairs of a name and an array, matched by the names of the inputs, or else in the order of the file.

    Raises:
        InspectionError: The file cannot be read, or has another number of arrays than the model has inputs.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:
        raise InspectionError("cannot read a batch from %s: %s" % (path, error))
    if not arrays:
        raise InspectionError("%s contains no arrays" % path)
    names = [name for name, _, _, _ in inputs]
    if inputs and len(arrays) != len(inputs):
        raise InspectionError("%s contains %d arrays, but the model has %d inputs" % (path, len(arrays), len(inputs)))
    if names and set(names) == set(arrays):
        return [(name, arrays[name]) for name in names]
    return [(name, array) for name, array in zip(names or list(arrays), arrays.values())]


def drawn(inputs, layers):
    """Draw a batch from a fixed seed.

    Sequences are padded on the right: ids with 0, numbers with the `mask_value` of a `Masking` layer.

    Args:
        inputs: Name, shape, dtype and whether a layer looks it up, for each input; a dimension of None is chosen here.
        layers: All layers of the model.

    Returns:
        A list of pairs of a name and an array.
    """
    random = np.random.RandomState(SEED)
    sizes = [int(layer.input_dim) for layer in layers if looks_up(layer)]
    skipped = [np.asarray(layer.mask_value) for layer in layers if type(layer).__name__ == "Masking"]
    highest = max(1, min(sizes + [IDS + 1]) - 1)
    found = []
    for number, (name, shape, dtype, looked_up) in enumerate(inputs):
        shape = [d if d is not None else (STEPS if i else SAMPLES) for i, d in enumerate(shape)]
        ids = looked_up or not dtype.startswith(("float", "bfloat"))
        array = _numbers(random, shape, dtype, highest if ids else None)
        if len(shape) > (1 if ids else 2) and shape[1] > 1:
            padding = "" if array.dtype.kind == "O" else 0 if ids or not skipped else skipped[0]
            for sample in range(shape[0]):
                array[sample, shape[1] - min(1 + (sample + number) % 2, shape[1] - 1) :] = padding
        found.append((name, array))
    return found


def looks_up(layer):
    """Return whether the layer looks up ids, as `Embedding` does."""
    return hasattr(layer, "embeddings_initializer") and hasattr(layer, "input_dim")


def _numbers(random, shape, dtype, highest):
    if dtype == "string":
        words = random.choice(["alpha", "beta", "gamma", "delta"], size=shape)
        return words.astype(object)
    if dtype == "bool":
        return np.ones(shape, bool)
    dtype = "float32" if dtype == "bfloat16" else dtype
    return (random.randint(1, highest + 1, shape) if highest else random.uniform(0.1, 0.9, shape)).astype(dtype)
