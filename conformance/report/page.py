"""`index.html`: the page, in one file that loads nothing.

`data.py` prepares its data; this module makes it HTML. The scripts are plain modules, joined into one.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.judging.expectations import Expectation
from conformance.report.audit import AuditRecord
from conformance.report.data import page_data, spelled
from conformance.repro.stored import Stored
from conformance.results import Results

WEB = Path(__file__).parent / "web"
# One module in several files: top-level code uses only what earlier files define.
# The views are in the order of the navigation.
SCRIPTS = (
    *(
        "dom.js",
        "data.js",
        "agree.js",
        "results.js",
        "difference.js",
        "changes.js",
        "features.js",
        "query.js",
        "acts.js",
    ),
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
    audit: AuditRecord | None = None,
) -> str:
    """Return the page as HTML.

    Args:
        results: The results to show.
        expectations: Why cells do not conform.
        stamp: Digest of everything that the page is made from.
        files: Names of the files beside it.
        scripts: The texts that standalone scripts are joined from.
        audit: How many cells standalone scripts repeat.
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
        data=packed(page_data(results, expectations, files, scripts, audit)),
    )


def joined(names: Sequence[str]) -> str:
    """Return scripts or styles as one text."""
    return "".join((WEB / name).read_text(encoding="utf-8") for name in names)


def packed(data: Any) -> str:
    """Return data as compressed JSON in base64: a sixth of its size, and it cannot close the element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _csp_hash(text: str) -> str:
    # Only exactly this text may run: injected markup would be inert.
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
