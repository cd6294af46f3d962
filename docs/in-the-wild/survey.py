"""Check the layers declared in this folder and write ../in-the-wild.md: `nox -s wild`.

Names of declarations restrict what is checked again; `--page` checks nothing. The page is written from all reports.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from conformance import results
from conformance.layer_matrix import clause_cases, declaration
from conformance.layer_matrix.declaration import LayerDeclaration
from conformance.report.text import escape
from conformance.vocabulary import BAD

HERE = Path(__file__).parent
REPORTS = Path("reports/wild")
INTRODUCTION = (HERE / "introduction.md").read_text(encoding="utf-8")


def main(names: list[str]) -> int:
    """Check the named declarations, or all, and write the page; return the largest exit code."""
    files = sorted(HERE.glob("*.toml"))
    unknown = {*names} - {"--page", *(file.stem for file in files)}
    if unknown:
        print(f"no declaration is named {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    codes = [check(file) for file in files if not names or file.stem in names]
    parts = [INTRODUCTION, *(section(file) for file in files if (REPORTS / file.stem / "results.json").is_file())]
    (HERE.parent / "in-the-wild.md").write_text("\n".join(parts), encoding="utf-8")
    return max(codes, default=0)


def check(file: Path) -> int:
    """Return 0 if the layers behave as declared. Targets on which a layer is unavailable do not fail the check."""
    print(f"== {file.stem}", flush=True)
    command = [sys.executable, "-m", "conformance", "check", str(file), f"--out={REPORTS / file.stem}"]
    return subprocess.run([*command, "--allow-not-run"]).returncode


def section(file: Path) -> str:
    """Write the section about the layers of a declaration."""
    what, found = declaration.read(file), results.read(REPORTS / file.stem)
    lines = [f"## {', '.join(what.requirements)}", ""]
    lines += ["| layer | kind | " + " | ".join(target.title for target in found.targets) + " |"]
    lines += ["| --- | --- |" + " --- |" * len(found.targets)]
    for layer in what.layers:
        cells = [_said(layer, target, found) for target in found.targets]
        lines.append(f"| `{_call(layer)}` | {layer.kind} | " + " | ".join(cells) + " |")
    reasons = [*_reasons(what.layers, found)]
    return "\n".join([*lines, "", *reasons, *([""] if reasons else [])])


def _call(layer: LayerDeclaration) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in layer.config.items())
    several = ", of several inputs" if isinstance(layer.input_shape[0], list) else ""
    return f"{layer.layer.rpartition(':')[2]}({arguments})" + several


def _said(layer: LayerDeclaration, target: results.TargetResult, found: results.Results) -> str:
    cells = [c for c in found.cells if c.target == target.id and c.case.startswith(f"{layer.slug}.")]
    verdicts = {verdict: _clauses(c.case for c in cells if c.verdict == verdict) for verdict in results.VERDICTS}
    reasons = [c.reason for c in cells if c.verdict == "not-run" and c.reason]
    if not cells:
        return "not checked"
    if reasons and len(verdicts["not-run"]) == len(_clauses(c.case for c in cells)):
        return "not run: " + escape(re.sub(r"^unavailable on this target: ", "", reasons[0]))[:160]
    broken = sorted({clause for verdict in BAD for clause in verdicts[verdict]}, key=_number)
    kept = {*verdicts["conforms"], *verdicts["observed"]} - {*broken}
    keras = _clauses(c.case for c in cells if c.reason and c.reason.startswith("caused by Keras"))
    said = f"breaks {', '.join(broken)}; keeps {len(kept)}" if broken else f"keeps all {len(kept)}"
    return said + (f"; caused by Keras: {', '.join(keras)}" if keras else "")


def _clauses(cases: Iterator[str]) -> list[str]:
    return sorted({case.partition(".")[2].split("-")[0].upper() for case in cases}, key=_number)


def _number(clause: str) -> int:
    return int(clause[1:])


def _reasons(layers: list[LayerDeclaration], found: results.Results) -> Iterator[str]:
    """List each declared reason with the layers and clauses it explains."""
    broken = {c.case for c in found.cells if c.verdict in BAD}
    by_reason: dict[str, dict[str, list[str]]] = {}
    for layer in layers:
        for case, reason in clause_cases.expected([layer]).items():
            if case in broken:
                by_reason.setdefault(reason, {}).setdefault(layer.layer.rpartition(":")[2], []).append(case)
    for reason, cases in by_reason.items():
        where = "; ".join(f"{name} {', '.join(_clauses(iter(ids)))}" for name, ids in cases.items())
        linked = re.sub(r"\((\w+\.py)\)", r"([\1](in-the-wild/\1))", reason)
        yield f"- **{where}**: {linked}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
