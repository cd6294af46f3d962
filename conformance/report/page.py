"""`index.html`: the page, in one file that loads nothing.

`data.py` says what it is told; here that becomes HTML. The scripts are plain modules, joined to one.
"""

import base64
import datetime
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from conformance.expectations import Expectation
from conformance.report.data import page_data
from conformance.results import Results

HERE = Path(__file__).parent
# One module in several files; each uses what those before it define.
SCRIPTS = ("dom.js", "data.js", "judge.js", "state.js", "values.js", "matrix.js", "case.js", "column.js", "main.js")
STYLES = ("page.css",)


def render(results: Results, expectations: Sequence[Expectation] = (), stamp: str = "") -> str:
    """The page as HTML, complete.

    expectations: why cells do not conform, where that is known; stamp: what the page is made of, as a digest.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    script, style = _joined(SCRIPTS), _joined(STYLES)
    return environment.get_template("page.html.j2").render(
        results=results,
        stamp=stamp,
        measured=_date(results.created),
        not_run=[target for target in results.targets if target.reason],
        script=Markup(script),
        style=Markup(style),
        script_hash=_csp_hash(script),
        style_hash=_csp_hash(style),
        data=packed(page_data(results, expectations)),
    )


def _joined(names: Sequence[str]) -> str:
    return "".join((HERE / name).read_text(encoding="utf-8") for name in names)


def packed(data: Any) -> str:
    """JSON, compressed, in base64: a sixth of its size, and nothing in it can end the element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _csp_hash(text: str) -> str:
    # Only this very text may run: markup that ever got into the page would be inert.
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _date(created: str) -> str:
    try:
        return f"{datetime.datetime.fromisoformat(created):%d %B %Y, %H:%M} UTC".lstrip("0")
    except ValueError:
        return created
