"""A script and what it does, as text for an issue of the project that is to see it."""

from packaging.version import Version

from conformance.local.errors import UsageError
from conformance.repro.execute import CONFORMS, UNSUPPORTED, ScriptRun
from conformance.repro.header import dependencies
from conformance.repro.request import CellScript
from conformance.vocabulary import FRONT_ENDS
from conformance.worker import values

_PROMISED = {"documented": "Documented", "established": "What upstream's source or tests do", "unspecified": "Nothing"}


def issue(request: CellScript, done: ScriptRun) -> str:
    """Markdown: title, what is promised, what happens, versions, the script, its output.

    Raises:
        UsageError: there is nothing to report.
    """
    case, target = request.case, request.target
    promised = case.basis != "unspecified"
    if done.code == UNSUPPORTED:
        raise UsageError(f"{case.id} does nothing on {target.id}: {done.output.strip()}")
    if done.code == CONFORMS and promised:
        raise UsageError(f"{case.id} conforms on {target.id} in mode '{request.mode}': there is nothing to report")
    version = target.base.tensorflow if target.front_end == "tf.keras" else Version(target.keras)
    name = f"{FRONT_ENDS[target.front_end]} {version}"
    happens = _last(done) if done.code else "See the output: no page says what should be there."
    headline = f"{case.title.rstrip('.')}: " + (f"not in {name}" if promised else f"what {name} does")
    related = f"\nRelated: {', '.join(case.issues)}\n" if case.issues else ""
    return f"""\
# {headline}

## What is promised

{case.contract}

{_PROMISED[case.basis]}: {case.source}

## What happens

{happens}
{related}
## Versions

{name} on {target.base.title}, Python {target.base.python}, mode {request.mode}: {", ".join(dependencies(target))}

## To reproduce

Save as `script.py`; `uv run script.py` installs what it names.

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
    """What was printed, and a traceback if there was one; without the folders of this machine."""
    starts = [i for i, line in enumerate(done.errors) if line.startswith("Traceback")]
    errors = (
        done.errors[starts[0] :] if starts else [line for line in done.errors if line.startswith("not as expected")]
    )
    return str(values.clip("\n".join([done.output.rstrip(), *errors]).strip(), 20_000))
