"""What breaks a clause: the layer, or the Keras under it; the layer is a fake, no Keras is needed."""

from types import SimpleNamespace
from typing import Any

from conformance.checks.examination import ClauseResult
from conformance.checks.layer_spec import LayerSpec
from conformance.checks.layer_state import LayerState
from conformance.worker.recorder import Recorder


class Layer:
    """As little of a Keras layer as is asked for."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


def result_of(masks: dict[str, object]) -> ClauseResult:
    """Try a clause that expects the mask True of the layer and of the minimal one."""
    keras = SimpleNamespace(layers=SimpleNamespace(Layer=Layer, Wrapper=Layer))
    mode = SimpleNamespace(begin=lambda: None, end=lambda: None)
    runtime = SimpleNamespace(front=SimpleNamespace(keras=keras, ops=None), modes={"eager": mode})

    def context(mode: str, recorder: Recorder, state: LayerState) -> Any:
        return SimpleNamespace(record=recorder, notes=[], mask=masks[str(state.name)])

    def body(context: Any) -> None:
        context.record("mask", context.mask, expected=True)

    state = LayerState(LayerSpec(Layer, (2, 5, 3), kind="consumer", name="mine"))
    examination = SimpleNamespace(state=state, runtime=runtime, context=context)
    return ClauseResult(examination, SimpleNamespace(body=body), "eager")


def test_what_the_minimal_layer_does_as_well_is_caused_by_keras() -> None:
    found = result_of({"mine": None, "a minimal consumer": None})
    assert (found.status, found.reason) == ("keras", "mask: None, expected True; a minimal consumer does the same")


def test_what_the_minimal_layer_does_not_do_is_caused_by_the_layer() -> None:
    found = result_of({"mine": None, "a minimal consumer": True})
    assert (found.status, found.reason) == ("failed", "mask: None, expected True")
