"""What masks should do, in NumPy. Expected values of cases come from here, never from a Keras."""

import numpy as np


def masking(x, mask_value):
    """Mask of `Masking(mask_value)`: True where any feature of a step differs.

    x: (..., F); mask_value: scalar or (F,). Returns bool (...).
    """
    return np.any(np.not_equal(x, np.asarray(mask_value, x.dtype)), axis=-1)


def masking_output(x, mask_value):
    """Output of `Masking(mask_value)`: masked steps are zero, the others unchanged."""
    return np.where(masking(x, mask_value)[..., None], x, np.zeros_like(x))


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm(x, mask, kernel, recurrent, bias, state=None):
    """An LSTM that skips masked steps, gates in the order i, f, c, o.

    x: (B, T, F); mask: bool (B, T) or None; kernel: (F, 4U); recurrent: (U, 4U); bias: (4U,);
    state: pair of (B, U), zeros by default. A skipped step keeps both states and repeats
    the output of the step before, zeros if there is none.

    Returns (sequence (B, T, U), h (B, U), c (B, U)).
    """
    batch, steps, units = x.shape[0], x.shape[1], recurrent.shape[0]
    h, c = (np.zeros((batch, units)), np.zeros((batch, units))) if state is None else state
    emitted = np.zeros((batch, units))
    mask = np.ones((batch, steps), bool) if mask is None else mask
    sequence = []
    for t in range(steps):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=-1)
        new_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        new_h = sigmoid(o) * np.tanh(new_c)
        keep = mask[:, t, None]
        h, c, emitted = np.where(keep, new_h, h), np.where(keep, new_c, c), np.where(keep, new_h, emitted)
        sequence.append(emitted)
    return np.stack(sequence, axis=1), h, c


def masked_mean(x, mask):
    """Mean over the unmasked steps of each sample. x: (B, T, F); mask: bool (B, T). Returns (B, F)."""
    return np.stack([sample[kept].mean(axis=0) for sample, kept in zip(x, mask)])


def moments(x, mask=None):
    """Mean and variance of each feature over all unmasked elements. x: (B, T, ..., F); mask: bool (B, T) or None."""
    kept = (x if mask is None else x[mask]).reshape(-1, x.shape[-1])
    return kept.mean(axis=0), kept.var(axis=0)


def batch_normalization(x, mask, gamma, beta, epsilon):
    """Each feature normalized with its `moments`, at all steps. x: (B, T, ..., F); mask: bool (B, T) or None."""
    mean, variance = moments(x, mask)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def softmax(x, mask=None):
    """Softmax over the last axis of what is not masked, zero elsewhere.

    mask: bool of the shape of x with a True in each row, or None.
    """
    x = x if mask is None else np.where(mask, x, -np.inf)
    parts = np.exp(x - x.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


def _recur(step, x, mask, state):
    """`step(x_t, state)` over the unmasked steps of (B, T, F); returns the sequence of emitted states, and the last."""
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    emitted, sequence = np.zeros_like(state), []
    for t in range(x.shape[1]):
        new, keep = step(x[:, t], state), mask[:, t, None]
        state, emitted = np.where(keep, new, state), np.where(keep, new, emitted)
        sequence.append(emitted)
    return np.stack(sequence, axis=1), state


def simple_rnn(x, mask, kernel, recurrent, bias, state=None):
    """A SimpleRNN (tanh) that skips masked steps.

    x: (B, T, F); mask: bool (B, T) or None; kernel: (F, U); recurrent: (U, U); bias: (U,); state: (B, U),
    zeros by default. A skipped step keeps the state and repeats the output of the step before, zeros if there
    is none. Returns (sequence (B, T, U), state (B, U)).
    """
    state = np.zeros((len(x), len(recurrent))) if state is None else state
    return _recur(lambda x_t, h: np.tanh(x_t @ kernel + h @ recurrent + bias), x, mask, state)


def gru(x, mask, kernel, recurrent, bias):
    """A GRU that skips masked steps, from a state of zeros, gates in the order z, r, h.

    x: (B, T, F); mask: bool (B, T) or None; kernel: (F, 3U); recurrent: (U, 3U); bias: (2, 3U) if the reset gate
    is applied after the matrix product, else (3U,). Skipped steps as in `simple_rnn`.

    Returns (sequence (B, T, U), state (B, U)).
    """
    units = len(recurrent)

    def step(x_t, h):
        input_bias, recurrent_bias = bias if bias.ndim == 2 else (bias, np.zeros(3 * units))
        xz, xr, xh = np.split(x_t @ kernel + input_bias, 3, axis=-1)
        hz, hr, hh = np.split(h @ recurrent + recurrent_bias, 3, axis=-1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        hh = r * hh if bias.ndim == 2 else (r * h) @ recurrent[:, 2 * units :]
        return z * h + (1 - z) * np.tanh(xh + hh)

    return _recur(step, x, mask, np.zeros((len(x), units)))


def bidirectional(recur, x, mask, forward, backward):
    """Two of `lstm`, `gru` or `simple_rnn`, side by side; the second reads the steps, and the mask, from the end.

    forward, backward: the weights of each. Returns (sequence (B, T, 2U) in the order of x, last outputs (B, 2U)).
    """
    ahead = recur(x, mask, *forward)
    back = recur(x[:, ::-1], None if mask is None else mask[:, ::-1], *backward)
    return np.concatenate([ahead[0], back[0][:, ::-1]], axis=-1), np.concatenate([ahead[1], back[1]], axis=-1)


def multi_head_attention(query, value, mask, wq, bq, wk, bk, wv, bv, wo, bo):
    """Scaled dot-product attention of several heads; the keys are made of `value`.

    query: (B, Tq, Fq); value: (B, Tv, Fv); mask: bool that broadcasts to (B, N, Tq, Tv), True to attend, or None;
    wq: (Fq, N, K); wk: (Fv, N, K); wv: (Fv, N, V); wo: (N, V, E); b*: as w* without the first
    dimension, bo (E,).
    Each row of `mask` needs a True. Returns (B, Tq, E).
    """
    q = np.einsum("btf,fnk->bntk", query, wq) + bq[:, None]
    k = np.einsum("bsf,fnk->bnsk", value, wk) + bk[:, None]
    v = np.einsum("bsf,fnv->bnsv", value, wv) + bv[:, None]
    scores = np.einsum("bntk,bnsk->bnts", q, k) / np.sqrt(wq.shape[-1])
    weights = softmax(scores, None if mask is None else np.broadcast_to(mask, scores.shape))
    return np.einsum("bnts,bnsv,nve->bte", weights, v, wo) + bo


def squared_errors(y, output, mask, weights=None):
    """Mean squared error of each unmasked step, times its weight, in one row.

    y, output: (B, T, F); mask: bool (B, T); weights: (B, T), ones by default.
    """
    errors = np.square(y - output)[mask].mean(axis=-1)
    return errors if weights is None else errors * weights[mask]


def attention(query, value, mask=None, additive=False):
    """Attention of one head without weights; the values are the keys, too.

    query: (B, Tq, F); value: (B, Tv, F); mask: bool that broadcasts to (B, Tq, Tv), True to attend, with a True in
    each row, or None; additive: scores are sums of tanh(query + key) instead of dot products. Returns (B, Tq, F).
    """
    pairs = query[:, :, None], value[:, None]
    scores = np.sum(np.tanh(pairs[0] + pairs[1]) if additive else pairs[0] * pairs[1], axis=-1)
    return softmax(scores, None if mask is None else np.broadcast_to(mask, scores.shape)) @ value


def precision(y, output):
    """Share of what is above 0.5 in `output` that is 1 in `y`, two arrays of one shape."""
    return y[output > 0.5].mean()
