"""The registry of columns, its locks, and the messages for a wrong one."""

import re
from pathlib import Path

import pytest

from conformance.local.errors import UsageError
from conformance.local.paths import PACKAGE
from conformance.targets import registry
from conformance.vocabulary import MODES

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
    assert [t.id for t in registry.choose(registry.load(), [], "core")] == CORE


def locks() -> list[tuple[Path, list[str], list[str]]]:
    """Every lock with what is asked for and what is dropped."""
    bases = {t.base.id: t.base for t in registry.load()}.values()
    columns = [(t.own, t.requires, t.base.drops) for t in registry.load() if t.own]
    return [*((b.lock, b.requires, b.drops + b.leaves) for b in bases), *columns]


@pytest.mark.parametrize(("lock", "requires", "drops"), locks(), ids=lambda x: x.stem if isinstance(x, Path) else "")
def test_lock_pins_what_is_declared_with_hashes_and_no_urls(lock: Path, requires: list[str], drops: list[str]) -> None:
    text = lock.read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?! )", text.strip())
    assert all("==" in r and "--hash=sha256:" in r for r in requirements)
    pins = registry.pins(lock)
    names = [pin.split("==")[0] for pin in pins]
    assert all(re.sub(r"\[.*\]", "", asked) in pins for asked in requires if "==" in asked)
    assert not set(names) & set(drops)


def test_there_is_no_lock_that_nothing_uses() -> None:
    assert {lock for lock, _, _ in locks()} == set(registry.LOCKS.iterdir())


@pytest.mark.parametrize("target", registry.load(), ids=lambda t: t.id)
def test_every_column_has_pytest_and_installs_nothing_twice(target: registry.Target) -> None:
    names = [pin.split("==")[0] for pin in target.pins()]
    assert "pytest" in names and "numpy" in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("target", registry.load(), ids=lambda t: t.id)
def test_every_mode_is_either_there_or_explained(target: registry.Target) -> None:
    assert sorted([*target.modes, *target.lacks]) == sorted(MODES)


def test_wrong_id_says_what_was_meant() -> None:
    with pytest.raises(UsageError, match=r"^unknown target 'tf-2.51'; did you mean 'tf-2.5'\?$"):
        registry.choose(registry.load(), ["tf-2.51"], "core")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[target]\n", "bad.toml: "),
        ("[[target]]\nid = 'a'\n", "missing required field"),
        ("[[target]]\nid = 'a'\nwheels = 1\n", "unknown field `wheels`"),
        ("[[targets]]\nid = 'a'\n", "bad.toml: unknown table `targets`"),
        ("[[target]]\nid = 'a'\ngeneration = 'b'\nbase = 'c'\nkeras = '1'\n", "bad.toml: a: unknown generation 'b'"),
    ],
)
def test_a_broken_registry_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(message)):
        registry.load(path)


def test_a_mode_that_is_nowhere_is_named(tmp_path: Path) -> None:
    text = (
        (PACKAGE / "targets.toml").read_text().replace('processes = [["session", "jit"]]', 'processes = [["session"]]')
    )
    (tmp_path / "t.toml").write_text(text)
    with pytest.raises(UsageError, match=r"keras-2.2.4\+tf-1.13: each of eager, graph, session, jit"):
        registry.load(tmp_path / "t.toml")
