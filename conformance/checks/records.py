"""What the clauses found."""

# In the order of their weight: that of a clause is the first of those of its modes.
STATUSES = (
    "error",  # the check itself went wrong: no statement about the layer
    "failed",
    "unexpected-pass",
    "expected",  # failed, as declared
    "keras",  # fails, and so does the smallest layer of this kind: Keras does it to every layer
    "passed",
    "unsupported",  # this Keras, or this mode of it, has not what the clause needs
    "not-applicable",
)
BAD = ("error", "failed", "unexpected-pass")
WORDS = {
    "error": "could not be tried",
    "failed": "failed",
    "unexpected-pass": "passed unexpectedly",
    "expected": "failed as expected",
    "keras": "Keras's doing",
    "passed": "passed",
    "unsupported": "unsupported here",
    "not-applicable": "do not apply",
}


class Record:
    """One clause.

    Attributes:
        clause: its id, such as "C4-padding-invariance"; title: in a few words.
        modes: those in which it was tried; status: one of `STATUSES`.
        reason: why it has this status, in one line; None if it passed.
        evidence: lines with what was observed and expected; hint: how to repair it; both empty if it passed.
        notes: what was not tried, and why, or what the layer does.
        cases: ids of cases of the suite about what Keras does here.
        seconds: how long it took.
    """

    FIELDS = ("clause", "title", "modes", "status", "reason", "evidence", "hint", "notes", "cases", "seconds")

    def __init__(self, clause, modes=(), status="passed", reason=None, evidence=(), hint="", notes=(), seconds=0.0):
        self.clause, self.title = clause.id, clause.title
        self.modes, self.status, self.reason = list(modes), status, reason
        self.evidence, self.hint, self.notes, self.seconds = list(evidence), hint, list(notes), round(seconds, 3)
        self.cases = list(clause.cases) if status == "keras" else []

    def __repr__(self):
        return "<%s %s%s>" % (self.clause, self.status, ": " + self.reason if self.reason else "")

    def lines(self, as_in=None):
        """The record for a terminal; as_in: id of a clause of which the same is shown already."""
        where = " (%s)" % ", ".join(self.modes) if self.modes else ""
        if as_in:
            return ["%s  %s%s: as %s" % (self.clause, WORDS[self.status], where, as_in)]
        found = ["%s  %s%s%s" % (self.clause, WORDS[self.status], where, ": " + self.reason if self.reason else "")]
        if self.status in BAD:
            found += ["    " + line for line in self.evidence]
            found += ["    repair: " + self.hint] if self.hint else []
        return found

    def as_dict(self):
        return {name: getattr(self, name) for name in self.FIELDS}


class Records(list):
    """The records of one layer.

    Attributes:
        layer: its name; kind: of the layer; guessed: why it was taken for one of this kind, or None if that was
            declared.
        versions: of Python, Keras and what it computes with; front_end: "keras", "tf.keras" or "tf_keras".
        modes: those that were tried.
    """

    def __init__(self, layer, kind, guessed, front_end, versions, modes, records=()):
        super().__init__(records)
        self.layer, self.kind, self.guessed = layer, kind, guessed
        self.front_end, self.versions, self.modes = front_end, versions, list(modes)

    @property
    def bad(self):
        """The records that are not as they should be."""
        return [record for record in self if record.status in BAD]

    def head(self):
        """What was checked, in one line."""
        kind = self.kind if self.guessed is None else "taken for a %s because %s" % (self.kind, self.guessed)
        with_what = ["%s %s" % (k, v) for k, v in sorted(self.versions.items()) if k in ("tensorflow", "jax", "torch")]
        where = "%s %s" % (self.front_end, self.versions["keras"])
        where += " with " + with_what[0] if with_what else ""
        return "%s (%s) on %s: %s" % (self.layer, kind, where, ", ".join(self.modes))

    def counts(self):
        """ "17 clauses: 12 passed, ..."."""
        found = [(s, sum(r.status == s for r in self)) for s in ("passed",) + STATUSES]
        parts = ["%d %s" % (n, WORDS[s]) for i, (s, n) in enumerate(found) if n and (i == 0 or s != "passed")]
        return "%d clause%s: %s" % (len(self), "" if len(self) == 1 else "s", ", ".join(parts) or "none ran")

    def unaware(self):
        """For a layer of kind unaware, what it does with a mask; else None."""
        if self.kind != "unaware" or any(r.clause.startswith("C8-") and r.status in BAD for r in self):
            return None
        does = [note for record in self for note in record.notes if note.startswith("it ")]
        return "It is unaware of masks: %s." % (does[0] if does else "they stop at it")

    def text(self, everything=False):
        """All that needs a look, and the counts; everything: a line for each clause.

        Of clauses with the same evidence, such as one exception, the first one shows it.
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
        """For JSON."""
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
