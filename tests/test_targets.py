"""The registry of columns, its locks, and the messages for a wrong one."""

import re
from pathlib import Path

import pytest

from conformance import targets
from conformance.errors import UsageError

CORE = [
    "keras-2.3.1+tf-1.15",
    "tf-1.15",
    "tf-2.10",
    "tf-2.15",
    "tf-keras-2.21",
    "keras-3.3",
    "keras-3.8",
    "keras-3.13",
    "keras-3.15",
]


def test_core_columns() -> None:
    assert [t.id for t in targets.choose(targets.load(), [], "core")] == CORE


@pytest.mark.parametrize("target", targets.load(), ids=lambda t: t.id)
def test_lock_pins_what_is_declared_with_hashes_and_no_urls(target: targets.Target) -> None:
    text = target.lock.read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?! )", text.strip())
    assert all("==" in r and "--hash=sha256:" in r for r in requirements)
    pins = target.pins()
    assert all(asked in pins for asked in target.requires if "==" in asked)
    assert any(pin.startswith("pytest==") for pin in pins)
    assert not any(pin.split("==")[0] in target.drops for pin in pins)


@pytest.mark.parametrize("target", targets.load(), ids=lambda t: t.id)
def test_every_mode_is_either_there_or_explained(target: targets.Target) -> None:
    assert sorted([*target.modes, *target.lacks]) == sorted(targets.MODES)


def test_wrong_id_says_what_was_meant() -> None:
    with pytest.raises(UsageError, match=r"^unknown target 'tf-2.51'; did you mean 'tf-2.15'\?$"):
        targets.choose(targets.load(), ["tf-2.51"], "core")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[target]\n", "bad.toml: "),
        ("[[target]]\nid = 'a'\n", "missing required field"),
        ("[[target]]\nid = 'a'\nwheels = 1\n", "unknown field `wheels`"),
    ],
)
def test_a_broken_registry_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(message)):
        targets.load(path)


def test_a_mode_that_is_nowhere_is_named(tmp_path: Path) -> None:
    text = (
        (targets.PACKAGE / "targets.toml")
        .read_text()
        .replace('processes = [["session", "jit"]]', 'processes = [["session"]]')
    )
    (tmp_path / "t.toml").write_text(text)
    with pytest.raises(UsageError, match=r"keras-2.3.1\+tf-1.15: each of eager, graph, session, jit"):
        targets.load(tmp_path / "t.toml")
