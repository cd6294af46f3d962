"""Tries clauses on a layer in its own Keras: in which modes, whether Keras is the cause, and what the record says."""

import logging
import time
import traceback
import warnings

from conformance.checks import evidence, infer_kind
from conformance.checks.clause import all_clauses, find
from conformance.checks.context import ClauseContext, NotApplicable, raised
from conformance.checks.errors import BadInput, one_line
from conformance.checks.keras_runtime import front_end_of, in_mode, runtime
from conformance.checks.layer_spec import make_layer
from conformance.checks.layer_state import LayerState
from conformance.checks.records import STATUSES, Record, Records
from conformance.checks.reference import reference
from conformance.worker.fixtures import Run
from conformance.worker.modes import Unsupported
from conformance.worker.recorder import Recorder, raised_by_ourselves

HINT_IF_RAISES = (
    "find out why it raises where the clause calls it; the clause can find further faults only once it does not."
)


class LayerExamination:
    """A layer with the Keras that it is made of, ready for clauses.

    Attributes:
        state: The `LayerState`; its kind is declared or inferred.
        expected: Dict of the id of a clause to the reason why it is known to fail.
        front_end: Name of the front end.
        runtime: Its `KerasRuntime`.
        modes: Names of the modes to try; most clauses are tried only in the first.
    """

    def __init__(self, spec, expected_failures=None, front_end=None, modes=None):
        """Make the layer and call it.

        Args:
            spec: The `LayerSpec`.
            expected_failures: Dict of any name of a clause to a reason.
            front_end: Name of the front end; by default that which the class of the layer derives from.
            modes: Names of modes; by default all that the process has.

        Raises:
            BadInput: The layer cannot be called as declared, or a clause, a mode or a front end is unknown.
        """
        self.state = LayerState(spec)
        self.expected = _expected(expected_failures or {})
        with _quiet():
            layer = make_layer(spec)
            self.state.name = self.state.name or type(layer).__name__
            self.front_end = front_end_of(layer, front_end)
            self.runtime = runtime(self.front_end)
            self.modes = self._modes(modes)
            with in_mode(self.runtime.modes[self.modes[0]]):
                infer_kind.examine(self.context(self.modes[0], Recorder(), self.state))

    def _modes(self, chosen):
        available = list(self.runtime.modes)
        for mode in chosen or []:
            if mode not in available:
                raise BadInput(
                    "mode %r is not available in this process; it has %s" % (mode, ", ".join(available) or "none")
                )
        return [mode for mode in available if not chosen or mode in chosen]

    def context(self, mode, recorder, state):
        """Return the `ClauseContext` of a layer in a mode."""
        run = Run(self.runtime.modes[mode], recorder)
        return ClauseContext(state, recorder, run, self.runtime.mask_of, self.modes)

    def records(self, clauses=None):
        """Try clauses.

        Args:
            clauses: Their ids, names or numbers; by default all.

        Returns:
            The `Records`.
        """
        chosen = all_clauses() if clauses is None else [find(name) for name in clauses]
        return self.collected([self.record(clause) for clause in chosen])

    def collected(self, records):
        """Return `Records` of these, with what is known of the layer."""
        state, versions = self.state, self.runtime.front.versions()
        return Records(state.name, state.kind, state.inferred_because, self.front_end, versions, self.modes, records)

    def record(self, clause):
        """Try one clause and return its `Record`, with expected failures taken into account."""
        found = self._observed(clause)
        reason = self.expected.get(clause.id)
        if reason is None:
            return found
        if found.status == "failed":
            found.status, found.reason = "expected", "%s (%s)" % (reason, found.reason)
        elif found.status == "passed":
            found.status = "unexpected-pass"
            found.reason = "declared to fail: %s" % reason
            found.hint = "remove it from expected_failures"
        return found

    def _observed(self, clause):
        started = time.time()
        inapplicable = clause.why_not(self.state.kind)
        if inapplicable:
            return Record(clause, status="not-applicable", reason=inapplicable)
        modes = self.modes if clause.in_every_mode(self.state.spec) else self.modes[:1]
        results = [ClauseResult(self, clause, mode) for mode in modes]
        status = next(s for s in STATUSES if any(result.status == s for result in results))
        decisive = [result for result in results if result.status == status]
        lines = []
        for result in decisive:
            lines += ["in %s: %s" % (result.mode, x) if not x.startswith(" ") else x for x in result.evidence]
        reasons = [result.reason for result in decisive if result.reason]
        notes = [note for result in results for note in result.notes]
        if status == "passed":
            notes += ["%s: %s" % (result.mode, result.reason) for result in results if result.reason]
        only_raises = all(result.only_raises for result in decisive)
        return Record(
            clause,
            modes=[result.mode for result in decisive],
            status=status,
            reason=reasons[0] if reasons else None,
            evidence=lines,
            hint="" if status != "failed" else HINT_IF_RAISES if only_raises else clause.repair,
            notes=list(dict.fromkeys(notes)),
            seconds=time.time() - started,
        )


class ClauseResult:
    """What came of one clause in one mode.

    Attributes:
        mode: Name of the mode.
        status, reason, evidence, notes: As in a `Record`.
        only_raises: Whether exceptions are all that differs from what is expected.
    """

    def __init__(self, examination, clause, mode):
        self.mode, self.status, self.reason, self.evidence, self.only_raises = mode, "passed", None, [], False
        attempt = ClauseAttempt(examination, clause, mode, examination.state)
        self.notes = attempt.notes
        if attempt.unsupported is not None:
            self.status = "not-applicable" if isinstance(attempt.unsupported, NotApplicable) else "unsupported"
            self.reason = str(attempt.unsupported)
        elif attempt.internal_error is not None:
            self.status, self.reason = "error", one_line(attempt.internal_error)
            self.evidence = attempt.traceback
        elif attempt.mismatches:
            self._compare_with_reference(examination, clause, attempt.mismatches)

    def _compare_with_reference(self, examination, clause, mismatches):
        state = examination.state
        minimal = LayerState(reference(examination.runtime.front, state.spec, state.kind))
        control = ClauseAttempt(examination, clause, self.mode, minimal)
        shared = {evidence.signature(fact) for fact, _ in control.mismatches}
        own = [pair for pair in mismatches if evidence.signature(pair[0]) not in shared]
        self.status = "failed" if own else "keras"
        self.only_raises = all(evidence.exception(fact) for fact, _ in own)
        for fact, difference in own or mismatches:
            self.evidence += evidence.lines(fact, difference)
        fact, difference = (own or mismatches)[0]
        self.reason = "%s: %s" % (fact["name"], " ".join(difference.split())[:200])
        if not own:
            self.reason += "; %s does the same" % minimal.name


class ClauseAttempt:
    """One run of the body of a clause on one layer, in one mode.

    Attributes:
        mismatches: Pairs of a fact that is not as expected and the difference, in one line.
        unsupported: The `Unsupported` that was raised, or None.
        internal_error: An exception of the check itself, or None; `traceback` has its last lines.
        notes: What was not tried, and why.
    """

    def __init__(self, examination, clause, mode, state):
        self.unsupported = self.internal_error = None
        self.traceback = []
        recorder = Recorder()
        context = examination.context(mode, recorder, state)
        self.notes = context.notes
        with _quiet(), in_mode(examination.runtime.modes[mode]):
            try:
                clause.body(context)
            except Unsupported as why:
                self.unsupported = why
            except Exception as error:
                if raised_by_ourselves(error):
                    self.internal_error = error
                    self.traceback = traceback.format_exc().splitlines()[-8:]
                else:
                    context.record("raises", raised(error), expected="no exception")
        self.mismatches = evidence.mismatches(recorder.facts)


class _quiet(warnings.catch_warnings):
    """Warnings of Keras about what the clauses do are not shown to the user; C17 records its own."""

    def __enter__(self):
        found = super().__enter__()
        warnings.simplefilter("ignore")
        self._handlers = list(logging.getLogger("tensorflow").handlers)
        for handler in self._handlers:
            handler.addFilter(_not_about_tracing)
        return found

    def __exit__(self, *error):
        for handler in self._handlers:
            handler.removeFilter(_not_about_tracing)
        super().__exit__(*error)


def _not_about_tracing(record):
    """Each call of a clause is a new function to TensorFlow, which warns of repeated retracing."""
    return "retracing" not in record.getMessage()


def _expected(given):
    """Return the reasons for expected failures by the id of the clause."""
    found = {}
    for name, reason in given.items():
        if not isinstance(reason, str) or not reason.strip():
            raise BadInput("expected_failures[%r] needs a reason: a sentence that says why it fails" % (name,))
        found[find(name).id] = reason.strip()
    return found
