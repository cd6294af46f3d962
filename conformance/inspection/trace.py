"""What was seen of the masks in a model: the answer of the process that has the user's Keras."""

import msgspec

LOST = ("dropped", "ignored", "refused")  # how the words begin for a mask that does not come to use


class Mask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mask. shape: None for an unknown dimension; kept: rows of 0 and 1, None if there are no values, or too many."""

    shape: list[int | None]
    dtype: str
    kept: str | None


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an input of a call comes from: another call (its id) or an input of the model (its name), if known."""

    call: int | None
    input: str | None


class CallObservation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call as it was seen on one of the two ways.

    masks_in, masks_out: one for each tensor, None where there is none; explicit: given as the argument `mask`;
    given: whether a mask reached `call`, for each of its arguments for masks (None: `call` was not seen);
    consumed: whether the result depends on the masks (None: no masks, or `untold` says why not);
    takes_masks_away: positions of the inputs that had a mask before the call and have none after it;
    warnings: those that speak of masks.
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
        """Whether a mask came in."""
        return any(self.masks_in) or any(self.explicit)

    @property
    def leaves(self) -> bool:
        """Whether the result has a mask."""
        return any(self.masks_out)


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call of a layer. path: names from the model inwards; number: which of the `times` calls of this layer it is.

    parent: id of the call of the model or layer in which it was made; class_: "ops.X" for an operation of Keras 3;
    shapes: of the tensors, without the masks; symbolic: while the model was constructed; run: on the batch;
    features: what it uses, in the words with which cases are tagged.
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
        """At run time if it came to that."""
        found = self.run or self.symbolic
        assert found is not None, "a call is seen on one of the ways"
        return found

    @property
    def reached(self) -> bool:
        """Whether a mask goes in or comes out, on either way."""
        return any(seen is not None and (seen.enters or seen.leaves) for seen in (self.symbolic, self.run))

    @property
    def handed(self) -> bool:
        """Whether the model gives it as an argument a mask that is not given so where the model was constructed."""
        return bool(self.symbolic and self.run and any(self.run.explicit) and not any(self.symbolic.explicit))

    @property
    def disagrees(self) -> bool:
        """Whether the symbolic result has a mask and that at run time has none, or the other way round."""
        return bool(self.symbolic and self.run and not self.run.error and self.symbolic.leaves != self.run.leaves)


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An array of the batch. drawn: by this program, from a fixed seed."""

    name: str
    shape: list[int]
    dtype: str
    drawn: bool


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mask of an output of the model, which its loss and metrics use."""

    symbolic: Mask | None
    run: Mask | None


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    class_: str = msgspec.field(name="class")


class Trace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls in the order in which they were made.

    way: "eager", on arrays; "graph", the graph of the model was run; "none", there is no model, for `refusal`, what a
    layer raised when it was given a mask; features: of the model as a whole.
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
        """The Keras, as columns are called."""
        version = self.versions["tensorflow" if self.front_end == "tf.keras" else "keras"]
        name = "Keras" if self.front_end == "keras" else self.front_end
        on = f" on {self.backend}" if self.backend != "tensorflow" else ""
        return f"{name} {version}{on}"
