"""The registry of the clauses: what they are called and to which kinds they apply. Their bodies are in `clauses/`.

A body is written like a case: it takes a `context.ClauseContext` and records what it observes beside what is expected.
Its docstring has four paragraphs: a title, the clause in one sentence, "Why: ...", "Repair: ...".
"""

import importlib
import inspect

from conformance.checks.errors import BadInput
from conformance.checks.kinds import KINDS, NAMES
from conformance.checks.layer_spec import closest

# Modules with bodies; importing them fills the registry.
_BODIES = ("numbers", "output_masks", "surroundings", "models")
_CLAUSES = {}


class Clause:
    """One clause.

    Attributes:
        id: Such as "C4-padding-invariance".
        number: Such as 4.
        name: Such as "padding-invariance".
        title: A few words.
        contract: What a layer has to do, in one or two sentences.
        why: Why it matters.
        repair: How to repair a layer that does not.
        kinds: Names of the kinds it applies to.
        cases: Ids of the cases of the suite that show what Keras itself does here.
        body: Function of a `ClauseContext`.
    """

    def __init__(self, number, name, kinds, every_mode, cases, body):
        self.number, self.name, self.id = number, name, "C%d-%s" % (number, name)
        self.kinds, self._every_mode, self.cases, self.body = kinds, every_mode, cases, body
        paragraphs = [" ".join(p.split()) for p in inspect.cleandoc(body.__doc__).split("\n\n")]
        self.title, self.contract, why, repair = paragraphs
        assert why.startswith("Why: ") and repair.startswith("Repair: "), self.id
        self.why, self.repair = why[5:], repair[8:]

    def in_every_mode(self, spec):
        """Return whether the clause is tried on this layer in each mode, instead of in the first only."""
        return self._every_mode(spec) if callable(self._every_mode) else self._every_mode

    def why_not(self, kind):
        """Return why the clause does not apply to layers of a kind; None if it does."""
        if kind in self.kinds:
            return None
        return "does not concern a layer of kind %s" % kind


def clause(number, name, kinds=None, every_mode=False, cases=()):
    """Register the decorated function as the body of a clause.

    Args:
        number: Number of the clause.
        name: Name of the clause.
        kinds: Names of the kinds it applies to; by default all.
        every_mode: Whether it is tried in every mode, or a function of the `LayerSpec` that decides so.
        cases: Ids of cases of the suite that show what Keras itself does here.
    """

    def register(body):
        chosen = list(kinds or NAMES)
        assert all(k in KINDS for k in chosen), chosen
        _CLAUSES[number] = Clause(number, name, chosen, every_mode, list(cases), body)
        return body

    return register


def all_clauses():
    """Return every clause, by number."""
    for module in _BODIES:
        importlib.import_module("conformance.checks.clauses." + module)
    return [_CLAUSES[number] for number in sorted(_CLAUSES)]


def find(name):
    """Return a clause, given its id, name or number: "C4-padding-invariance", "padding-invariance", "C4", 4.

    Raises:
        BadInput: There is no such clause.
    """
    every = all_clauses()
    for one in every:
        if str(name).lower() in (one.id.lower(), one.name, "c%d" % one.number, str(one.number)):
            return one
    known = [word for one in every for word in (one.id, "C%d" % one.number)]
    raise BadInput(
        "unknown clause %r%s; the clauses are %s" % (name, closest(name, known), ", ".join(one.id for one in every))
    )


def names(chosen=None):
    """Return the ids of clauses that are given by any of their names; by default of all."""
    return [one.id for one in (all_clauses() if chosen is None else [find(name) for name in chosen])]
