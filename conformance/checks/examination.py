"""Runs clauses on a subject: in which modes, whose fault, and what becomes of the record."""

import logging
import time
import traceback
import warnings

from conformance.checks import evidence, infer_kind
from conformance.checks.clause import all_clauses, find
from conformance.checks.context import ClauseContext, NotApplicable, raised
from conformance.checks.errors import BadInput, one_line
from conformance.checks.keras_runtime import front_end_of, on_runtime, runtime
from conformance.checks.layer_spec import make_layer
from conformance.checks.records import STATUSES, Record, Records
from conformance.checks.reference import reference
from conformance.worker.fixtures import Run
from conformance.worker.modes import Unsupported
from conformance.worker.recorder import Recorder, raised_by_ourselves

RAISES = "it raises where the clause calls it; what else is wrong will be seen when it does not."


class LayerExamination:
    """A subject on the Keras that it is made of, ready for clauses.

    Attributes:
        subject: with a kind, guessed if it was not declared.
        expected: dict of clause id to the reason why it is known to fail.
        modes: names of the modes, the first first.

    Raises:
        BadInput: the subject cannot be called, or something unknown was named.
    """

    def __init__(self, subject, expected_failures=None, front_end=None, modes=None, quick=True):
        self.subject = subject
        self.expected = _expected(expected_failures or {})
        with _quiet():
            layer = make_layer(subject)
            subject.name = subject.name or type(layer).__name__
            self.front_end = front_end_of(layer, front_end)
            self.stage = runtime(self.front_end)
            self.modes = self._modes(modes)
            with on_runtime(self.stage.modes[self.modes[0]]):
                infer_kind.try_out(self._trial(self.modes[0], Recorder(), subject))

    def _modes(self, asked):
        there = list(self.stage.modes)
        for mode in asked or []:
            if mode not in there:
                raise BadInput(
                    "mode %r cannot be had in this process; it has %s" % (mode, ", ".join(there) or "none at all")
                )
        return [mode for mode in there if not asked or mode in asked]

    def _trial(self, mode, recorder, subject):
        run = Run(self.stage.modes[mode], recorder)
        return ClauseContext(subject, recorder, run, self.stage.mask_of, self.modes)

    def records(self, clauses=None):
        """`Records` of these clauses (ids, names or numbers), or of all."""
        chosen = all_clauses() if clauses is None else [find(name) for name in clauses]
        return self.collected([self.record(clause) for clause in chosen])

    def collected(self, records):
        """`Records` with these."""
        versions = self.stage.front.versions()
        about = (self.subject.name, self.subject.kind, self.subject.guessed, self.front_end, versions, self.modes)
        return Records(*(about + (records,)))

    def record(self, clause):
        """The `Record` of one clause, with what was expected of it taken into account."""
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
        inapplicable = clause.applies(self.subject)
        if inapplicable:
            return Record(clause, status="not-applicable", reason=inapplicable)
        modes = self.modes if clause.in_every_mode(self.subject) else self.modes[:1]
        views = [ClauseResult(self, clause, mode) for mode in modes]
        status = next(s for s in STATUSES if any(v.status == s for v in views))
        telling = [v for v in views if v.status == status]
        lines = []
        for view in telling:
            lines += ["in %s: %s" % (view.mode, line) if not line.startswith(" ") else line for line in view.evidence]
        reasons = [v.reason for v in telling if v.reason]
        notes = [note for v in views for note in v.notes]
        if status == "passed":
            notes += ["%s: %s" % (v.mode, v.reason) for v in views if v.reason]
        return Record(
            clause,
            modes=[v.mode for v in telling],
            status=status,
            reason=reasons[0] if reasons else None,
            evidence=lines,
            hint="" if status != "failed" else RAISES if all(v.raises for v in telling) else clause.repair,
            notes=list(dict.fromkeys(notes)),
            seconds=time.time() - started,
        )


class ClauseResult:
    """One clause in one mode: `status`, `reason`, `evidence` and `notes` as those of a `Record`.

    raises: whether an exception is all that is wrong.
    """

    def __init__(self, examination, clause, mode):
        self.mode, self.status, self.reason, self.evidence, self.raises = mode, "passed", None, [], False
        seen = ClauseAttempt(examination, clause, mode, examination.subject)
        self.notes = seen.notes
        if seen.unsupported is not None:
            self.status = "not-applicable" if isinstance(seen.unsupported, NotApplicable) else "unsupported"
            self.reason = str(seen.unsupported)
        elif seen.mistake is not None:
            self.status, self.reason = "error", one_line(seen.mistake)
            self.evidence = seen.trace
        elif seen.wrong:
            twin = reference(examination.stage.front, examination.subject)
            control = ClauseAttempt(examination, clause, mode, twin)
            alike = control.abouts()
            own = [pair for pair in seen.wrong if evidence.about(pair[0]) not in alike]
            self.status = "failed" if own else "keras"
            self.raises = all(evidence.exception(fact) for fact, _ in own)
            for fact, why in own or seen.wrong:
                self.evidence += evidence.lines(fact, why)
            self.reason = "%s: %s" % (
                (own or seen.wrong)[0][0]["name"],
                " ".join((own or seen.wrong)[0][1].split())[:200],
            )
            if not own:
                self.reason += "; %s does the same" % twin.name


class ClauseAttempt:
    """What a clause saw: `wrong` (facts and why), or an exception: `unsupported`, or a `mistake` of the check."""

    def __init__(self, examination, clause, mode, subject):
        self.wrong, self.unsupported, self.mistake, self.trace = [], None, None, []
        recorder = Recorder()
        trial = examination._trial(mode, recorder, subject)
        self.notes = trial.notes
        with _quiet(), on_runtime(examination.stage.modes[mode]):
            try:
                clause.body(trial)
            except Unsupported as why:
                self.unsupported = why
            except Exception as error:
                if raised_by_ourselves(error):
                    self.mistake = error
                    self.trace = traceback.format_exc().splitlines()[-8:]
                else:
                    trial.record("raises", raised(error), expected="no exception")
        self.wrong += evidence.wrong(recorder.facts)

    def abouts(self):
        """Names of what is wrong."""
        return {evidence.about(fact) for fact, _ in self.wrong}


class _quiet(warnings.catch_warnings):
    """Warnings of Keras about what the clauses do are not the user's; C17 listens to its own."""

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
    """Each call of a clause is a function of its own for TensorFlow, which has something to say about that."""
    return "retracing" not in record.getMessage()


def _expected(given):
    """By clause id, why it is expected to fail."""
    found = {}
    for name, reason in given.items():
        if not isinstance(reason, str) or not reason.strip():
            raise BadInput("expected_failures[%r] needs a reason, a sentence" % (name,))
        found[find(name).id] = reason.strip()
    return found
