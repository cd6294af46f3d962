"""A trace as an SVG image: the calls from top to bottom, and between them where masks are and where they are lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from conformance.inspection import table
from conformance.inspection.trace import Call, Trace

MARGIN, LANE, ROW, INDENT = 20, 16, 52, 24
WIDTH_OF_LETTER, WIDTH_OF_BIT = 8.6, 7.6  # of the fonts at their size, generously rounded
NOTE_LETTERS = 90
# No mark differs from another by its colour alone.
_MARKS = {
    "none": '<circle class="node" r="5"/>',
    "mask": '<circle class="node mask" r="6"/>',
    "used": '<rect class="node used" x="-6" y="-6" width="12" height="12"/>',
    "gone": '<circle class="node gone" r="8"/><path class="cross" d="M-4 -4L4 4M4 -4L-4 4"/>',
}
_LEGEND = (("mask", "has a mask"), ("used", "consumes it"), ("gone", "mask lost"), ("none", "no mask"))


@dataclass(frozen=True)
class _Node:
    x: float
    y: float
    text_x: float
    mark: str
    name: str
    about: str
    words: str
    bits: str

    @property
    def right(self) -> float:
        first = WIDTH_OF_LETTER * (len(self.name) + len(self.about) + 2)
        second = WIDTH_OF_LETTER * (len(self.words) + 2) + WIDTH_OF_BIT * len(self.bits)
        return self.text_x + max(first, second)


@dataclass(frozen=True)
class _Edge:
    """A line from one row to another, in a lane left of the nodes; lane 0 is straight down."""

    first: int
    last: int
    masked: bool
    lane: int = 0


def draw(trace: Trace) -> str:
    """Draw a trace.

    Args:
        trace: The trace.

    Returns:
        The text of an SVG document, for light and dark pages.
    """
    inputs = list(dict.fromkeys(s.input for call in trace.calls for s in call.sources if s.input))
    edges = _with_lanes(sorted(_edges(trace, inputs), key=lambda e: (e.last - e.first, e.first)))
    lanes = max((edge.lane for edge in edges), default=0)
    heading = table.headline(trace)
    legend_y = 24 + 19 * len(heading) + 8
    x, top = MARGIN + 10 + LANE * lanes, legend_y + 40
    nodes = [_input(i, text, x, top, trace) for i, text in enumerate(inputs)]
    nodes += [
        _node(row, table.is_lost(row.call, trace), x, top + ROW * (len(inputs) + i))
        for i, row in enumerate(table.rows(trace))
    ]
    longest = max((len(line) for line in heading), default=0)
    width = max([node.right for node in nodes] + [MARGIN + WIDTH_OF_LETTER * longest, 244 + 128 * len(_LEGEND)])
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(Path(__file__).with_name("trace.svg.jinja").read_text(encoding="utf-8"))
    return template.render(
        title=f"Masks in {trace.model.name} on {trace.title}",
        width=round(width + MARGIN),
        height=top + ROW * len(nodes),
        margin=MARGIN,
        heading=heading,
        legend_y=legend_y,
        marks=_LEGEND,
        mark=lambda shape: Markup(_MARKS[shape]),
        edges=[{"path": _path(edge, nodes), "masked": edge.masked} for edge in edges],
        nodes=nodes,
    )


def _edges(trace: Trace, inputs: list[str]) -> Iterator[_Edge]:
    """Yield each edge once; it is masked if one of several tensors between the same calls has a mask."""
    found: dict[tuple[int, int], bool] = {}
    for call in trace.calls:
        for i, source in enumerate(call.sources):
            row = None
            if source.call is not None:
                row = len(inputs) + source.call
            elif source.input:
                row = inputs.index(source.input)
            elif call.parent is not None:
                row = len(inputs) + call.parent
            if row is not None:
                key = (row, len(inputs) + call.id)
                masks = call.seen.masks_in
                found[key] = found.get(key, False) or bool(i < len(masks) and masks[i]) or call.handed
    for (first, last), masked in found.items():
        yield _Edge(first, last, masked)


def _with_lanes(edges: list[_Edge]) -> list[_Edge]:
    """Assign lanes so that no two edges overlap; the shorter an edge, the nearer its lane."""
    taken: dict[int, list[tuple[int, int]]] = {}
    found = []
    for edge in edges:
        lane = 0
        if edge.last - edge.first > 1:
            lane = 1
            while any(edge.first < last and first < edge.last for first, last in taken.get(lane, [])):
                lane += 1
            taken.setdefault(lane, []).append((edge.first, edge.last))
        found.append(_Edge(edge.first, edge.last, edge.masked, lane))
    return found


def _path(edge: _Edge, nodes: list[_Node]) -> str:
    one, other = nodes[edge.first], nodes[edge.last]
    if not edge.lane:
        return f"M{one.x} {one.y}V{other.y}"
    x = one.x - LANE * edge.lane
    return f"M{one.x} {one.y}Q{x} {one.y} {x} {one.y + 18}V{other.y - 18}Q{x} {other.y} {other.x} {other.y}"


def _input(i: int, text: str, x: float, top: float, trace: Trace) -> _Node:
    given = next((one for one in trace.batch if one.name == text), None)
    about = f"input {given.dtype} {table.shape(list(given.shape))}" if given else "input"
    return _Node(x, top + ROW * i, x + 18, "none", text, about, "", "")


def _node(row: table.TableRow, lost: bool, x: float, y: float) -> _Node:
    bits = f"{row.masks_in} → {row.masks_out}" if row.call.reached and row.call.run else ""
    words = ("✕ " if lost else "") + row.call.seen.happened
    if row.note and row.call.reached:
        words += f"; {row.note}" if len(row.note) <= NOTE_LETTERS else f"; {row.note[:NOTE_LETTERS]}…"
    about = f"{'' if row.kind == row.name else row.kind} {row.shape}".strip()
    return _Node(x, y, x + 18 + INDENT * row.depth, "gone" if lost else _mark(row.call), row.name, about, words, bits)


def _mark(call: Call) -> str:
    if call.seen.consumed:
        return "used"
    return "mask" if call.seen.leaves or call.seen.happened == "passed to the layer" else "none"
