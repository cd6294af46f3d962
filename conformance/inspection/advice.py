"""Which changes between two targets affect what a model uses."""

from collections.abc import Sequence

import msgspec

from conformance.inspection import table, usage
from conformance.inspection.trace import Trace
from conformance.judging.compare import BehaviourChange
from conformance.results import Results


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change that affects the model.

    Attributes:
        step: The change.
        layers: Paths of the layers that it affects; empty for the model as a whole.
        uses: What the model uses of what the case is about.
    """

    step: BehaviourChange
    layers: list[str]
    uses: list[str]


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an upgrade means for the masks of a model.

    Attributes:
        model: Name and class of the model.
        traced: The Keras with which it was traced.
        before: Id of the target before the upgrade.
        after: Id of the target after the upgrade.
        places: The changes that affect the model.
        others: Number of the changes that do not.
        unreached: Paths of the layers that no mask reaches; they are not considered.
    """

    model: str
    traced: str
    before: str
    after: str
    places: list[Place]
    others: int
    unreached: list[str]


def advise(
    model: str, trace: Trace, results: Results, changes: Sequence[BehaviourChange], before: str, after: str
) -> Advice:
    """Select the changes that affect a model.

    Args:
        model: The model, as the command line names it.
        trace: Its trace.
        results: The results that the changes are from.
        changes: The changes, in the order of the advice.
        before: Id of the target before the upgrade.
        after: Id of the target after the upgrade.
    """
    used = usage.Usage.of(trace, model)
    layers = usage.built_in(results.cases)
    cases = {case.id: case for case in results.cases}
    places = []
    for change in changes:
        demanded = usage.demands(cases[change.case], layers)
        affected = used.affected(demanded)
        if affected is not None:
            paths = list(dict.fromkeys(call.path for call in affected))
            places.append(Place(step=change, layers=paths, uses=sorted(demanded)))
    containers = {call.parent for call in trace.calls}
    reached = {call.path for call in trace.calls if call.reached}
    leaves = [call.path for call in trace.calls if call.id not in containers and call.path not in reached]
    return Advice(
        model=table.headline(trace)[0].partition(" on ")[0],
        traced=trace.title,
        before=before,
        after=after,
        places=places,
        others=len(changes) - len(places),
        unreached=list(dict.fromkeys(leaves)),
    )
