"""The clauses of the contract: what they are called, to whom they apply, and where their bodies are.

A body is written like a case: it takes a `trial.Trial` and records what it observes beside what is expected. Its
docstring has four paragraphs: a title, the clause in one sentence, "Why: ...", "Repair: ...".
"""

import importlib
import inspect

from conformance.checks.errors import BadInput
from conformance.checks.kinds import KINDS, NAMES
from conformance.checks.layer_spec import closest

# Modules with bodies; importing them fills the table.
_BODIES = ("numbers", "output_masks", "surroundings", "models")
_CLAUSES = {}


class Clause:
    """One clause.

    Attributes:
        id: "C4-padding-invariance"; number: 4; name: "padding-invariance".
        title, contract, why, repair: texts.
        kinds: names of the kinds it applies to.
        cases: ids of cases of the suite that say what Keras itself does here.
    """

    def __init__(self, number, name, kinds, every_mode, cases, body):
        self.number, self.name, self.id = number, name, "C%d-%s" % (number, name)
        self.kinds, self._every_mode, self.cases, self.body = kinds, every_mode, cases, body
        paragraphs = [" ".join(p.split()) for p in inspect.cleandoc(body.__doc__).split("\n\n")]
        self.title, self.contract, why, repair = paragraphs
        assert why.startswith("Why: ") and repair.startswith("Repair: "), self.id
        self.why, self.repair = why[5:], repair[8:]

    def in_every_mode(self, subject):
        """Whether it is tried in each mode; else in the first that there is."""
        return self._every_mode(subject) if callable(self._every_mode) else self._every_mode

    def applies(self, subject):
        """None, or why it does not apply to a kind of layers."""
        if subject.kind in self.kinds:
            return None
        return "not a matter of a layer of kind %s" % subject.kind


def clause(number, name, kinds=None, but=(), every_mode=False, cases=()):
    """Declare the function below as the body of a clause.

    kinds: names; all if none are given, without those in `but`; every_mode: a bool, or a function of the subject.
    """

    def declare(body):
        chosen = [k for k in (kinds or NAMES) if k not in but]
        assert all(k in KINDS for k in chosen), chosen
        _CLAUSES[number] = Clause(number, name, chosen, every_mode, list(cases), body)
        return body

    return declare


def all_clauses():
    """Every clause, by number."""
    for module in _BODIES:
        importlib.import_module("conformance.checks.clauses." + module)
    return [_CLAUSES[number] for number in sorted(_CLAUSES)]


def find(name):
    """The clause of this id, name, or number: "C4-padding-invariance", "padding-invariance", "C4", 4.

    Raises:
        BadInput: there is none.
    """
    every = all_clauses()
    for one in every:
        if str(name).lower() in (one.id.lower(), one.name, "c%d" % one.number, str(one.number)):
            return one
    names = [word for one in every for word in (one.id, "C%d" % one.number)]
    raise BadInput(
        "unknown clause %r%s; they are %s" % (name, closest(name, names), ", ".join(one.id for one in every))
    )


def names(chosen=None):
    """Ids of the clauses that were chosen by any of their names, of all by default."""
    return [one.id for one in (all_clauses() if chosen is None else [find(name) for name in chosen])]
