"""Clauses as tests of pytest, and as cases of the suite."""

from conformance.checks import evidence
from conformance.checks.clause import all_clauses, find
from conformance.checks.errors import BadInput
from conformance.checks.records import BAD


class Lazy:
    """An `Examination` that is made when it is first asked for; what that raises is raised every time."""

    def __init__(self, make):
        self._make, self._made, self._error = make, None, None

    def get(self):
        if self._error is not None:
            raise self._error
        if self._made is None:
            try:
                self._made = self._make()
            except BadInput as error:
                self._error = error
                raise
        return self._made


class BoundClause:
    """A clause of one layer; calling it is the test.

    Attributes:
        id: of the clause; record: the `records.Record` once it was called.
    """

    is_clause_of_mask_contract = True  # how the plug-in knows it

    def __init__(self, name, lazily):
        self.id, self._lazily, self.record = name, lazily, None

    def __call__(self):
        import pytest

        __tracebackhide__ = True
        examination, refused = None, None
        try:
            examination = self._lazily.get()
        except BadInput as error:
            refused = str(error)
        if refused:
            pytest.fail(refused, pytrace=False)
        self.record = record = examination.record(find(self.id))
        if record.status in BAD:
            pytest.fail("\n".join([examination.collected([]).head()] + record.lines()), pytrace=False)
        if record.status == "expected":
            pytest.xfail(record.reason)
        if record.status != "passed":
            pytest.skip("%s: %s" % (record.lines()[0].split("  ")[1].split(":")[0], record.reason))
        return record

    def __repr__(self):
        return "<%s>" % self.id


class CaseOfClause:
    """A clause of one layer as the body of a case (see `api.clauses_for`)."""

    def __init__(self, clause, make_subject, every_mode):
        self.id, self.title, self.contract, self.cases = clause.id, clause.title, clause.contract, clause.cases
        self.modes = ["eager", "graph", "session", "jit"] if every_mode else ["eager | session | graph"]
        self._clause, self._make_subject = clause, make_subject

    def body(self, record, run):
        """Record what the clause sees.

        Raises:
            Unsupported: it does not apply, or Keras breaks it for every layer.
        """
        from conformance.checks import infer_kind
        from conformance.checks.context import ClauseContext, NotApplicable
        from conformance.checks.reference import reference
        from conformance.worker import fixtures
        from conformance.worker.modes import Unsupported
        from conformance.worker.recorder import Recorder

        subject = self._make_subject()
        mask_of = fixtures.make_mask_of(run.executor.front.keras)
        # In a matrix most clauses run in the first of these that a column has.
        modes = [run.mode] if len(self.modes) == 1 or run.mode == "session" else ["eager", "graph", "jit"]
        if not subject.tried_out:
            infer_kind.try_out(ClauseContext(subject, Recorder(), run, mask_of))
            subject.tried_out = True
        inapplicable = self._clause.applies(subject)
        if inapplicable:
            raise NotApplicable(inapplicable)
        trial, ours = ClauseContext(subject, record, run, mask_of, modes), None
        try:
            self._clause.body(trial)
        except Unsupported:
            raise
        except Exception as error:
            ours = error
        wrong = evidence.wrong(record.facts)
        if not wrong and ours is None:
            return
        twin = reference(run.executor.front, subject)
        control, theirs = Recorder(), None
        try:
            self._clause.body(ClauseContext(twin, control, run, mask_of, modes))
        except Exception as error:
            theirs = error
        alike = {evidence.about(fact) for fact, _ in evidence.wrong(control.facts)}
        if all(evidence.about(fact) in alike for fact, _ in wrong) and type(theirs) is type(ours):
            raise NotApplicable("Keras's doing: %s does the same" % twin.name)
        if ours is not None:
            raise ours


def cases_of(make_subject):
    """The clauses that may apply to a subject."""
    subject = make_subject()
    return [
        CaseOfClause(clause, make_subject, clause.in_every_mode(subject))
        for clause in all_clauses()
        if subject.kind is None or clause.applies(subject) is None
    ]
