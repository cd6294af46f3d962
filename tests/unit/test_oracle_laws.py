"""What must hold of the oracle whatever the numbers: masked steps count as little as steps that are not there."""

import importlib.util
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from conformance.local.paths import cases_folder

_spec = importlib.util.spec_from_file_location("oracle", cases_folder() / "oracle.py")
assert _spec and _spec.loader
oracle: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)

UNITS, FEATURES = 3, 2
GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
recurrent = pytest.mark.parametrize("name", GATES)


class Batch(NamedTuple):
    x: np.ndarray  # (B, T, FEATURES)
    mask: np.ndarray  # (B, T)
    seed: int


@st.composite
def batches(draw: st.DrawFn, some: bool = False) -> Batch:
    """Masks of every shape; with `some`, each sample has an unmasked step."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 6)))
    mask = draw(hnp.arrays(bool, shape))
    if some:
        mask[np.arange(shape[0]), draw(st.integers(0, shape[1] - 1))] = True
    seed = draw(st.integers(0, 1000))
    return Batch(np.random.RandomState(seed).uniform(-2, 2, (*shape, FEATURES)), mask, seed)


def weights(name: str, seed: int) -> list[np.ndarray]:
    draw, width = np.random.RandomState(seed + 1), GATES[name] * UNITS
    bias = (2, width) if name == "gru" and seed % 2 else (width,)
    return [draw.uniform(-1, 1, shape) for shape in ((FEATURES, width), (UNITS, width), bias)]


@recurrent
@given(batch=batches())
def test_an_all_true_mask_is_none(name: str, batch: Batch) -> None:
    w = weights(name, batch.seed)
    with_mask = getattr(oracle, name)(batch.x, np.ones_like(batch.mask), *w)
    for a, b in zip(with_mask, getattr(oracle, name)(batch.x, None, *w), strict=True):
        assert_allclose(a, b)


@recurrent
@given(batch=batches())
def test_masked_steps_are_not_there(name: str, batch: Batch) -> None:
    """States, and outputs at unmasked steps, are those of the sample without its masked steps."""
    w = weights(name, batch.seed)
    sequence, *states = getattr(oracle, name)(batch.x, batch.mask, *w)
    for i, kept in enumerate(batch.mask):
        if not kept.any():
            assert all(not s[i].any() for s in states)
            continue
        alone, *alone_states = getattr(oracle, name)(batch.x[i : i + 1, kept], None, *w)
        assert_allclose(sequence[i, kept], alone[0])
        for a, b in zip(states, alone_states, strict=True):
            assert_allclose(a[i], b[0])


@recurrent
@given(batch=batches(), garbage=st.sampled_from([1e30, np.inf, np.nan]))
def test_values_at_masked_steps_do_not_matter(name: str, batch: Batch, garbage: float) -> None:
    w, dirty = weights(name, batch.seed), np.where(batch.mask[..., None], batch.x, garbage)
    with np.errstate(all="ignore"):
        found = getattr(oracle, name)(dirty, batch.mask, *w)
    for a, b in zip(found, getattr(oracle, name)(batch.x, batch.mask, *w), strict=True):
        assert_allclose(a, b)


@recurrent
@given(batch=batches())
def test_a_masked_step_repeats_the_output_before_it(name: str, batch: Batch) -> None:
    sequence = getattr(oracle, name)(batch.x, batch.mask, *weights(name, batch.seed))[0]
    before = np.concatenate([np.zeros_like(sequence[:, :1]), sequence[:, :-1]], axis=1)
    assert_allclose(sequence[~batch.mask], before[~batch.mask])


@recurrent
@given(batch=batches(), place=st.integers(0, 6))
def test_a_sequence_may_be_continued_from_its_states(name: str, batch: Batch, place: int) -> None:
    w, recur = weights(name, batch.seed), getattr(oracle, name)
    _, *states = recur(batch.x, batch.mask, *w)
    state = None if place == 0 else recur(batch.x[:, :place], batch.mask[:, :place], *w)[1:]
    if state is not None and name != "lstm":
        (state,) = state
    _, *continued = (
        recur(batch.x[:, place:], batch.mask[:, place:], *w, state=state)
        if batch.x[:, place:].size
        else (None, *states)
    )
    for a, b in zip(states, continued, strict=True):
        assert_allclose(a, b)


@recurrent
@given(batch=batches())
def test_two_directions_are_mirrored(name: str, batch: Batch) -> None:
    """Reading everything from the end swaps the two halves of the output and reverses the sequence."""
    w, recur = (weights(name, batch.seed + i) for i in (0, 2)), getattr(oracle, name)
    one, other = w
    sequence, last = oracle.bidirectional(recur, batch.x, batch.mask, one, other)
    mirrored, mirrored_last = oracle.bidirectional(recur, batch.x[:, ::-1], batch.mask[:, ::-1], other, one)
    assert_allclose(sequence, np.roll(mirrored[:, ::-1], UNITS, axis=-1))
    assert_allclose(last, np.roll(mirrored_last, UNITS, axis=-1))


@given(batch=batches(some=True), garbage=st.sampled_from([1e30, np.nan]))
def test_mean_softmax_and_errors_leave_out_masked_steps(batch: Batch, garbage: float) -> None:
    x, mask = batch.x, batch.mask
    dirty, everywhere = np.where(mask[..., None], x, garbage), np.ones((1, 1), bool)
    mean = oracle.masked_mean(dirty, mask)
    probabilities = oracle.softmax(dirty[..., 0], mask)
    assert not probabilities[~mask].any()
    for i, kept in enumerate(mask):
        alone = x[i : i + 1, kept]
        assert_allclose(mean[i], oracle.masked_mean(alone, np.ones(alone.shape[:2], bool))[0])
        assert_allclose(probabilities[i, kept], oracle.softmax(alone[..., 0])[0])
        assert_allclose(probabilities[i].sum(), 1)
    errors = oracle.squared_errors(dirty, -x, mask)
    steps = [oracle.squared_errors(s[None, None], -s[None, None], everywhere) for s in x[mask]]
    assert_allclose(errors, np.concatenate(steps))
    assert_allclose(oracle.squared_errors(dirty, -x, mask, np.full(mask.shape, 3.0)), 3 * errors)


@given(batch=batches(some=True), garbage=st.sampled_from([1e30, np.nan]))
def test_moments_are_those_of_unmasked_steps(batch: Batch, garbage: float) -> None:
    dirty = np.where(batch.mask[..., None], batch.x, garbage)
    kept = batch.x[batch.mask]
    assert_allclose(oracle.moments(dirty, batch.mask), (kept.mean(axis=0), kept.var(axis=0)))
    normalized = oracle.batch_normalization(dirty, batch.mask, 2.0, 5.0, 1e-9)[batch.mask]
    assert_allclose(normalized.mean(axis=0), 5.0)
    enough = kept.var(axis=0) > 1e-3
    assert_allclose(normalized.std(axis=0)[enough], 2.0, rtol=1e-3)


@pytest.mark.parametrize("kind", ["dot", "additive", "heads"])
@given(batch=batches(some=True))
def test_attention_does_not_see_masked_values(kind: str, batch: Batch) -> None:
    """Each query has the result that it has where the masked values are left out."""
    draw = np.random.RandomState(batch.seed + 1)
    query = draw.uniform(-1, 1, (len(batch.x), 4, FEATURES))
    heads = [draw.uniform(-1, 1, s) for s in [(FEATURES, 2, 5), (2, 5)] * 3 + [(2, 5, 6), (6,)]]

    def attend(q: np.ndarray, v: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        if kind == "heads":
            return oracle.multi_head_attention(q, v, None if mask is None else mask[:, None, None], *heads)
        return oracle.attention(q, v, None if mask is None else mask[:, None], additive=kind == "additive")

    found = attend(query, batch.x, batch.mask)
    assert_allclose(attend(query, batch.x, np.ones_like(batch.mask)), attend(query, batch.x, None))
    for i, kept in enumerate(batch.mask):
        assert_allclose(found[i], attend(query[i : i + 1], batch.x[i : i + 1, kept], None)[0])
