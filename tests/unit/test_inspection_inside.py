"""What the process in the user's environment says when a model cannot be inspected; no Keras is needed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from conformance.inspection import client

INPUTS = [("ids", [None, 5], "int32", True), ("weights", [None, 5], "float32", False)]


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(client.INSIDE))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "mask_inspection"]:
        monkeypatch.delitem(sys.modules, name)


def refused(function: object, *arguments: object) -> str:
    from mask_inspection.models import InspectionError  # type: ignore[import-not-found]

    assert callable(function)
    with pytest.raises(InspectionError) as raised:
        function(*arguments)
    return str(raised.value)


def test_a_batch_that_does_not_fit(tmp_path: Path) -> None:
    from mask_inspection import batch  # type: ignore[import-not-found]

    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "empty.npz")
    np.savez(tmp_path / "one.npz", ids=np.zeros(3))
    text, empty, one = (str(tmp_path / f"{name}.npz") for name in ("text", "empty", "one"))
    assert refused(batch.given, text, INPUTS).startswith(f"cannot read a batch from {text}: ")
    assert refused(batch.given, empty, INPUTS) == f"{empty} contains no arrays"
    assert refused(batch.given, one, INPUTS) == f"{one} contains 1 arrays, but the model has 2 inputs"


def test_a_batch_is_padded_and_the_same_every_time() -> None:
    from mask_inspection import batch

    layers = [SimpleNamespace(embeddings_initializer="zeros", input_dim=4)]
    (_, ids), (_, weights) = batch.drawn(INPUTS, layers)
    assert ids.shape == weights.shape == (2, 5) and ids.max() <= 3
    assert (ids == 0).any(axis=1).all() and (ids[:, 0] > 0).all()
    assert np.array_equal(ids, batch.drawn(INPUTS, layers)[0][1])


def test_modules_and_functions_that_are_not_there(tmp_path: Path) -> None:
    from mask_inspection import models

    assert refused(models.import_keras, "theano").startswith(
        "cannot import Keras: ValueError: unknown front end 'theano', expected one of "
    )
    (tmp_path / "broken_module.py").write_text("raise ValueError('no luck')\n")
    assert refused(models.import_custom, ["broken_module"]) == (
        "cannot import the module broken_module: ValueError: no luck"
    )
    assert refused(models.factory, "json:nothing").startswith("cannot import json:nothing: AttributeError")
    assert refused(models.factory, "json:__name__") == "json:__name__ is not a function, but of type str"
    keras = SimpleNamespace(Model=dict)
    make = models.maker(SimpleNamespace(keras=keras), "json:loads", False)
    assert refused(make).startswith("json:loads raises TypeError: ")
    (tmp_path / "model.json").write_text("{")
    loading = SimpleNamespace(models=SimpleNamespace(model_from_json=json.loads, load_model=None))
    make = models.maker(SimpleNamespace(keras=loading), str(tmp_path / "model.json"), True)
    assert refused(make).startswith(f"cannot load {tmp_path}/model.json: json.decoder.JSONDecodeError: ")
    make = models.maker(SimpleNamespace(keras=keras), "builtins:list", False)
    assert refused(make) == "builtins:list does not return a model, but an object of type list"
    assert refused(models.front_of, [], SimpleNamespace(name="keras", keras=keras)) == (
        "not a model of keras, but an object of type list"
    )


def test_an_exception_is_one_line_with_its_cause() -> None:
    from mask_inspection.models import last_lines

    try:
        try:
            raise KeyError("mask")
        except KeyError as error:
            raise ValueError("no\nmask") from error
    except ValueError as error:
        assert last_lines(error) == "ValueError: no | mask; caused by KeyError: 'mask'"


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ([[1, 0], [1, 1]], "propagated"),
        ([[0, 0], [1, 1]], "modified"),
        ([[1, 0], [1, 0]], "combined with and"),
        ([[1, 1], [1, 1]], "combined with or"),
    ],
)
def test_what_became_of_two_masks(out: list[list[int]], words: str) -> None:
    from mask_inspection import describe

    masks = [np.array([[1, 0], [1, 1]], bool), np.array([[1, 1], [1, 0]], bool)]
    assert describe.became(masks, np.array(out, bool)) == words


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        ({"had": False, "has": True}, "created"),
        ({"had": False, "has": False}, "no mask"),
        ({"had": True, "has": True}, "output has a mask"),
        ({"had": True, "has": False, "warned": True}, "dropped with a warning"),
        ({"had": True, "has": False, "given": True}, "not propagated"),
        ({"had": True, "has": False, "given": False}, "dropped silently"),
        ({"had": True, "has": False, "error": ValueError()}, "rejected with an error"),
    ],
)
def test_what_happens_symbolically(situation: dict[str, object], words: str) -> None:
    from mask_inspection import describe

    assert describe.symbolic(**({"given": None, "warned": False, "error": None} | situation)) == words


def test_why_it_is_unknown_whether_a_mask_is_consumed() -> None:
    from mask_inspection.mask_use import MaskUse

    class Execution:
        def __init__(self, *results: object):
            self.results = list(results)

        def arrays(self, tensors: list[np.ndarray]) -> list[np.ndarray]:
            return tensors

        def again(self, call: object, plain: bool) -> tuple[object, None]:
            result = self.results.pop(0)
            if isinstance(result, Exception):
                raise result
            return result, None

    def why(*results: object, masks: object = np.array([True, False]), stateful: bool = False) -> str:
        layer = SimpleNamespace(stateful=stateful)
        call = SimpleNamespace(layer=layer, had_mask=True, error=None, outputs=[np.ones(2)], cleared=[])
        use = MaskUse(call, [masks], Execution(*results))
        assert use.consumed is None
        return str(use.untold)

    assert why(stateful=True) == "the layer is stateful, so its call cannot be repeated"
    assert why(ValueError("no")) == "without the mask it raises ValueError: no"
    assert why("not a tensor") == "its outputs cannot be compared"
    assert why(np.ones(2), masks=np.array([True, True])) == "nothing is masked"
    assert why(np.zeros(2), np.full(2, 3.0)) == "its outputs differ from call to call"
