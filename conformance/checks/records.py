"""The records of a check: one `Record` for each clause, together the `Records` of a layer."""

# By precedence: the status of a clause is the first of these that it has in any of its modes.
STATUSES = (
    "error",  # the check itself failed: says nothing about the layer
    "failed",
    "unexpected-pass",
    "expected",  # fails, as declared
    "keras",  # fails, and so does the minimal layer of this kind: the cause lies in Keras
    "passed",
    "unsupported",  # this Keras, or this mode of it, lacks what the clause needs
    "not-applicable",
)
BAD = ("error", "failed", "unexpected-pass")
WORDS = {
    "error": "could not be checked",
    "failed": "failed",
    "unexpected-pass": "passed unexpectedly",
    "expected": "failed as expected",
    "keras": "caused by Keras",
    "passed": "passed",
    "unsupported": "unsupported here",
    "not-applicable": "not applicable",
}


class Record:
    """What was found out about one clause.

    Attributes:
        clause: Id of the clause, such as "C4-padding-invariance".
        title: Title of the clause, a few words.
        modes: Names of the modes in which it has this status; empty if it was tried in none.
        status: One of `STATUSES`.
        reason: Why it has this status, in one line; None if it passed.
        evidence: Lines that say what was observed and what was expected; empty if it passed.
        hint: How to repair the layer; empty if it passed.
        notes: What was not tried, and why, or what an unaware layer does with a mask.
        cases: Ids of the cases of the suite that show the behaviour of Keras, if that is the cause; else empty.
        seconds: Time that it took, in seconds.
    """

    FIELDS = ("clause", "title", "modes", "status", "reason", "evidence", "hint", "notes", "cases", "seconds")

    def __init__(self, clause, modes=(), status="passed", reason=None, evidence=(), hint="", notes=(), seconds=0.0):
        self.clause, self.title = clause.id, clause.title
        self.modes, self.status, self.reason = list(modes), status, reason
        self.evidence, self.hint, self.notes, self.seconds = list(evidence), hint, list(notes), round(seconds, 3)
        self.cases = list(clause.cases) if status == "keras" else []

    def __repr__(self):
        return "<%s %s%s>" % (self.clause, self.status, ": " + self.reason if self.reason else "")

    def lines(self, same_as=None):
        """Format the record for a terminal.

        Args:
            same_as: Id of a clause with the same evidence, which is shown already.

        Returns:
            A list of lines.
        """
        where = " (%s)" % ", ".join(self.modes) if self.modes else ""
        if same_as:
            return ["%s  %s%s: same as %s" % (self.clause, WORDS[self.status], where, same_as)]
        found = ["%s  %s%s%s" % (self.clause, WORDS[self.status], where, ": " + self.reason if self.reason else "")]
        if self.status in BAD:
            found += ["    " + line for line in self.evidence]
            found += ["    repair: " + self.hint] if self.hint else []
        return found

    def as_dict(self):
        """Return the record as data for JSON."""
        return {name: getattr(self, name) for name in self.FIELDS}


class Records(list):
    """The list of the `Record` of each clause of one layer.

    Attributes:
        layer: Name of the layer.
        kind: Name of its kind.
        guessed: Why the layer was taken for one of this kind; None if the kind was declared.
        front_end: "keras", "tf.keras" or "tf_keras".
        versions: Dict of the versions of Python, Keras and the library that it computes with.
        modes: Names of the modes in which it was checked.
    """

    def __init__(self, layer, kind, guessed, front_end, versions, modes, records=()):
        super().__init__(records)
        self.layer, self.kind, self.guessed = layer, kind, guessed
        self.front_end, self.versions, self.modes = front_end, versions, list(modes)

    @property
    def bad(self):
        """The records that make a check fail: failed, unexpectedly passed, or not checked because of an error."""
        return [record for record in self if record.status in BAD]

    def head(self):
        """Return what was checked, in one line."""
        kind = self.kind if self.guessed is None else "kind inferred: %s, because %s" % (self.kind, self.guessed)
        with_what = ["%s %s" % (k, v) for k, v in sorted(self.versions.items()) if k in ("tensorflow", "jax", "torch")]
        where = "%s %s" % (self.front_end, self.versions["keras"])
        where += " with " + with_what[0] if with_what else ""
        return "%s (%s) on %s: %s" % (self.layer, kind, where, ", ".join(self.modes))

    def counts(self):
        """Return how many clauses have which status: "17 clauses: 12 passed, ..."."""
        found = [(s, sum(r.status == s for r in self)) for s in ("passed",) + STATUSES]
        parts = ["%d %s" % (n, WORDS[s]) for i, (s, n) in enumerate(found) if n and (i == 0 or s != "passed")]
        return "%d clause%s: %s" % (len(self), "" if len(self) == 1 else "s", ", ".join(parts) or "none ran")

    def unaware(self):
        """Return what an unaware layer does with a mask, in a sentence; None for layers of other kinds."""
        if self.kind != "unaware" or any(r.clause.startswith("C8-") and r.status in BAD for r in self):
            return None
        does = [note for record in self for note in record.notes if note.startswith("it ")]
        return "It is unaware of masks: %s." % (does[0] if does else "a mask ends there")

    def text(self, everything=False):
        """Format the records for a terminal: what was checked, all that needs attention, and the counts.

        Evidence that several clauses share, such as the same exception, is shown once.

        Args:
            everything: Whether clauses that passed or do not apply have a line as well.
        """
        found, shown = [self.head()], {}
        if self.unaware():
            found.append(self.unaware())
        for record in self:
            if everything or record.status not in ("passed", "not-applicable"):
                first = shown.setdefault(tuple(record.evidence) or record.clause, record.clause)
                found += ["  " + line for line in record.lines(None if first == record.clause else first)]
        return "\n".join(found + [self.counts()])

    def as_dict(self):
        """Return the records as data for JSON."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "guessed": self.guessed,
            "front_end": self.front_end,
            "versions": self.versions,
            "modes": self.modes,
            "summary": self.counts(),
            "clauses": [record.as_dict() for record in self],
        }
