"""Clauses as cases of a suite."""

from conformance.checks import evidence
from conformance.checks.clause import all_clauses


class CaseOfClause:
    """A clause of one layer as the body of a case (see `api.clauses_for`).

    Attributes:
        id, title, contract, cases: As in a `clause.Clause`.
        modes: Modes of the case, as the mark of a case names them.
    """

    def __init__(self, clause, make_state, every_mode):
        self.id, self.title, self.contract, self.cases = clause.id, clause.title, clause.contract, clause.cases
        self.modes = ["eager", "graph", "session", "jit"] if every_mode else ["eager | session | graph"]
        self._clause, self._make_state = clause, make_state

    def body(self, record, run):
        """Record what the clause observes.

        Args:
            record: The fixture `record` of a case.
            run: The fixture `run` of a case, in the mode of the cell.

        Raises:
            Unsupported: The clause does not apply, or Keras itself breaks it, for every layer.
            BadInput: The layer cannot be called as declared.
        """
        from conformance.checks import infer_kind
        from conformance.checks.context import ClauseContext, NotApplicable
        from conformance.checks.layer_state import LayerState
        from conformance.checks.reference import reference
        from conformance.worker import fixtures
        from conformance.worker.modes import Unsupported
        from conformance.worker.recorder import Recorder

        state = self._make_state()
        mask_of = fixtures.make_mask_of(run.executor.front.keras)
        # A case is run in the first of these modes that the target has, unless it is run in all.
        modes = [run.mode] if len(self.modes) == 1 or run.mode == "session" else ["eager", "graph", "jit"]
        infer_kind.examine(ClauseContext(state, Recorder(), run, mask_of))
        inapplicable = self._clause.why_not(state.kind)
        if inapplicable:
            raise NotApplicable(inapplicable)
        error = None
        try:
            self._clause.body(ClauseContext(state, record, run, mask_of, modes))
        except Unsupported:
            raise
        except Exception as caught:
            error = caught
        mismatches = evidence.mismatches(record.facts)
        if not mismatches and error is None:
            return
        minimal = LayerState(reference(run.executor.front, state.spec, state.kind))
        control, control_error = Recorder(), None
        try:
            self._clause.body(ClauseContext(minimal, control, run, mask_of, modes))
        except Exception as caught:
            control_error = caught
        shared = {evidence.signature(fact) for fact, _ in evidence.mismatches(control.facts)}
        if all(evidence.signature(fact) in shared for fact, _ in mismatches) and type(control_error) is type(error):
            raise NotApplicable("caused by Keras: %s does the same" % minimal.name)
        if error is not None:
            raise error


def cases_of(make_state):
    """Return a `CaseOfClause` for each clause that may apply to a layer.

    Args:
        make_state: Function that returns the `LayerState` of the layer.
    """
    state = make_state()
    return [
        CaseOfClause(clause, make_state, clause.in_every_mode(state.spec))
        for clause in all_clauses()
        if state.kind is None or clause.why_not(state.kind) is None
    ]
