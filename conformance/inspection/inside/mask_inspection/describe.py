"""What happened to a mask in a call, in the words of the trace."""

import numpy as np

SHOWN = 120  # elements up to which the values of a mask are shown
RTOL, ATOL = 1e-4, 1e-5


def same(one, other):
    """Return whether two lists of arrays are equal within tolerances; None if they cannot be compared."""
    if len(one) != len(other):
        return None
    for a, b in zip(one, other):
        if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)) or a.dtype.kind not in "biuf":
            return None
        if a.shape != b.shape or not np.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True):
            return False
    return True


def as_data(mask):
    """Return a mask as data for JSON (see `trace.Mask`)."""
    if mask is None:
        return None
    if not isinstance(mask, np.ndarray):
        return {"shape": static(mask), "dtype": dtype_name(mask), "kept": None}
    about = {"shape": list(mask.shape), "dtype": mask.dtype.name, "kept": None}
    if 0 < mask.size <= SHOWN:
        rows = mask.reshape(-1, mask.shape[-1] if mask.ndim else 1).astype(bool)
        about["kept"] = " ".join("".join("01"[int(v)] for v in row) for row in rows)
    return about


def static(tensor):
    """Return the static shape of a tensor; None for an unknown dimension, [] for an unknown rank."""
    try:
        return [None if d is None else int(d) for d in tuple(getattr(tensor.shape, "dims", tensor.shape) or ())]
    except TypeError:  # `Dimension` of TensorFlow 1
        return [d.value for d in tensor.shape.dims]
    except ValueError:
        return []


def dtype_name(tensor):
    """Return the name of the dtype of a tensor."""
    name = getattr(tensor.dtype, "name", None) or str(tensor.dtype)
    return name.rpartition(".")[2]


def symbolic(had, has, given, warned, error):
    """Describe a call on symbolic tensors.

    Args:
        had: Whether it had a mask.
        has: Whether an output has a mask.
        given: Whether `call` got a mask; None if that was not observed.
        warned: Whether there was a warning about masks.
        error: The exception that it raised, or None.
    """
    if error:
        return "rejected with an error"
    if not had:
        return "created" if has else "no mask"
    if has:
        return "output has a mask"
    if warned:
        return "dropped with a warning"
    return "not propagated" if given or given is None else "dropped silently"


def at_run_time(masks, out, plain_out, consumed, given, warned):
    """Describe a call on arrays.

    Args:
        masks: The masks that came in.
        out: The mask of the output, or None.
        plain_out: The mask of the output of the same call without masks, or None.
        consumed: Whether the output depends on the masks; None if that is unknown.
        given: Whether `call` got a mask; None if it has no mask argument.
        warned: Whether there was a warning about masks.
    """
    if not masks:
        return "no mask" if out is None else "created"
    words = ["consumed"] if consumed else ["ignored"] if out is not None and given is False else []
    if out is not None:
        words.append("created" if plain_out is not None else became(masks, out))
    elif consumed is None and given:
        words.append("passed to the layer")  # whether that consumes it is unknown
    elif not consumed:
        words.append("dropped with a warning" if warned else "dropped silently")
    return " and ".join(words)


def became(masks, out):
    """Describe how the output mask follows from those that came in."""
    if not isinstance(out, np.ndarray):
        return "propagated"
    same_shape = [m for m in masks if isinstance(m, np.ndarray) and m.shape == out.shape]
    if any(np.array_equal(m, out) for m in same_shape):
        return "propagated"
    if len(same_shape) > 1:
        if np.array_equal(np.logical_and.reduce(same_shape), out):
            return "combined with and"
        if np.array_equal(np.logical_or.reduce(same_shape), out):
            return "combined with or"
    return "modified"
