"""Masks to try. Each row keeps at least one step, except in the pattern "all-masked"."""

import numpy as np


def make(pattern, batch, steps, shift=0):
    """Make a mask.

    Args:
        pattern: "right" or "left" (padding on that side, in every row), "gap", "random", "all-true", or "all-masked":
            the first row is masked throughout, the others are padded on the right.
        batch: Number of rows.
        steps: Number of steps.
        shift: Number of rows to skip, for other rows of the same pattern.

    Returns:
        A bool array of shape (batch, steps), True at the steps that count.
    """
    mask = np.ones((batch, steps), bool)
    random = np.random.RandomState(7 + shift)
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
            mask[i] = random.permutation(steps) < max(1, steps // 2)
        else:
            assert pattern == "all-true", pattern
    return mask


def expand_to(mask, rank):
    """Return the mask with trailing axes of size 1, up to this rank."""
    return mask.reshape(mask.shape + (1,) * (rank - mask.ndim))


def broadcast(mask, shape):
    """Return the mask repeated along the trailing axes, in this shape."""
    return np.array(np.broadcast_to(expand_to(mask, len(shape)), shape))


def as_text(mask):
    """Return the mask as a row of 0 and 1 for each sample: "11100 10110"."""
    rows = mask.reshape(mask.shape[0], -1) if mask.ndim else mask.reshape(1, 1)
    return " ".join("".join("%d" % bool(kept) for kept in row) for row in rows)
