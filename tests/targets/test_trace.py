"""`conformance trace` and `advise` on real versions of Keras: what they say is what the cases say of the version."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from conformance.cache import cache_folder
from conformance.inspection import client
from conformance.inspection.trace import Call, Trace
from conformance.local import bundle
from conformance.local.errors import UsageError
from tests.support.paths import PUBLISHED, TESTS
from tests.support.warm import Warm, installed, the_target

OLD, MIDDLE, NEW = "keras-2.3.1+tf-1.15", "tf-2.15", "keras-3.15"
ALL = (OLD, MIDDLE, NEW)
FOLDER = TESTS / "traced"
RIGHT = "11110 11100"  # how a first input that is drawn is padded


@pytest.fixture(scope="module")
def traced(warm: Warm, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Traces a function of traced/models.py on a column; each pair once."""
    the_bundle = bundle.make_bundle(cache_folder())
    batch = tmp_path_factory.mktemp("batch") / "batch.npz"
    np.savez(batch, ids=np.array([[1, 2, 3, 4, 0], [5, 6, 7, 0, 0]]))
    found: dict[tuple[str, str], Trace] = {}

    def trace(target: str, name: str) -> Trace:
        if (target, name) not in found:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(FOLDER)
                model = client.ModelRequest(f"models:{name}", batch=batch if name == "Tagger" else None)
                found[target, name] = client.inspect(model, warm(target), the_bundle, the_target(target))
        return found[target, name]

    return trace


def words(trace: Trace) -> dict[str, str]:
    """What happened at run time, by the path of the call; where it came to no run, symbolically."""
    return {call.path: call.seen.happened for call in trace.calls}


def call(trace: Trace, path: str) -> Call:
    return next(call for call in trace.calls if call.path == path)


def kept(call: Call) -> tuple[list[str | None], list[str | None]]:
    assert call.run
    return [m and m.kept for m in call.run.masks_in], [m and m.kept for m in call.run.masks_out]


@pytest.mark.parametrize("target", ALL)
def test_states_keep_the_mask_from_rnns_of_keras_3(traced, target: str) -> None:  # type: ignore[no-untyped-def]
    """As rnn.initial-state.implicit-mask says."""
    trace = traced(target, "decoder")
    last = "dropped silently" if target == NEW else "consumed"
    assert words(trace) == {"masking": "created", "dense": "propagated", "decoder": last}
    assert kept(call(trace, "dense")) == ([RIGHT], [RIGHT])
    assert call(trace, "decoder").run.given == {"mask": target != NEW}
    assert [(s.call, s.input) for s in call(trace, "decoder").sources] == [(1, None), (None, "state"), (None, "state")]
    assert "initial_state" in call(trace, "decoder").features


@pytest.mark.parametrize("target", ALL)
def test_a_join_with_something_unmasked(traced, target: str) -> None:  # type: ignore[no-untyped-def]
    """As merge.concatenate says: Keras 2 keeps the mask, Keras 3 fills it with what the other has not."""
    trace = traced(target, "joined")
    joined, mean = call(trace, "join"), call(trace, "mean")
    if target == NEW:
        assert (joined.run.happened, kept(joined)) == ("modified", ([RIGHT, None], ["11111 11111"]))
        assert (mean.run.happened, mean.run.untold) == ("passed to the layer", "nothing is masked")
    else:
        assert (joined.run.happened, kept(joined)) == ("propagated", ([RIGHT, None], [RIGHT]))
        assert mean.run.happened == "consumed"


def test_attention_takes_the_mask_off_its_input(traced) -> None:  # type: ignore[no-untyped-def]
    """As mha.residual-mask says: called one by one it is lost, a Functional model hands it on."""
    before, after = traced(MIDDLE, "residual"), traced(NEW, "residual")
    assert words(before) == {
        "embedding": "created",
        "attention": "consumed and propagated",
        "sum": "propagated",
        "mean": "consumed",
    }
    assert words(after) == words(before) | {"sum": "dropped silently"}
    assert call(after, "attention").run.takes_masks_away == [0, 1]
    assert kept(call(after, "sum")) == ([None, RIGHT], [None])
    assert call(after, "sum").disagrees and call(after, "mean").handed


@pytest.mark.parametrize("target", ALL)
def test_inside_a_nested_model(traced, target: str) -> None:  # type: ignore[no-untyped-def]
    trace = traced(target, "nested")
    outer = call(trace, "encoder")
    assert words(trace) == {
        "embedding": "created",
        "encoder": "consumed and propagated",
        "encoder/project": "propagated",
        "encoder/recurrent": "consumed and propagated",
        "last": "consumed",
    }
    assert [c.path for c in trace.calls if c.parent == outer.id] == ["encoder/project", "encoder/recurrent"]
    # As functional.nested-symbolic-mask says.
    assert outer.symbolic and outer.symbolic.leaves == (target != NEW)
    assert any("mask" in said for said in outer.symbolic.warnings) == (target == NEW)
    assert "nested model" in trace.features


@pytest.mark.parametrize(
    ("target", "happened"),
    [(OLD, "rejected with an error"), (MIDDLE, "dropped silently"), (NEW, "dropped with a warning")],
)
def test_a_layer_that_says_nothing_of_masks(traced, target: str, happened: str) -> None:  # type: ignore[no-untyped-def]
    """As unsupported.policy says."""
    trace = traced(target, "custom")
    doubles = call(trace, "doubles")
    assert doubles.seen.happened == happened
    if target == OLD:
        assert trace.way == "none" and "does not support masking" in str(trace.refusal)
        assert [c.path for c in trace.calls] == ["embedding", "doubles"]
    else:
        assert kept(doubles) == ([RIGHT], [None]) and words(trace)["last"] == "no mask"
    assert "custom layer" in doubles.features


@pytest.mark.parametrize("target", ALL)
def test_a_model_that_is_its_call(traced, target: str) -> None:  # type: ignore[no-untyped-def]
    trace = traced(target, "Tagger")
    assert words(trace) == {"embedding": "created", "recurrent": "consumed and propagated", "head": "propagated"}
    assert all(c.symbolic is None and kept(c)[1] == ["11110 11100"] for c in trace.calls)
    assert [i.drawn for i in trace.batch] == [False]


@pytest.mark.parametrize("target", [MIDDLE, NEW])
def test_calls_of_a_shared_layer_and_of_those_inside_it(traced, target: str) -> None:  # type: ignore[no-untyped-def]
    trace = traced(target, "composite")
    one = ["block", "block/recurrent", "block/inner"]
    assert [c.path for c in trace.calls] == ["embedding", *one, *one]
    assert [(c.number, c.times) for c in trace.calls[1:]] == [(1, 2)] * 3 + [(2, 2)] * 3
    assert [c.parent for c in trace.calls] == [None, None, 1, 1, None, 4, 4]
    assert all(c.symbolic and c.run for c in trace.calls)
    assert trace.outputs[0].run and trace.outputs[0].run.kept == RIGHT


@pytest.mark.parametrize("target", ALL)
def test_a_sequential(traced, target: str) -> None:  # type: ignore[no-untyped-def]
    trace = traced(target, "sequential")
    assert words(trace) == {"masking": "created", "head": "propagated", "last": "consumed"}
    assert {"Sequential", "compile", "loss"} <= set(trace.features) and "metrics" not in trace.features


def conformance(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_a_saved_model_in_an_environment_as_it_is(warm: Warm, tmp_path: Path) -> None:
    python = installed(MIDDLE).python
    save = "import models; models.joined().save('joined.h5')\nopen('joined.json', 'w').write(models.joined().to_json())"
    (tmp_path / "models.py").write_text((FOLDER / "models.py").read_text())
    subprocess.run([warm(MIDDLE).python, "-c", save], cwd=tmp_path, check=True, capture_output=True)
    for name in ("joined.h5", "joined.json"):
        done = conformance("trace", name, f"--here={python}", "--format=json", "--svg=t.svg", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        trace = msgspec.json.decode(done.stdout, type=Trace)
        assert trace.title == "tf.keras 2.15.1" and words(trace)["join"] == "propagated"
        assert (tmp_path / "t.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("models:raises", "models:raises raises ValueError: no such thing | as this model"),
        ("models:number", "models:number does not return a model, but an object of type int"),
        ("models:layers", "models:layers is not a function, but of type "),
        ("models:nothing", "cannot import models:nothing: AttributeError"),
        ("models:Tagger", "models:Tagger does not declare its inputs; provide a batch with --batch FILE.npz"),
        ("models.py", "cannot load models.py: "),
    ],
)
def test_what_is_no_model(warm: Warm, model: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    request = client.ModelRequest(model)
    with pytest.raises(UsageError) as refused:
        client.inspect(request, warm(NEW), bundle.make_bundle(cache_folder()), the_target(NEW))
    assert str(refused.value).startswith(said)
    assert not (FOLDER / "__pycache__").exists()


def test_a_refused_model_writes_nothing(tmp_path: Path) -> None:
    svg = tmp_path / "t.svg"
    done = conformance("trace", "models:number", f"--target={NEW}", f"--svg={svg}")
    assert (done.returncode, done.stdout, svg.exists()) == (2, "", False)
    assert done.stderr.splitlines()[-1].startswith("Error: models:number does not return a model")


def test_a_model_of_another_front_end_is_traced_with_that(tmp_path: Path) -> None:
    layers = "[keras.layers.Masking(input_shape=(4, 2)), keras.layers.LSTM(3)]"
    make = f"from tensorflow import keras\n\ndef model():\n    return keras.Sequential({layers})\n"
    (tmp_path / "other.py").write_text(make)
    command = ("trace", "other:model", f"--target={OLD}", "--format=json")  # whose front end is standalone Keras
    done = conformance(*command, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    trace = msgspec.json.decode(done.stdout, type=Trace)
    assert trace.front_end == "tf.keras" and set(words(trace).values()) == {"created", "consumed"}


def test_a_custom_layer_is_imported_first(warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.py").write_text((FOLDER / "models.py").read_text())
    register = 'from models import *\nkeras.utils.get_custom_objects()["Doubles"] = Doubles\n'
    (tmp_path / "registered.py").write_text(register)
    save = "import models; models.custom().save('m.keras')"
    subprocess.run([warm(NEW).python, "-c", save], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="Could not locate class 'Doubles'"):
        client.inspect(client.ModelRequest("m.keras"), warm(NEW), bundle.make_bundle(cache_folder()), the_target(NEW))
    done = conformance("trace", "m.keras", "--target=keras-3.15", "--custom=registered", folder=tmp_path)
    assert done.returncode == 0 and "The mask is lost at: doubles" in done.stdout, done.stderr


def test_advice_for_a_translator(tmp_path: Path) -> None:
    """On the published results: the decoder is what an upgrade changes without a sign."""
    pair = ("--from=tf-2.15", "--to=keras-3.15", f"--results={PUBLISHED}")
    done = conformance("advise", "models:translator", *pair, "--target=tf-2.15", "--format=json")
    assert done.returncode == 0, done.stderr
    places = json.loads(done.stdout)["places"]
    met = {place["step"]["case"]: (place["step"]["severity"], place["layers"]) for place in places}
    assert met["rnn.initial-state.implicit-mask"] == ("silent", ["decoder"])
    assert met["merge.concatenate.feature"] == ("silent", ["join"])
    assert not any(case.startswith(("mha.", "gru.", "bidirectional.", "convlstm.")) for case in met)
