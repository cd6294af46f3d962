"""An author's package on top of a column: what is installed, what is left out, and what does not fit."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from conformance.local.errors import Unavailable, UsageError
from conformance.targets import install
from conformance.targets.overlay import overlay
from conformance.targets.registry import Target
from tests.support import local_index
from tests.support.fakes import fake_base, fake_target
from tests.support.local_index import LocalIndex

LOCK = "keras==0.1 \\\n    --hash=sha256:{0}\nnumbers-of-old==1.0 \\\n    --hash=sha256:{0}\n".format("0" * 64)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Packages that need what the column has, what it has not, and another Keras."""
    with local_index.serve() as found:
        for name, version, requires in [
            ("my-layers", "1.0", ("keras>=2", "tensorflow-cpu", "needed>=1", "numbers-of-old")),
            ("too-new", "1.0", ("numbers-of-old>=2",)),
            ("needed", "1.1", ()),
            ("numbers-of-old", "1.0", ()),
            ("numbers-of-old", "2.0", ()),
        ]:
            module = name.replace("-", "_")
            wheel = local_index.wheel(module, version, f"version = {version!r}\n", requires)
            found.add(name, f"{module}-{version}-py3-none-any.whl", wheel)
        for variable in ("PIP_FIND_LINKS", "UV_FIND_LINKS", "PIP_INDEX_URL", "UV_INDEX_URL"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("UV_DEFAULT_INDEX", found.url)
        yield found


@pytest.fixture
def column(tmp_path: Path) -> Target:
    """A base with a Keras, and a folder of the column's own with nothing but a comment in its lock."""
    (tmp_path / "base.txt").write_text(LOCK)
    (tmp_path / "own.txt").write_text("")
    return fake_target(base=fake_base(tmp_path / "base.txt"), own=tmp_path / "own.txt")


def test_what_the_column_lacks_is_added_and_nothing_that_it_is_made_of(
    index: LocalIndex, column: Target, tmp_path: Path
) -> None:
    found = overlay(column, ["my-layers==1.0"], tmp_path / "cache")
    assert found.pins() == [*column.pins(), "my-layers==1.0", "needed==1.1"]
    assert found.own is not None and found.own.read_text().count("--hash=sha256:") == 2
    assert msgspec.structs.replace(found, own=column.own) == column
    assert overlay(column, [], tmp_path / "cache") is column


def test_what_is_pinned_is_resolved_once(
    index: LocalIndex, column: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned, floating = (overlay(column, [text], tmp_path / "cache") for text in ("needed==1.1", "needed"))
    assert floating.pins() == pinned.pins()
    # Stands for uv and the package index.
    monkeypatch.setattr(install, "resolve", lambda *a, **k: pytest.fail("resolved again"))
    assert overlay(column, ["needed==1.1"], tmp_path / "cache") == pinned


def test_a_package_that_needs_more_than_the_column_has_does_not_fit(
    index: LocalIndex, column: Target, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="numbers-of-old"):
        overlay(column, ["too-new==1.0"], tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keras==3.2", "--with keras==3.2: targets bring their own keras; choose a version with --target"),
        ("tensorflow-cpu", "targets bring their own tensorflow-cpu; choose a version with --target"),
        ("my layers", "my layers: "),
        ("./nowhere", "nowhere: no such file or folder"),
    ],
)
def test_what_cannot_be_on_top_of_a_column(text: str, message: str, column: Target, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        overlay(column, [text], tmp_path / "cache")
    assert message in str(raised.value)


def test_a_folder_of_sources_is_built(column: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "0.3"\n')
    (sources / "mine.py").write_text("")
    asked: list[str] = []

    def resolve(texts: list[str], *rest: object, **more: object) -> None:
        asked.extend(texts)
        lock = rest[-1]
        assert isinstance(lock, Path)
        lock.write_text(f"{texts[0]} \\\n    --hash=sha256:{'1' * 64}\n")

    monkeypatch.setattr(install, "resolve", resolve)  # stands for uv and the package index
    found = overlay(column, [str(sources)], tmp_path / "cache")
    assert found.pins()[-1] == "mine==0.3"
    assert asked[0].startswith("mine @ file://") and "mine-0.3-py3-none-any.whl" in asked[0]
