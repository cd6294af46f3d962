"""What happened to a mask in a call, in the words of the report."""

import numpy as np

SPELLED = 120  # elements of a mask that are written out
RTOL, ATOL = 1e-4, 1e-5


def same(one, other):
    """Whether two lists of arrays are alike; None if that cannot be told."""
    if len(one) != len(other):
        return None
    for a, b in zip(one, other):
        if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)) or a.dtype.kind not in "biuf":
            return None
        if a.shape != b.shape or not np.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True):
            return False
    return True


def spelled(mask):
    """A mask as JSON. kept: rows of 0 and 1; None where there are no values, or too many."""
    if mask is None:
        return None
    if not isinstance(mask, np.ndarray):
        return {"shape": static(mask), "dtype": dtype_name(mask), "kept": None}
    about = {"shape": list(mask.shape), "dtype": mask.dtype.name, "kept": None}
    if 0 < mask.size <= SPELLED:
        rows = mask.reshape(-1, mask.shape[-1] if mask.ndim else 1).astype(bool)
        about["kept"] = " ".join("".join("01"[int(v)] for v in row) for row in rows)
    return about


def static(tensor):
    """The shape known without values; None for an unknown dimension, [] if nothing is known."""
    try:
        return [None if d is None else int(d) for d in tuple(getattr(tensor.shape, "dims", tensor.shape) or ())]
    except TypeError:  # `Dimension` of TensorFlow 1
        return [d.value for d in tensor.shape.dims]
    except ValueError:
        return []


def dtype_name(tensor):
    name = getattr(tensor.dtype, "name", None) or str(tensor.dtype)
    return name.rpartition(".")[2]


def symbolic(had, has, given, warned, error):
    """The words for a call without values. given: whether a mask reached `call`, None if that was not seen."""
    if error:
        return "refused with an error"
    if not had:
        return "produced" if has else "no mask"
    if has:
        return "gives a mask"
    if warned:
        return "dropped with a warning"
    return "ends here" if given or given is None else "dropped silently"


def at_run_time(masks, out, plain_out, consumed, given, warned):
    """The words for a call on arrays.

    masks: arrays that came in; out: the mask of the output or None; plain_out: the same without masks;
    consumed: whether the output depends on the masks, None if that could not be tried; given: whether a mask
    reached `call`, None if that takes none.
    """
    if not masks:
        return "no mask" if out is None else "produced"
    words = ["consumed"] if consumed else ["ignored"] if out is not None and given is False else []
    if out is not None:
        words.append("produced" if plain_out is not None else became(masks, out))
    elif consumed is None and given:
        words.append("given to the layer")  # whether that uses it could not be tried
    elif not consumed:
        words.append("dropped with a warning" if warned else "dropped silently")
    return " and ".join(words)


def became(masks, out):
    """How the output mask follows from those that came in."""
    if not isinstance(out, np.ndarray):
        return "passed"
    same_shape = [m for m in masks if isinstance(m, np.ndarray) and m.shape == out.shape]
    if any(np.array_equal(m, out) for m in same_shape):
        return "passed"
    if len(same_shape) > 1:
        if np.array_equal(np.logical_and.reduce(same_shape), out):
            return "merged by and"
        if np.array_equal(np.logical_or.reduce(same_shape), out):
            return "merged by or"
    return "replaced"
