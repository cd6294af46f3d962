"""Why a clause does not apply to a layer, and what it left out, in words; the layer is a fake, no Keras is needed."""

import contextlib
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.checks import BadInput, infer_kind, keras_runtime
from conformance.checks.clause import find
from conformance.checks.context import CallResult, ClauseContext, NotApplicable, raised
from conformance.checks.layer_spec import LayerSpec
from conformance.checks.layer_state import LayerState
from conformance.worker.modes import Unsupported
from conformance.worker.recorder import Recorder

Masks = list[Any] | None
RANDOM = np.random.RandomState(1)


class Layer:
    """As little of a Keras layer as the clauses ask for."""

    supports_masking = True
    trainable_weights = weights = ()

    def call(self, inputs: Any) -> Any:
        return inputs

    def __call__(self, inputs: Any, **arguments: object) -> Any:
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, object]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, object]) -> "Layer":
        return cls()


class Recurrent(Layer):
    go_backwards = False


class Stateful(Layer):
    stateful = True


def no_luck(*_: object, **__: object) -> Any:
    raise ValueError("no luck")


def no_such_model(*_: object) -> Any:
    raise NotApplicable("there is no such model")


class FakeContext:
    """A `ClauseContext` of a layer whose calls `rejects` decides about.

    Args:
        kind: Name of the kind of the layer.
        declared: Arguments of its `LayerSpec` other than these.
        layer: Class of the layer.
        rejects: Function of arrays and masks: whether a call with them raises.
        **about: Attributes of the context that differ.
    """

    mode, modes = "eager", ["eager"]
    is_first = is_eager_process = takes_mask = True
    leaks = False
    outputs: Callable[[list[Any]], list[Any]] = staticmethod(lambda arrays: arrays[:1])  # type: ignore[assignment]

    def __init__(
        self,
        kind: str | None,
        declared: dict[str, Any] | None = None,
        layer: type[Layer] = Layer,
        rejects: Callable[[list[Any], Masks], bool] = lambda arrays, masks: False,
        **about: object,
    ):
        self.spec = LayerSpec(layer, **({"input_shape": (2, 5, 3), "kind": kind} | (declared or {})))
        self.state = LayerState(self.spec)
        self.record, self.notes = Recorder(), []
        self._layer, self._rejects = layer, rejects
        layers = SimpleNamespace(Layer=Layer, Wrapper=Layer, RNN=Recurrent, TimeDistributed=no_luck)
        layers.Bidirectional = no_luck
        self.keras = SimpleNamespace(
            layers=layers,
            Sequential=lambda layers: layers[0],
            utils=SimpleNamespace(custom_object_scope=lambda objects: contextlib.nullcontext()),
            backend=SimpleNamespace(floatx=lambda: "float32", set_floatx=lambda name: None),
        )
        self.ops = SimpleNamespace(zeros_like=np.zeros_like)
        self.front = SimpleNamespace(is_keras3=False, backend="tensorflow", keras=self.keras, ops=self.ops)
        self.run = self._run
        vars(self).update(about)

    @property
    def kind(self) -> str | None:
        return self.state.kind

    def _run(self, fn: Callable[..., Any], *arrays: Any) -> Any:
        return fn(*arrays)

    def layer(self) -> Layer:
        return self._layer()

    def isolated(self, state: LayerState | None = None) -> "FakeContext":
        return self

    def cached(self, question: object) -> bool:
        return self.leaks

    def call(self, layer: Layer, arrays: list[Any], masks: Masks = None, explicit: Masks = None) -> CallResult:
        if self._rejects(arrays, masks):
            no_luck()
        outputs = self.outputs(arrays)
        return CallResult(outputs, [None] * len(outputs))

    def attempt(self, *arguments: Any, **more: Any) -> Any:
        try:
            return self.call(*arguments, **more)
        except ValueError as error:
            return raised(error)

    def functional(self, layer: Layer, around: object = None) -> str:
        return "model"

    def plain_model(self, layer: Layer) -> Any:
        return SimpleNamespace(save=lambda path: None)

    def attempt_model(self, model: object, arrays: list[Any], masks: Masks) -> Any:
        return self.attempt(None, arrays, masks)

    def kept(self, result: CallResult, masks: Masks) -> list[Any]:
        return [np.ones(np.shape(output), bool) for output in result.outputs]

    def attach(self, tensors: Any, masks: object) -> list[Any]:
        return list(tensors)

    def outputs_and_masks(self, result: Any) -> list[list[Any]]:
        return [[result], [None]]

    def mask_of(self, tensor: object) -> None:
        return None

    def supports(self, layer: Layer) -> bool:
        return layer.supports_masking

    def nothing(self, *_: object, **__: object) -> None:
        """Models are not compiled, layers not built, results not compared."""

    build = set_weights = make_predictable = record_outputs = record_masks = nothing

    def note(self, text: str) -> None:
        self.notes.append(text)


def masked(arrays: list[Any], masks: Masks) -> bool:
    return masks is not None


def always(arrays: list[Any], masks: Masks) -> bool:
    return True


@pytest.mark.parametrize(
    ("clause", "context", "message"),
    [
        ("C3", FakeContext("consumer", takes_mask=False), "its call has no argument `mask`"),
        (
            "C3",
            FakeContext("combiner", {"input_shape": [(2, 5, 3)] * 2, "as_arguments": True}),
            "its inputs are separate arguments, each with a mask argument of its own",
        ),
        ("C5", FakeContext("consumer", {"dtype": "int32"}), "there is no gradient: its inputs are not floats"),
        (
            "C5",
            FakeContext("consumer", leaks=True),
            "masked steps affect its output, so gradients flow into them; see C4-padding-invariance",
        ),
        (
            "C5",
            FakeContext("consumer", outputs=lambda arrays: [np.ones((2, 5), int)]),
            "there is no gradient: its outputs are not floats",
        ),
        ("C12", FakeContext("consumer", {"dtype": "int32"}), "its inputs are not floats"),
        ("C12", FakeContext("consumer", rejects=always), "it computes only in float32"),
        (
            "C13",
            FakeContext("consumer", rejects=always),
            "in this mode it raises without a mask as well: no luck",
        ),
        ("C14", FakeContext("unaware", rejects=masked), "it rejects masks"),
        ("C15", FakeContext("unaware", run=no_luck), "it rejects masks"),
    ],
)
def test_a_clause_that_does_not_apply_says_why(clause: str, context: FakeContext, message: str) -> None:
    with pytest.raises(NotApplicable) as refusal:
        find(clause).body(context)
    assert str(refusal.value) == message


def unpredictable(model: object) -> None:
    raise Unsupported("nothing predicts in this mode")


def loaded(path: str, **options: object) -> Any:
    return no_luck() if path.endswith(".keras") else SimpleNamespace(layers=[Layer()])


def saves(context: FakeContext) -> FakeContext:
    """Give it the file formats of Keras 2.12 and later."""
    context.keras.models = SimpleNamespace(load_model=loaded)
    context.keras.layers.Layer = type("Layer", (), {"save_own_variables": None})
    return context


def needs_a_mask() -> FakeContext:
    context = FakeContext("consumer")
    context.state.error_without_mask = raised(ValueError("a mask is needed"))
    return context


@pytest.mark.parametrize(
    ("clause", "context", "notes"),
    [
        (
            "C4",
            FakeContext("consumer", rejects=lambda arrays, masks: arrays[0].shape[1] < 5),
            ["fewer steps: it accepts only 5 (no luck)"],
        ),
        ("C8", FakeContext("remover", rejects=masked), ["it rejects a masked input: no luck"]),
        ("C8", FakeContext("remover", functional=no_such_model), ["in a functional model: there is no such model"]),
        (
            "C9",
            FakeContext(
                "consumer", {"limits": ["left"]}, rejects=lambda arrays, masks: bool(masks and not masks[0][0].any())
            ),
            ["it rejects a fully masked sample: no luck"],
        ),
        (
            "C11",
            FakeContext("consumer", leaks=True),
            ["junk on the left and in gaps: junk on the right affects the output already; see C4-padding-invariance"],
        ),
        (
            "C12",
            FakeContext("consumer", rejects=lambda arrays, masks: arrays[0].dtype != "int32" or masks is not None),
            [
                "mixed precision: this Keras has no such policy",
                "float64: raises without a mask as well (ValueError)",
                "integers: accepted only without a mask (no luck)",
            ],
        ),
        (
            "C13",
            FakeContext("consumer", functional=no_such_model),
            ["functional model and predict: there is no such model"],
        ),
        (
            "C13",
            FakeContext("consumer", {"call": {"training": True}}),
            ["predict: never in training, as the call declares"],
        ),
        ("C13", FakeContext("consumer", make_predictable=unpredictable), ["predict: nothing predicts in this mode"]),
        (
            "C14",
            FakeContext("consumer", plain_model=no_luck),
            ["the file of a model: it cannot be part of a functional model: ValueError: no luck"],
        ),
        (
            "C14",
            FakeContext("consumer", is_eager_process=False, front=SimpleNamespace(is_keras3=True)),
            ["the file of a model: the format of Keras 3 needs eager execution"],
        ),
        ("C14", saves(FakeContext("consumer")), ["a .keras file: cannot be loaded (ValueError: no luck)"]),
        ("C15", needs_a_mask(), ["second call: it raises without a mask"]),
        ("C15", FakeContext("consumer", layer=Stateful), ["second call: the layer is stateful"]),
        (
            "C16",
            FakeContext("consumer", layer=Recurrent, functional=no_such_model),
            [
                "in a nested functional model: there is no such model",
                "in TimeDistributed: it raises without a mask as well (ValueError)",
                "in Bidirectional: it raises without a mask as well (ValueError)",
            ],
        ),
        ("C17", FakeContext("unaware"), ["it silently drops a mask"]),
        ("C17", FakeContext("unaware", rejects=masked), ["it rejects a mask"]),
        (
            "C17",
            FakeContext("unaware", outputs=lambda arrays: warnings.warn("the mask is lost", stacklevel=1) or arrays),
            ["it warns and drops a mask"],
        ),
    ],
)
def test_what_a_clause_leaves_out_is_noted(clause: str, context: FakeContext, notes: list[str]) -> None:
    with contextlib.suppress(NotApplicable):
        find(clause).body(context)
    assert context.notes == notes


def made_of(front: Any) -> ClauseContext:
    state = LayerState(LayerSpec(Layer, (2, 5, 3), kind="reshaper"))
    run = SimpleNamespace(executor=SimpleNamespace(front=front), mode="eager")
    return ClauseContext(state, Recorder(), run, lambda tensor: None)


def test_the_context_says_why_there_is_no_model_and_no_mask() -> None:
    keras = SimpleNamespace(layers=SimpleNamespace(Layer=Layer), Input=no_luck)
    context = made_of(SimpleNamespace(keras=keras, ops=None))
    message = "^it cannot be part of a functional model, with or without masks: ValueError: no luck$"
    with pytest.raises(NotApplicable, match=message):
        context.functional(Layer())
    with pytest.raises(NotApplicable, match="^the mask of its output has the wrong shape; see C7-recomputed-mask$"):
        context.kept(CallResult([np.ones((2, 3, 3))], [None]), context.spec.masks())


CALLED = r"called on float32 \(2, 5, 3\) without a mask"


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (FakeContext("consumer", outputs=lambda arrays: []), f"{CALLED}, Layer returns no tensor"),
        (
            FakeContext("consumer", rejects=always),
            f"{CALLED}, Layer raises ValueError: no luck; pass an input_shape, dtype, max_id or call "
            r"\(arguments of the call\) that fit",
        ),
        (
            FakeContext("consumer", outputs=lambda arrays: [RANDOM.rand(2)]),
            f"{CALLED} twice, Layer returns different results; turn off what is random, for example with "
            r"call=\{'training': False\}",
        ),
    ],
)
def test_a_layer_that_cannot_be_called_as_declared_is_named(context: FakeContext, message: str) -> None:
    with pytest.raises(BadInput, match=f"^{message}$"):
        infer_kind.examine(context)


def passes(layer: Layer, arrays: list[Any], masks: Masks = None) -> CallResult:
    return CallResult(arrays, masks or [None])


@pytest.mark.parametrize(
    ("context", "kind", "because"),
    [
        (
            FakeContext(None, {"input_shape": [(2, 5, 3)] * 2}, rejects=masked),
            "combiner",
            "it takes several inputs",
        ),
        (
            FakeContext(None, rejects=masked, supports=lambda layer: False),
            "unaware",
            "it rejects a masked input (no luck)",
        ),
        (
            FakeContext(None, rejects=masked),
            "consumer",
            "it supports masking, but raises when its input has a mask (no luck)",
        ),
        (
            FakeContext(None, supports=lambda layer: False),
            "unaware",
            "supports_masking is False, it does not use the mask, and its output has none",
        ),
        (
            FakeContext(None, supports=lambda layer: False, call=passes),
            "unaware",
            "supports_masking is False, it does not use the mask, and leaves it on its output",
        ),
        (
            FakeContext(None, rejects=lambda arrays, masks: masks is None),
            "consumer-remover",
            "it works only with a mask",
        ),
        (FakeContext(None), "remover", "it supports masking, does not use the mask, and its output has none"),
    ],
)
def test_an_inferred_kind_has_a_reason(context: FakeContext, kind: str, because: str) -> None:
    infer_kind.examine(context)
    assert (context.kind, context.state.inferred_because) == (kind, because)


def test_a_layer_of_no_keras_is_named() -> None:
    with pytest.raises(BadInput, match="^Layer is not a layer of any known front end; declare the front end that it "):
        keras_runtime.front_end_of(Layer())
    with pytest.raises(BadInput, match="^theano cannot be used: ValueError: unknown front end 'theano', expected one"):
        keras_runtime.front_end_of(Layer(), "theano")
