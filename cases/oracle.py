"""Reference results for masks, in NumPy: the expected values of the cases come from here, never from a Keras."""

import numpy as np


def masking(x, mask_value):
    """Compute the mask of `Masking(mask_value)`: True where any feature of a timestep differs.

    x: (..., F); mask_value: scalar or (F,). Returns bool (...).
    """
    return np.any(np.not_equal(x, np.asarray(mask_value, x.dtype)), axis=-1)


def masking_output(x, mask_value):
    """Compute the output of `Masking(mask_value)`: masked timesteps are zero, the others unchanged."""
    return np.where(masking(x, mask_value)[..., None], x, np.zeros_like(x))


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm(x, mask, kernel, recurrent, bias, state=None):
    """Run an LSTM that skips masked timesteps, with gates in the order i, f, c, o.

    x: (B, T, F); mask: bool (B, T) or None; kernel: (F, 4U); recurrent: (U, 4U); bias: (4U,);
    state: pair of (B, U), zeros by default. A skipped timestep keeps both states and repeats
    the previous output, or zeros if there is none.

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
    """Average the unmasked timesteps of each sample. x: (B, T, F); mask: bool (B, T). Returns (B, F)."""
    return np.stack([sample[kept].mean(axis=0) for sample, kept in zip(x, mask)])


def moments(x, mask=None):
    """Compute mean and variance of each feature over unmasked elements.

    x: (B, T, ..., F); mask: bool (B, T) or None. Returns two (F,) arrays.
    """
    kept = (x if mask is None else x[mask]).reshape(-1, x.shape[-1])
    return kept.mean(axis=0), kept.var(axis=0)


def batch_normalization(x, mask, gamma, beta, epsilon):
    """Normalize each feature with its `moments`, at all timesteps. x: (B, T, ..., F); mask: bool (B, T) or None."""
    mean, variance = moments(x, mask)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def softmax(x, mask=None):
    """Compute the softmax over the unmasked part of the last axis; masked entries are zero.

    mask: bool of the shape of x with a True in each row, or None.
    """
    x = x if mask is None else np.where(mask, x, -np.inf)
    parts = np.exp(x - x.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


def _recur(step, x, mask, state):
    """Run `step(x_t, state)` over the unmasked timesteps of (B, T, F); return output sequence and last state."""
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    emitted, sequence = np.zeros_like(state), []
    for t in range(x.shape[1]):
        new, keep = step(x[:, t], state), mask[:, t, None]
        state, emitted = np.where(keep, new, state), np.where(keep, new, emitted)
        sequence.append(emitted)
    return np.stack(sequence, axis=1), state


def simple_rnn(x, mask, kernel, recurrent, bias, state=None):
    """Run a SimpleRNN (tanh) that skips masked timesteps.

    x: (B, T, F); mask: bool (B, T) or None; kernel: (F, U); recurrent: (U, U); bias: (U,); state: (B, U),
    zeros by default. A skipped timestep keeps the state and repeats the previous output, or zeros if there
    is none. Returns (sequence (B, T, U), state (B, U)).
    """
    state = np.zeros((len(x), len(recurrent))) if state is None else state
    return _recur(lambda x_t, h: np.tanh(x_t @ kernel + h @ recurrent + bias), x, mask, state)


def gru(x, mask, kernel, recurrent, bias, state=None):
    """Run a GRU that skips masked timesteps, with gates in the order z, r, h.

    x: (B, T, F); mask: bool (B, T) or None; kernel: (F, 3U); recurrent: (U, 3U); bias: (2, 3U) if the reset gate
    is applied after the matrix product, else (3U,); state: (B, U), zeros by default. Skipped timesteps as in
    `simple_rnn`.

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

    return _recur(step, x, mask, np.zeros((len(x), units)) if state is None else state)


def bidirectional(recur, x, mask, forward, backward):
    """Run `lstm`, `gru` or `simple_rnn` in both directions; the second reads timesteps and mask from the end.

    forward, backward: the weights of each. Returns (sequence (B, T, 2U) in the order of x, last outputs (B, 2U)).
    """
    ahead = recur(x, mask, *forward)
    back = recur(x[:, ::-1], None if mask is None else mask[:, ::-1], *backward)
    return np.concatenate([ahead[0], back[0][:, ::-1]], axis=-1), np.concatenate([ahead[1], back[1]], axis=-1)


def multi_head_attention(query, value, mask, wq, bq, wk, bk, wv, bv, wo, bo):
    """Compute scaled dot-product attention with several heads; the keys are computed from `value`.

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
    """Compute the mean squared error of each unmasked timestep, times its weight, as a flat array.

    y, output: (B, T, F); mask: bool (B, T); weights: (B, T), ones by default.
    """
    errors = np.square(y - output)[mask].mean(axis=-1)
    return errors if weights is None else errors * weights[mask]


def attention(query, value, mask=None, additive=False):
    """Compute single-head attention without weights; the values are also the keys.

    query: (B, Tq, F); value: (B, Tv, F); mask: bool that broadcasts to (B, Tq, Tv), True to attend, with a True in
    each row, or None; additive: scores are sums of tanh(query + key) instead of dot products. Returns (B, Tq, F).
    """
    pairs = query[:, :, None], value[:, None]
    scores = np.sum(np.tanh(pairs[0] + pairs[1]) if additive else pairs[0] * pairs[1], axis=-1)
    return softmax(scores, None if mask is None else np.broadcast_to(mask, scores.shape)) @ value


def precision(y, output):
    """Compute the precision at threshold 0.5. y, output: arrays of the same shape, y of zeros and ones."""
    return y[output > 0.5].mean()
