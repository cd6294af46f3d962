"""Which steps between two columns touch what a model uses."""

from collections.abc import Sequence

import msgspec

from conformance.inspection import table, usage
from conformance.inspection.trace import Trace
from conformance.judging.compare import Step
from conformance.results import Results


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a step meets the model. layers: paths, empty for the model as a whole; uses: what they have of the case."""

    step: Step
    layers: list[str]
    uses: list[str]


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an upgrade means for the masks of a model, as it was traced on `traced`.

    before, after: columns; others: how many steps touch nothing that the model uses;
    unreached: paths of layers that no mask reaches, which are left out.
    """

    model: str
    traced: str
    before: str
    after: str
    places: list[Place]
    others: int
    unreached: list[str]


def advise(model: str, trace: Trace, results: Results, steps: Sequence[Step], before: str, after: str) -> Advice:
    """`steps`, in their order, as far as they touch the model that `model` names."""
    used = usage.Usage.of(trace, model)
    layers = usage.built_in(results.cases)
    cases = {case.id: case for case in results.cases}
    places = []
    for step in steps:
        demanded = usage.demands(cases[step.case], layers)
        touched = used.touched(demanded)
        if touched is not None:
            paths = list(dict.fromkeys(call.path for call in touched))
            places.append(Place(step=step, layers=paths, uses=sorted(demanded)))
    containers = {call.parent for call in trace.calls}
    reached = {call.path for call in trace.calls if call.reached}
    leaves = [call.path for call in trace.calls if call.id not in containers and call.path not in reached]
    return Advice(
        model=table.headline(trace)[0].partition(" on ")[0],
        traced=trace.title,
        before=before,
        after=after,
        places=places,
        others=len(steps) - len(places),
        unreached=list(dict.fromkeys(leaves)),
    )
