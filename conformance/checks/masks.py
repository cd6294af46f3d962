"""Masks to try. Each row has a True, except in "all-masked"."""

import numpy as np


def make(pattern, batch, steps, shift=0):
    """A bool array (batch, steps).

    pattern: "right" and "left" (padding there, in every row), "gap", "random", "all-true", or "all-masked": nothing
        of the first row is left, the others are padded on the right.
    shift: other rows of the same pattern.
    """
    mask = np.ones((batch, steps), bool)
    draw = np.random.RandomState(7 + shift)
    for i in range(batch):
        padding = 1 + (i + shift) % (steps - 2)
        if pattern == "right" or (pattern == "all-masked" and i):
            mask[i, steps - padding :] = False
        elif pattern == "left":
            mask[i, :padding] = False
        elif pattern == "gap":
            mask[i, 1 + (i + shift) % (steps - 2)] = False
        elif pattern == "all-masked":
            mask[i] = False
        elif pattern == "random":
            mask[i] = draw.permutation(steps) < max(1, steps // 2)
        else:
            assert pattern == "all-true", pattern
    return mask


def lengthen(mask, rank):
    """The mask with axes of size 1 behind, up to this rank."""
    return mask.reshape(mask.shape + (1,) * (rank - mask.ndim))


def widen(mask, shape):
    """The same mask for every element of further axes."""
    return np.array(np.broadcast_to(lengthen(mask, len(shape)), shape))


def spelled(mask):
    """ "11100 10110": a row for each sample."""
    rows = mask.reshape(mask.shape[0], -1) if mask.ndim else mask.reshape(1, 1)
    return " ".join("".join("%d" % bool(kept) for kept in row) for row in rows)
