"""`index.html`: the page, in one file that loads nothing.

`data.py` says what it is told; here that becomes HTML. The scripts are plain modules, joined to one.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.judging.expectations import Expectation
from conformance.report.data import page_data, spelled
from conformance.repro.stored import Stored
from conformance.results import Results

WEB = Path(__file__).parent / "web"
# One module in several files; what runs when it is read uses only what those before it define.
# The views are in the order of the navigation.
SCRIPTS = (
    *("dom.js", "data.js", "agree.js", "results.js", "difference.js", "steps.js", "features.js", "query.js", "acts.js"),
    *("state.js", "views.js", "panel.js", "search.js"),
    *("values.js", "links.js", "evidence.js", "history.js", "rerun.js", "case.js", "column.js"),
    *("markdown.js", "upgrade-rows.js", "upgrade-filters.js", "upgrade.js"),
    *("grid-keys.js", "grid.js", "matrix-filters.js", "matrix.js"),
    *("layers.js", "about.js", "drop.js", "main.js"),
)
STYLES = ("base.css", "upgrade.css", "matrix.css", "layers.css", "about.css", "panel.css", "drop.css")


def render(
    results: Results,
    expectations: Sequence[Expectation] = (),
    stamp: str = "",
    files: Sequence[str] = (),
    scripts: Stored | None = None,
) -> str:
    """The page as HTML, complete.

    expectations: why cells do not conform, where that is known; stamp: what the page is made of, as a digest;
    files: names of what lies beside it; scripts: what its stand-alone scripts are joined from.
    """
    import jinja2  # here: most commands write no page, and would wait for its import
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(WEB), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    script, style = joined(SCRIPTS), joined(STYLES)
    return environment.get_template("page.html.j2").render(
        results=results,
        stamp=stamp,
        measured=spelled(results.measured()),
        not_run=[target for target in results.targets if target.reason],
        script=Markup(script),
        style=Markup(style),
        script_hash=_csp_hash(script),
        style_hash=_csp_hash(style),
        data=packed(page_data(results, expectations, files, scripts)),
    )


def joined(names: Sequence[str]) -> str:
    """Scripts or styles as one text."""
    return "".join((WEB / name).read_text(encoding="utf-8") for name in names)


def packed(data: Any) -> str:
    """JSON, compressed, in base64: a sixth of its size, and nothing in it can end the element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _csp_hash(text: str) -> str:
    # Only this very text may run: markup that ever got into the page would be inert.
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
