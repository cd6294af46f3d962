"""The code of docs/recipes.md is the code of the cases, and every recipe has its place there."""

import ast
import re
import textwrap
from pathlib import Path

import pytest

from conformance.local import bundle
from conformance.suite import catalogue
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "recipes.md").read_text()
SOURCE = "\n".join(path.read_text() for path in sorted((ROOT / "cases").glob("test_recipe*.py")))
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def without_indents(code: str) -> str:
    """Code at any depth, for comparison: relative indents stay, blank lines go."""
    return "\n".join(line for line in textwrap.dedent(code).splitlines() if line.strip())


def statements() -> list[str]:
    """Every run of neighbouring statements, at any depth: what a block may be."""
    lines = SOURCE.splitlines()
    bodies = [node.body for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Module | ast.FunctionDef)]
    return [
        without_indents("\n".join(lines[body[first].lineno - 1 : body[last].end_lineno]))
        for body in bodies
        for first in range(len(body))
        for last in range(first, len(body))
    ]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0][:40])
def test_every_block_is_code_of_a_case(block: str) -> None:
    assert without_indents(block) in statements()


def test_every_recipe_is_on_the_page_and_every_case_that_is_named_exists(tmp_path: Path) -> None:
    ids = {case.id for case in catalogue.collect(bundle.make_bundle(tmp_path))}
    ids |= {id.split("[")[0] for id in ids}
    named = set(re.findall(r"`((?:recipe|workaround|rnn)\.[\w.-]+)`", PAGE))
    assert named <= ids
    assert {id for id in ids if id.startswith("recipe.")} <= named
    headings = [section.split("\n", 1) for section in PAGE.split("\n## ")[1:]]
    assert all("```python" in text for title, text in headings if text.lstrip().startswith("`recipe."))


def test_findings_that_are_linked_exist() -> None:
    findings = (ROOT / "docs" / "findings.md").read_text()
    for anchor in re.findall(r"findings\.md#([\w-]+)", PAGE):
        assert f"### {anchor}\n" in findings
