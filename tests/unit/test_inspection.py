"""Traces in words and as a picture, and which cases touch a model; no Keras is needed."""

import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from conformance import cli
from conformance.cache import cache_folder
from conformance.commands import advise
from conformance.commands.trace import markdown
from conformance.inspection import svg, table, usage
from conformance.inspection.advice import Advice
from conformance.inspection.trace import Call, Input, Output, Trace
from conformance.local import bundle
from conformance.results import Case
from conformance.suite import catalogue
from tests.support.page_samples import sample
from tests.support.paths import PUBLISHED
from tests.support.traces import HAPPENED, HOSTILE, call, seen, trace


def test_words() -> None:
    lost = seen("dropped silently", leaves=False, given={"mask": False})
    found = trace(call(0, "a", "x"), call(1, "b", 0, run=lost, symbolic=seen("output has a mask")))
    first, second = table.rows(found)
    assert first.cells("  ")[:4] == ("a", "Dense", "x", "(?, 3, 4)")
    assert (second.masks_in, second.masks_out, second.run) == ("110 100", "-", "dropped silently")
    assert second.note == (
        "the symbolic output has a mask, the output at run time has none; the mask is not passed to `call`"
    )
    assert table.headline(found)[1:] == ["The mask is lost at: b", "Mask of the output: -"]


def test_a_mask_that_the_model_hands_on_is_not_lost() -> None:
    symbolic = seen("output has a mask")
    lost = call(0, "sum", "x", run=seen("dropped silently", leaves=False), symbolic=symbolic)
    handed = seen("consumed", enters=False, explicit=symbolic.masks_in, consumed=True)
    found = trace(lost, call(1, "mean", 0, run=handed, symbolic=symbolic))
    assert not table.is_lost(lost, found)
    assert table.rows(found)[1].note == "the model passes the mask that it computed when it was constructed"


def notes(**changes: Any) -> list[str]:
    found = trace(call(0, "a", "x", **changes))
    return list(table.notes(found.calls[0], found))


def test_notes() -> None:
    mask = seen().masks_in
    assert notes(run=seen(takes_masks_away=[0])) == ["removes the mask from its input tensor"]
    assert notes(run=seen(untold="nothing is masked")) == ["unknown whether the mask is consumed: nothing is masked"]
    assert notes(symbolic=seen(explicit=mask)) == ["the mask is passed as an argument"]
    assert notes(symbolic=seen("not propagated", leaves=False)) == ["only the output at run time has a mask"]
    lost = call(0, "a", "x", symbolic=seen())
    lost = msgspec.structs.replace(lost, run=None)
    assert list(table.notes(lost, trace(lost))) == ["not called on the batch"]


def test_the_line_above_the_table() -> None:
    batch = [Input(name="x", shape=[2, 3], dtype="int32", drawn=True)]
    assert table.headline(trace(call(0, "a"), batch=batch))[0] == (
        "model (Functional) on Keras 3.15.1, called op by op on a random batch: x int32 (2, 3)"
    )
    given = [msgspec.structs.replace(batch[0], drawn=False)]
    assert "run as a graph on the given batch: x" in table.headline(trace(call(0, "a"), batch=given, way="graph"))[0]


def test_markdown_keeps_its_columns() -> None:
    found = trace(call(0, HOSTILE, "x"))
    row = markdown(found).splitlines()[-1]
    assert row.replace("\\|", "").count("|") == len(table.HEADINGS) + 1


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Calls in a row, each with sources among the calls and inputs before it; some inside others."""
    calls: list[Call] = []
    for number in range(draw(st.integers(1, 12))):
        inside = [c.id for c in calls if c.parent is None]
        parent = draw(st.sampled_from(inside)) if inside and draw(st.integers(0, 4)) == 0 else None
        before = [c.id for c in calls if c.parent == parent]
        sources = draw(st.lists(st.sampled_from([*before, "x", "y"] if parent is None else [*before, ""]), max_size=3))
        enters = draw(st.booleans())
        run = seen(
            draw(st.sampled_from(HAPPENED)), enters=enters, masks_in=[seen().masks_in[0] if enters else None] * 3
        )
        name = draw(st.sampled_from(["a", "embedding", HOSTILE]))
        path = f"{calls[parent].path}/{name}" if parent is not None else name
        calls.append(call(number, path, *sources, run=run, parent=parent))
    return trace(*calls)


@given(traces())
def test_no_two_edges_run_over_each_other(found: Trace) -> None:
    inputs = list(dict.fromkeys(s.input for c in found.calls for s in c.sources if s.input))
    edges = svg._with_lanes(sorted(svg._edges(found, inputs), key=lambda e: (e.last - e.first, e.first)))
    for one, other in itertools.combinations(edges, 2):
        if one.lane == other.lane:
            assert one.last <= other.first or other.last <= one.first or (one.lane == 0 and one == other)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return catalogue.collect(bundle.make_bundle(cache_folder()))


def test_every_tag_has_a_meaning(cases: list[Case]) -> None:
    known = usage.built_in(cases) | usage.CARRIERS | usage.ACTORS | usage.LAYERS | usage.WAYS | usage.OF_MODEL
    known = known | usage.CIRCUMSTANCES | usage.UNSEEN | usage.ASKED_OF_MODEL.keys()
    assert {tag for case in cases for tag in case.tags} - known == set()


def test_exceptions_to_the_tags_are_about_cases(cases: list[Case]) -> None:
    for pattern, demands in usage.BY_CASE.items():
        assert [case for case in cases if usage.demands(case, ()) == demands], pattern


@pytest.mark.parametrize(
    ("case", "demanded"),
    [
        ("rnn.initial-state.implicit-mask", {"LSTM", "initial_state"}),
        ("rnn.initial-state.implicit-mask[GRU-reset-before]", {"GRU", "initial_state"}),
        ("rnn.unroll-equals-loop[forwards]", {"SimpleRNN", "unroll"}),
        ("rnn.unroll-equals-loop[RNN-LSTMCell-forwards]", {"RNN", "unroll"}),
        ("rnn.stacked-cells", {"StackedRNNCells"}),
        ("bidirectional.zero-at-masked[LSTM-loop]", {"Bidirectional", "LSTM", "zero_output_for_mask", "unroll"}),
        ("lstm.gap", {"LSTM"}),
        ("attention.auto-mask[additive]", {"AdditiveAttention"}),
        ("law.garbage.not-finite[MultiHeadAttention-nan]", {"MultiHeadAttention"}),
        ("destroy.time-resizers[max-pooling-1d]", {"MaxPooling1D"}),
        ("propagate.dropout[spatial-dropout-1d-training]", {"SpatialDropout1D"}),
        ("embedding.mask-used-by-rnn", {"mask_zero", "recurrent"}),
        ("loss.masked.steps-ignored", {"loss", "output mask"}),
        ("layer-table.incoming-mask[SimpleRNN]", {"SimpleRNN"}),
        ("masking.broadcast.scalar", {"Masking"}),
    ],
)
def test_what_cases_are_about(cases: list[Case], case: str, demanded: set[str]) -> None:
    (found,) = [one for one in cases if one.id == case]
    assert usage.demands(found, usage.built_in(cases)) == demanded


def test_ways_belong_to_a_layer_that_a_mask_reaches() -> None:
    unreached = seen("no mask", enters=False, leaves=False)
    plain = call(0, "plain", features=["LSTM", "recurrent"])
    stated = call(1, "stated", features=["LSTM", "initial_state", "recurrent"])
    far = call(2, "far", run=unreached, features=["GRU", "recurrent"])
    used = usage.Usage.of(trace(plain, stated, far), "module:function")
    assert used.affected({"recurrent"}) == [plain, stated]
    assert used.affected({"recurrent", "initial_state"}) == [stated]
    assert used.affected({"recurrent", "unroll"}) is None
    assert used.affected({"GRU"}) is None and used.affected({"loss", "output mask"}) is None
    assert used.affected({"LSTM", "Add"}) is None and used.affected(set()) is None


def test_a_file_is_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "m.h5").touch()
    found = trace(call(0, "a"), outputs=[Output(symbolic=seen().masks_out[0], run=None)])
    used = usage.Usage.of(found, str(tmp_path / "m.h5"))
    assert {"HDF5", "serialization", "output mask"} <= used.of_model and used.affected({"HDF5"}) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trace", "nothing.keras"], "nothing.keras: neither a file nor of the form module:function"),
        (["trace", "a:b", "--batch", "none.npz"], "none.npz: no such file"),
        (["trace", "a:b", "--here", "none"], "none: no such interpreter"),
        (["trace", "a:b", "--target", "keras-3.155"], "unknown target 'keras-3.155'; did you mean 'keras-3.15'?"),
        (["trace", "a:b", "--here", "x", "--with", "keras"], "--here, --target and --with exclude each other"),
        (["advise", "a:b", "--from", "tf-2.15", "--to", "tf-9"], "unknown target 'tf-9'"),
        (["advise", "a:b", "--from", "keras-3.15", "--to", "tf-2.15"], "tf-2.15 does not come after keras-3.15"),
        (["advise", "a:b", "--from", "tf-2.15", "--to", "tf-2.15"], "tf-2.15 and tf-2.15 are the same target"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], said: str) -> None:
    more = ["--results", str(PUBLISHED)] if arguments[0] == "advise" else []
    done = CliRunner().invoke(cli.main, [*arguments, *more])
    assert done.exit_code == 2 and said in done.output, done.output


@pytest.mark.parametrize(("command", "struct"), [("trace", "Trace"), ("advise", "Advice")])
def test_schema(command: str, struct: str) -> None:
    done = CliRunner().invoke(cli.main, [command, "--schema"])
    assert done.exit_code == 0 and json.loads(done.output)["$ref"] == f"#/$defs/{struct}"


def test_advice_says_what_was_not_measured() -> None:
    found = Advice(
        model="m", traced="Keras 3.3", before="keras-3.3", after="keras-3.8", places=[], others=2, unreached=[]
    )
    assert [*advise._notes(found, sample())] == [
        "m, traced on Keras 3.3: nothing that it uses changes from Keras 3.3 to Keras 3.8.",
        "2 other changes do not affect it.",
        "Not measured: GPUs (every target runs on a CPU, so the cuDNN kernels of LSTM and GRU never run). Every patch "
        "release (the newest one stands for its minor release). Other operating systems (all targets run on Linux).",
    ]
