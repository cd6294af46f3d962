"""A trace as a table: its rows, and the lines above it."""

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.inspection.trace import LOST, Call, CallObservation, Mask, Trace

HEADINGS = ("layer", "class", "from", "output", "symbolic", "mask in", "mask out", "at run time", "notes")


@dataclass(frozen=True)
class TableRow:
    """The row of a call.

    Attributes:
        call: The call.
        depth: Number of models and layers that it is in.

    The other attributes are texts of the cells, empty where nothing was observed.
    """

    call: Call
    depth: int
    name: str
    kind: str
    sources: str
    shape: str
    symbolic: str
    masks_in: str
    masks_out: str
    run: str
    note: str

    def cells(self, indent: str) -> tuple[str, ...]:
        """Return the cells, in the order of `HEADINGS`; the name is indented by `depth` times `indent`."""
        name = indent * self.depth + self.name
        return (
            name,
            self.kind,
            self.sources,
            self.shape,
            self.symbolic,
            self.masks_in,
            self.masks_out,
            self.run,
            self.note,
        )


def rows(trace: Trace) -> list[TableRow]:
    """Return a row for each call, in the order of the calls."""
    return [_row(call, trace) for call in trace.calls]


def _row(call: Call, trace: Trace) -> TableRow:
    run = call.run
    return TableRow(
        call=call,
        depth=_depth(call, trace),
        name=name(call),
        kind=call.class_,
        sources=", ".join(source_names(call, trace)),
        shape=", ".join(shape(s) for s in call.shapes_out),
        symbolic=call.symbolic.happened if call.symbolic else "",
        masks_in=_masks([*run.masks_in, *run.explicit]) if run else "",
        masks_out=_masks(run.masks_out) if run else "",
        run=run.happened if run else "",
        note="; ".join(notes(call, trace)),
    )


def _depth(call: Call, trace: Trace) -> int:
    return 0 if call.parent is None else 1 + _depth(trace.calls[call.parent], trace)


def name(call: Call) -> str:
    """Return the name of the layer, with the number of the call if there are several."""
    own = call.path.rpartition("/")[2]
    return f"{own} ({call.number} of {call.times})" if call.times > 1 else own


def source_names(call: Call, trace: Trace) -> list[str]:
    """Return the names of the calls and inputs that the inputs come from, each once."""
    found = [name(trace.calls[s.call]) if s.call is not None else s.input for s in call.sources]
    return list(dict.fromkeys(text for text in found if text))


def shape(sizes: list[int | None]) -> str:
    """Format a shape as Keras does, with "?" for an unknown dimension."""
    return f"({', '.join('?' if size is None else str(size) for size in sizes)})"


def mask(one: Mask | None) -> str:
    """Format a mask: its rows, or dtype and shape if its values are unknown; "-" for None."""
    if one is None:
        return "-"
    return one.kept or f"{one.dtype} {shape(one.shape)}"


def _masks(masks: list[Mask | None]) -> str:
    texts = list(dict.fromkeys(map(mask, masks)))
    return texts[0] if len(texts) == 1 else " | ".join(map(mask, masks))


def notes(call: Call, trace: Trace) -> Iterator[str]:
    """Yield what the other cells do not say."""
    run, seen = call.run, call.seen
    if run is None and trace.way != "none":
        yield "not called on the batch"
    if call.disagrees:
        yield (
            "the symbolic output has a mask, the output at run time has none"
            if seen.masks_out and not seen.leaves
            else "only the output at run time has a mask"
        )
    if run:
        if run.enters and not run.consumed and run.given and not any(run.given.values()):
            yield "the mask is not passed to `call`"
        if call.handed and not any(run.masks_in):
            yield "the model passes the mask that it computed when it was constructed"
        if call.symbolic and any(call.symbolic.explicit):
            yield "the mask is passed as an argument"
        if run.takes_masks_away:
            yield "removes the mask from its input tensor"
        if run.untold:
            yield f"unknown whether the mask is consumed: {run.untold}"
    observations = (seen for seen in (call.symbolic, call.run) if seen)
    yield from dict.fromkeys(message for seen in observations for message in _messages(seen))


def _messages(seen: CallObservation) -> Iterator[str]:
    yield from seen.warnings
    if seen.error:
        yield seen.error


def headline(trace: Trace) -> list[str]:
    """Return the lines above the table: what was traced and how, where masks are lost, and the masks of the outputs."""
    batch = ", ".join(f"{i.name} {i.dtype} {shape(list(i.shape))}" for i in trace.batch)
    origin = "a random batch" if any(i.drawn for i in trace.batch) else "the given batch"
    ways = {"eager": "called op by op", "graph": "run as a graph"}
    first = f"{trace.model.name} ({trace.model.class_})" if trace.model.class_ else trace.model.name
    lines = [f"{first} on {trace.title}" + (f", {ways[trace.way]} on {origin}: {batch}" if batch else "")]
    if trace.refusal:
        lines.append(f"The model cannot be constructed: {trace.refusal}")
    lost = [name(call) for call in trace.calls if is_lost(call, trace)]
    lines.append(f"The mask is lost at: {', '.join(lost)}" if lost else "No mask is lost.")
    if trace.outputs:
        lines.append(f"Mask of the output: {' | '.join(mask(one.run or one.symbolic) for one in trace.outputs)}")
    return lines


def is_lost(call: Call, trace: Trace) -> bool:
    """Return whether a mask that came in is rejected, not passed to the layer, or neither consumed nor propagated."""
    return call.seen.happened.startswith(LOST) and not _passed_on_by_model(call, trace)


def _passed_on_by_model(call: Call, trace: Trace) -> bool:
    """Return whether the model passes the mask of the symbolic output to all layers that take the output of a call.

    Functional models of Keras 3 do that, whatever became of the mask at run time.
    """
    consumers = [other for other in trace.calls if any(source.call == call.id for source in other.sources)]
    return bool(consumers) and all(other.handed for other in consumers)
