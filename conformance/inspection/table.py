"""A trace in words: the rows of its table."""

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.inspection.trace import LOST, Call, CallObservation, Mask, Trace

HEADINGS = ("layer", "class", "from", "output", "symbolic", "mask in", "mask out", "at run time", "to note")


@dataclass(frozen=True)
class TableRow:
    """One call. depth: how many models or layers are around it; a text is empty if it did not come to that."""

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
        """As `HEADINGS`."""
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
    """In the order of the calls."""
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
    """The name of the layer; with the number of the call if there are several."""
    own = call.path.rpartition("/")[2]
    return f"{own} ({call.number} of {call.times})" if call.times > 1 else own


def source_names(call: Call, trace: Trace) -> list[str]:
    """Where the inputs come from, each once."""
    found = [name(trace.calls[s.call]) if s.call is not None else s.input for s in call.sources]
    return list(dict.fromkeys(text for text in found if text))


def shape(sizes: list[int | None]) -> str:
    """As Keras writes it, with "?" for what is not known."""
    return f"({', '.join('?' if size is None else str(size) for size in sizes)})"


def mask(one: Mask | None) -> str:
    """Its rows, or its shape; "-" for none."""
    if one is None:
        return "-"
    return one.kept or f"{one.dtype} {shape(one.shape)}"


def _masks(masks: list[Mask | None]) -> str:
    texts = list(dict.fromkeys(map(mask, masks)))
    return texts[0] if len(texts) == 1 else " | ".join(map(mask, masks))


def notes(call: Call, trace: Trace) -> Iterator[str]:
    """What a reader of the words alone would miss."""
    run, seen = call.run, call.seen
    if run is None and trace.way != "none":
        yield "not called on the batch"
    if call.disagrees:
        yield (
            "symbolically a mask, at run time none" if seen.masks_out and not seen.leaves else "a mask at run time only"
        )
    if run:
        if run.enters and not run.consumed and run.given and not any(run.given.values()):
            yield "its call is not given the mask"
        if call.handed and not any(run.masks_in):
            yield "the model hands it the mask found while it was constructed"
        if call.symbolic and any(call.symbolic.explicit):
            yield "the mask is given as an argument"
        if run.takes_masks_away:
            yield "takes the mask off the tensor that it is given"
        if run.untold:
            yield f"use not tried: {run.untold}"
    yield from dict.fromkeys(said for way in _ways(call) for said in _said(way))


def _ways(call: Call) -> Iterator[CallObservation]:
    yield from (seen for seen in (call.symbolic, call.run) if seen)


def _said(seen: CallObservation) -> Iterator[str]:
    yield from seen.warnings
    if seen.error:
        yield seen.error


def headline(trace: Trace) -> list[str]:
    """What the table is about, and what it comes to."""
    batch = ", ".join(f"{i.name} {i.dtype} {shape(list(i.shape))}" for i in trace.batch)
    drawn = "drawn" if any(i.drawn for i in trace.batch) else "given"
    ways = {"eager": "called op by op", "graph": "its graph was run"}
    first = f"{trace.model.name} ({trace.model.class_})" if trace.model.class_ else trace.model.name
    lines = [
        f"{first} on {trace.title}" + (f", {ways[trace.way]} on a batch that was {drawn}: {batch}" if batch else "")
    ]
    if trace.refusal:
        lines.append(f"The model cannot be constructed: {trace.refusal}")
    lost = [name(call) for call in trace.calls if is_lost(call, trace)]
    lines.append(f"The mask is lost at: {', '.join(lost)}" if lost else "No mask is lost.")
    if trace.outputs:
        lines.append(f"Mask of the output: {' | '.join(mask(one.run or one.symbolic) for one in trace.outputs)}")
    return lines


def is_lost(call: Call, trace: Trace) -> bool:
    """Whether a mask that came in is refused, kept from the layer, or neither used nor passed on."""
    return call.seen.happened.startswith(LOST) and not _handed_on(call, trace)


def _handed_on(call: Call, trace: Trace) -> bool:
    """Whether all that take the result of a call are handed the mask that it had while the model was constructed.

    Functional models of Keras 3 do that, whatever became of the mask at run time.
    """
    takers = [other for other in trace.calls if any(source.call == call.id for source in other.sources)]
    return bool(takers) and all(other.handed for other in takers)
