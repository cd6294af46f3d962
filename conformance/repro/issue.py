"""Formats a script and its output as an upstream issue."""

from packaging.version import Version

from conformance.local.errors import UsageError
from conformance.repro.execute import CONFORMS, UNSUPPORTED, ScriptRun
from conformance.repro.header import dependencies
from conformance.repro.request import CellScript
from conformance.vocabulary import FRONT_ENDS
from conformance.worker import values

_BASIS = {
    "documented": "Documented",
    "established": "Established by upstream's source or tests",
    "unspecified": "Undocumented",
}


def issue(request: CellScript, done: ScriptRun) -> str:
    """Return an issue as Markdown: title, expected and actual behaviour, versions, script and output.

    Raises:
        UsageError: If there is nothing to report.
    """
    case, target = request.case, request.target
    is_documented = case.basis != "unspecified"
    if done.code == UNSUPPORTED:
        raise UsageError(f"{case.id} is unsupported on {target.id}: {done.output.strip()}")
    if done.code == CONFORMS and is_documented:
        raise UsageError(f"{case.id} conforms on {target.id} in mode '{request.mode}': there is nothing to report")
    version = target.base.tensorflow if target.front_end == "tf.keras" else Version(target.keras)
    name = f"{FRONT_ENDS[target.front_end]} {version}"
    happens = _last(done) if done.code else "See the output; this behaviour is undocumented."
    headline = f"{case.title.rstrip('.')}: " + (f"violated by {name}" if is_documented else f"behaviour of {name}")
    related = f"\nRelated: {', '.join(case.issues)}\n" if case.issues else ""
    return f"""\
# {headline}

## Expected behaviour

{case.contract}

{_BASIS[case.basis]}: {case.source}

## Actual behaviour

{happens}
{related}
## Versions

{name} on {target.base.title}, Python {target.base.python}, mode {request.mode}: {", ".join(dependencies(target))}

## Steps to reproduce

Save as `script.py` and run `uv run script.py`, which installs the requirements.

```python
{request.script}```

Output:

```
{_output(done)}
```
"""


def _last(done: ScriptRun) -> str:
    lines = [line for line in done.errors if line.strip() and not line.startswith(" ")]
    last = values.clip(lines[-1], 500) if lines else f"exit code {done.code}"
    return str(last[:1].upper() + last[1:] if last.startswith("not as") else f"`{last}`")


def _output(done: ScriptRun) -> str:
    """Return the output and the traceback, if there is one, without paths of this machine."""
    starts = [i for i, line in enumerate(done.errors) if line.startswith("Traceback")]
    errors = (
        done.errors[starts[0] :] if starts else [line for line in done.errors if line.startswith("not as expected")]
    )
    return str(values.clip("\n".join([done.output.rstrip(), *errors]).strip(), 20_000))
