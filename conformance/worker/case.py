"""Read a case from its pytest item: the arguments of its ``case`` mark and its docstring."""

import inspect
import os
import re

import pytest

from conformance.vocabulary import BACKENDS, BASES, MODES, SEVERITIES

FIXTURES = ("keras", "ops", "tf", "run", "build", "mask_of", "static_shape", "record", "monkeypatch")
_OPTIONAL = {"issues": list, "tags": list, "modes": list, "needs": list, "backends": list, "thinned": list}
_THINNING = {"mode": str, "covered_by": str, "seen": str, "targets": list}


def _underscored(part_of_id):
    return re.sub("[.-]", "_", part_of_id)


def _check_address(where, id, file, function):
    """Raise `pytest.UsageError` unless file and function are named after the id.

    Of ``simple-rnn.zero-timesteps`` the function is ``test_zero_timesteps``, and the file ``test_simple_rnn.py`` or
    ``test_simple_rnn_<topic>.py``.
    """
    area, _, rest = id.partition(".")
    function_of_id, stem = "test_" + _underscored(rest), "test_" + _underscored(area)
    if function != function_of_id:
        wrong = (where, id, function, function_of_id)
        raise pytest.UsageError("%s: the function of case %r is %s, it must be %s" % wrong)
    if file != stem + ".py" and not re.match(re.escape(stem) + r"_[a-z0-9_]+\.py$", file):
        wrong = (where, id, file, stem, stem)
        raise pytest.UsageError("%s: the file of case %r is %s, it must be %s.py or %s_<topic>.py" % wrong)


def _area(file, module):
    """Return the title of the area of a file: the first paragraph of its docstring, without the final period."""
    title = " ".join(inspect.cleandoc(module.__doc__ or "").split("\n\n")[0].split())
    if not title:
        raise pytest.UsageError("%s: the file needs a docstring whose first paragraph is the title of its area" % file)
    return title[:-1] if title.endswith(".") else title


class CaseDeclaration(object):
    """A case as its test declares it, with the arguments of the mark as attributes.

    Attributes:
        id: Id of the case, with the variant in brackets.
        area: Title of the area, from the docstring of the file.
        title: First paragraph of the docstring of the function.
        contract: Second paragraph.
        thinned: Modes that are skipped where they were seen to agree with another one, each with its evidence.
        basis: One of `vocabulary.BASES`.
        source: What the basis refers to.
        parameters: Values that `parametrize` gives to this variant, by name.
        fixture_names: Names of the arguments of the function, each a parameter or one of `FIXTURES`.
        body: The function.
    """

    def __init__(self, item):
        mark = item.get_closest_marker("case")
        given = dict(mark.kwargs)
        self.file = os.path.basename(str(item.fspath))
        self.function = item.originalname
        where = "%s::%s" % (self.file, self.function)
        if len(mark.args) != 1 or not re.match(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", str(mark.args[0])):
            raise pytest.UsageError("%s: case() takes one dotted id, got %r" % (where, mark.args))
        _check_address(where, mark.args[0], self.file, self.function)
        self.area = _area(self.file, item.module)
        variant = item.callspec.id[: -len(item.mode_name)].strip("-")  # an empty id is no variant
        self.id = mark.args[0] + ("[%s]" % variant if variant else "")
        bases = [b for b in BASES if given.get(b)]
        if len(bases) != 1:
            raise pytest.UsageError("%s: case() needs exactly one of %s" % (where, ", ".join(BASES)))
        self.basis = bases[0]
        self.source = given.pop(self.basis)
        self.severity = given.pop("severity", "silent")
        if self.severity not in SEVERITIES:
            raise pytest.UsageError("%s: unknown severity %r" % (where, self.severity))
        for name, kind in _OPTIONAL.items():
            value = given.pop(name, [])
            if not isinstance(value, kind):
                raise pytest.UsageError("%s: %s must be a list" % (where, name))
            setattr(self, name, value)
        unknown = sorted(given) + [m for m in self.runs_in() if m not in MODES]
        unknown += [b for b in self.backends if b not in BACKENDS]
        if unknown:
            raise pytest.UsageError("%s: case() does not know %s" % (where, ", ".join(unknown)))
        self.modes = self.modes or list(MODES)
        self._check_thinned(where)
        narrowed = item.get_closest_marker("variant")
        if narrowed:
            self.modes = self._narrowed(narrowed.kwargs["modes"], where)
            self.thinned = []  # the evidence is about the variant that runs in all modes
        self.parameters = {name: value for name, value in item.callspec.params.items() if name != "mode_name"}
        self.tags = [self._filled_in(tag, where) for tag in self.tags]
        self.fixture_names = list(inspect.signature(item.function).parameters)
        others = [name for name in self.fixture_names if name not in FIXTURES and name not in self.parameters]
        if others:
            raise pytest.UsageError("%s: cases have no fixture %s" % (where, ", ".join(others)))
        if "record" not in self.fixture_names:
            raise pytest.UsageError("%s: a case needs the fixture `record`, otherwise it observes nothing" % where)
        paragraphs = inspect.cleandoc(item.function.__doc__ or "").split("\n\n")
        if len(paragraphs) < 2:
            raise pytest.UsageError("%s: the docstring needs a title and, after an empty line, a contract" % where)
        self.title, self.contract = (" ".join(p.split()) for p in paragraphs[:2])
        self.body = item.function

    def _check_thinned(self, where):
        """Raise `pytest.UsageError` unless each mode that may be skipped has another one and evidence."""
        for one in self.thinned:
            if not isinstance(one, dict) or set(one) != set(_THINNING):
                wrong = (where, ", ".join(_THINNING), one)
                raise pytest.UsageError("%s: each of thinned needs %s and nothing else, got %r" % wrong)
            if any(not one[name] or not isinstance(one[name], kind) for name, kind in _THINNING.items()):
                wrong = (where, one["mode"])
                raise pytest.UsageError(
                    "%s: thinned needs evidence: when %r was seen to agree, on which targets" % wrong
                )
            if not re.match(r"\d{4}-\d\d-\d\d$", one["seen"]):
                raise pytest.UsageError("%s: thinned: seen must be a date, got %r" % (where, one["seen"]))
            for mode in (one["mode"], one["covered_by"]):
                if mode not in self.modes:
                    raise pytest.UsageError("%s: thinned names %r, which is none of its modes" % (where, mode))
            if one["mode"] == one["covered_by"]:
                raise pytest.UsageError("%s: thinned: mode %r cannot cover itself" % (where, one["mode"]))

    def _narrowed(self, modes, where):
        """Return the modes of a variant that runs in fewer than the case: pytest.mark.variant(modes=...)."""
        runs_in, known = set(self.runs_in()), [mode for entry in modes for mode in entry.split(" | ")]
        if not runs_in & set(known):
            raise pytest.UsageError("%s: no mode of the variant (%s) is one of the case" % (where, ", ".join(modes)))
        entries = [" | ".join(mode for mode in entry.split(" | ") if mode in runs_in) for entry in modes]
        return [entry for entry in entries if entry]

    def _filled_in(self, tag, where):
        """Replace "{kind}" by the value of the parameter `kind`, up to its first hyphen: GRU of GRU-reset-before."""
        try:
            return tag.format(**{name: str(value).partition("-")[0] for name, value in self.parameters.items()})
        except (KeyError, IndexError, ValueError):
            raise pytest.UsageError("%s: tag %r names no parameter of the case" % (where, tag))

    def runs_in(self):
        """Return the names of all modes; of "eager | session" a target uses the first that it has."""
        return [mode for entry in self.modes for mode in entry.split(" | ")]
