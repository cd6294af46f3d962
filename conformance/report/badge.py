"""`badge.svg`: how many cases the newest target passes, in one line."""

from collections.abc import Iterable

from conformance.judging.compare import default_pair
from conformance.judging.difference import short
from conformance.report.text import xml_characters
from conformance.results import Results, TargetResult
from conformance.vocabulary import BAD

LABEL = "masks"
PASSING, FAILING, UNKNOWN = "#2f6f4f", "#9a4b12", "#5c6470"  # white text on each has a contrast of 5 and more
_NARROW, _WIDE = "fijlrtI.,:;'|!()[] ", "mwMW@%"

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{{ left + right }}" height="20" role="img" \
aria-label="{{ label }}: {{ text }}">
<title>{{ label }}: {{ text }}</title>
<rect width="{{ left + right }}" height="20" rx="3" fill="{{ colour }}"/>
<path d="M3 0H{{ left }}V20H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0Z" fill="#3b4048"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" aria-hidden="true">
<text x="6" y="14" textLength="{{ left - 12 }}" lengthAdjust="spacingAndGlyphs">{{ label }}</text>
<text x="{{ left + 6 }}" y="14" textLength="{{ right - 12 }}" lengthAdjust="spacingAndGlyphs">{{ text }}</text>
</g>
</svg>
"""


def badge(results: Results) -> str:
    """Return an SVG of 20 px height, with its text as title for screen readers."""
    text, colour = _text(results)
    text = xml_characters(short(text))
    left, right = (_width(part) + 12 for part in (LABEL, text))
    import jinja2  # here: most commands write no badge, and would wait for its import

    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(_SVG)
    return template.render(label=LABEL, text=text, colour=colour, left=left, right=right) + "\n"


def _text(results: Results) -> tuple[str, str]:
    target = _newest(results)
    if target is None:
        return "no targets ran", UNKNOWN
    documented = {case.id for case in results.cases if case.basis != "unspecified"}
    passed: dict[str, bool] = {}
    for cell in results.cells:
        if cell.target == target.id and cell.case in documented and cell.verdict in (*BAD, "conforms"):
            passed[cell.case] = passed.get(cell.case, True) and cell.verdict == "conforms"
    if not passed:
        return f"no cases to judge on {target.title}", UNKNOWN
    text = f"{sum(passed.values())} of {len(passed)} cases pass on {target.title}"
    return text, PASSING if all(passed.values()) else FAILING


def _newest(results: Results) -> TargetResult | None:
    ran = {target.id: target for target in results.targets if target.reason is None}
    pair = default_pair(results)
    return ran[pair[1]] if pair else next(iter(ran.values()), None)


def _width(text: Iterable[str]) -> int:
    """Return the approximate width in Verdana 11 px; `textLength` makes any other font fit."""
    return round(sum(4.2 if c in _NARROW else 10.5 if c in _WIDE else 7.0 for c in text))
