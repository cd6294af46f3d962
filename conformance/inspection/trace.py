"""What was observed of the masks in a model: the answer of the process in the user's environment."""

import msgspec

LOST = ("dropped", "ignored", "rejected")  # how `happened` begins if the mask has no effect


class Mask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mask.

    Attributes:
        shape: Its shape, None for an unknown dimension.
        dtype: Name of its dtype.
        kept: Its rows as 0 and 1; None if the values are unknown, or too many.
    """

    shape: list[int | None]
    dtype: str
    kept: str | None


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an input of a call comes from.

    Attributes:
        call: Id of the call that returned it, if known.
        input: Name of the input of the model that it is, if known.
    """

    call: int | None
    input: str | None


class CallObservation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call as it was observed symbolically or at run time.

    Attributes:
        masks_in: The mask attached to each input, or None.
        explicit: The masks passed as the argument `mask`.
        masks_out: The mask attached to each output, or None.
        given: For each mask argument of `call` whether it got a mask; None if `call` was not observed.
        happened: What happened to the mask, in a few words.
        consumed: Whether the result depends on the masks; None without masks, or if it is unknown.
        untold: Why it is unknown whether the masks are consumed.
        takes_masks_away: Positions of the inputs whose mask the call removed.
        warnings: The warnings about masks.
        error: What the call raised, in one line.
    """

    masks_in: list[Mask | None]
    explicit: list[Mask | None]
    masks_out: list[Mask | None]
    given: dict[str, bool] | None
    happened: str
    consumed: bool | None
    untold: str | None
    takes_masks_away: list[int]
    warnings: list[str]
    error: str | None

    @property
    def enters(self) -> bool:
        """Whether an input has a mask, or one is passed as an argument."""
        return any(self.masks_in) or any(self.explicit)

    @property
    def leaves(self) -> bool:
        """Whether an output has a mask."""
        return any(self.masks_out)


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call of a layer.

    Attributes:
        id: Number of the call in the trace.
        parent: Id of the call of the model or layer that made it.
        path: Names of the layers from the model inwards, separated by "/".
        class_: Name of the class; "ops.X" for an operation of Keras 3.
        number: Which of the `times` calls of this layer it is, from 1.
        times: Number of calls of this layer.
        sources: Where each input comes from.
        shapes_in: Shape of each input, without the masks.
        shapes_out: Shape of each output.
        symbolic: What was observed while the model was constructed.
        run: What was observed on the batch.
        features: What the call uses, as tags of cases.
    """

    id: int
    parent: int | None
    path: str
    class_: str = msgspec.field(name="class")
    number: int
    times: int
    sources: list[Source]
    shapes_in: list[list[int | None]]
    shapes_out: list[list[int | None]]
    symbolic: CallObservation | None
    run: CallObservation | None
    features: list[str]

    @property
    def seen(self) -> CallObservation:
        """What was observed at run time, or else symbolically."""
        found = self.run or self.symbolic
        assert found is not None, "a call without an observation"
        return found

    @property
    def reached(self) -> bool:
        """Whether a mask goes in or comes out, symbolically or at run time."""
        return any(seen is not None and (seen.enters or seen.leaves) for seen in (self.symbolic, self.run))

    @property
    def handed(self) -> bool:
        """Whether the model passes a mask as an argument that was not passed when the model was constructed."""
        return bool(self.symbolic and self.run and any(self.run.explicit) and not any(self.symbolic.explicit))

    @property
    def disagrees(self) -> bool:
        """Whether only one of the symbolic output and the output at run time has a mask."""
        return bool(self.symbolic and self.run and not self.run.error and self.symbolic.leaves != self.run.leaves)


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An array of the batch.

    Attributes:
        name: Name of the input.
        shape: Its shape.
        dtype: Name of its dtype.
        drawn: Whether it was drawn here, from a fixed seed.
    """

    name: str
    shape: list[int]
    dtype: str
    drawn: bool


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mask of an output of the model, which its loss and metrics use.

    Attributes:
        symbolic: The mask of the symbolic output.
        run: The mask at run time.
    """

    symbolic: Mask | None
    run: Mask | None


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name and the class of a model."""

    name: str
    class_: str = msgspec.field(name="class")


class Trace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The masks in a model.

    Attributes:
        model: The model.
        front_end: Name of the front end.
        backend: Name of the backend.
        versions: Dict of versions.
        way: "eager" if layers were called on arrays, "graph" if the graph of the model was run, "none" if the model
            could not be constructed.
        batch: What it was called on.
        calls: The calls of layers, in order.
        outputs: The masks of the outputs.
        features: What the model as a whole uses, as tags of cases.
        refusal: What a layer raised because of a mask, if the model could therefore not be constructed.
    """

    model: Model
    front_end: str
    backend: str
    versions: dict[str, str]
    way: str
    batch: list[Input]
    calls: list[Call]
    outputs: list[Output]
    features: list[str]
    refusal: str | None

    @property
    def title(self) -> str:
        """The Keras, as targets are titled."""
        version = self.versions["tensorflow" if self.front_end == "tf.keras" else "keras"]
        name = "Keras" if self.front_end == "keras" else self.front_end
        on = f" on {self.backend}" if self.backend != "tensorflow" else ""
        return f"{name} {version}{on}"
