"""Clauses as tests of pytest."""

from conformance.checks.clause import find
from conformance.checks.errors import BadInput
from conformance.checks.records import BAD, WORDS


class LazyExamination:
    """A `LayerExamination` that is made when it is first needed; if that fails, it fails alike every time."""

    def __init__(self, make):
        self._make, self._made, self._error = make, None, None

    def get(self):
        """Return the examination.

        Raises:
            BadInput: It cannot be made.
        """
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
    """A clause bound to one layer; calling it is the test.

    Attributes:
        id: Id of the clause.
        record: The `records.Record`; None until it was called.
    """

    is_clause_of_mask_contract = True  # how the plug-in knows it

    def __init__(self, clause_id, examination):
        self.id, self._examination, self.record = clause_id, examination, None

    def __call__(self):
        """Try the clause, and fail, skip or xfail the test accordingly.

        Returns:
            The `records.Record`.
        """
        import pytest

        __tracebackhide__ = True
        examination, refused = None, None
        try:
            examination = self._examination.get()
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
            where = " (%s)" % ", ".join(record.modes) if record.modes else ""
            pytest.skip("%s%s: %s" % (WORDS[record.status], where, record.reason))
        return record

    def __repr__(self):
        return "<%s>" % self.id
