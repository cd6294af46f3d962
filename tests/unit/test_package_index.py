"""The releases of a package: what counts, which index is asked, and what is said where none answers."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from packaging.version import Version

from conformance.local.errors import Unavailable
from conformance.targets import package_index
from tests.support.local_index import JSON, LocalIndex, serve


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalIndex]:
    """An index that is the only one."""
    for name in ("UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_OFFLINE", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with serve() as there:
        monkeypatch.setenv("UV_DEFAULT_INDEX", there.url)
        yield there


def versions(package: str) -> list[str]:
    return [str(release.version) for release in package_index.releases(package)]


def test_releases_are_ordered_dated_and_no_candidates(local: LocalIndex) -> None:
    local.add("keras", "keras-3.10.0-py3-none-any.whl", uploaded="2025-05-19T18:00:00.123456Z")
    local.add("keras", "keras-3.9.0.tar.gz", uploaded="2025-03-05T00:00:00Z")
    local.add("keras", "keras-3.9.0-py3-none-any.whl", uploaded="2025-03-04T23:59:59Z")
    for filename in (
        "keras-3.11.0rc1.tar.gz",
        "keras-3.11.0.dev2-py3-none-any.whl",
        "Keras-0.2.0-py2.7.egg",
        "junk.whl",
    ):
        local.add("keras", filename)
    local.add("keras", "keras_tuner-1.0.0-py3-none-any.whl")  # of another package
    first, second = package_index.releases("Keras")
    assert (first.version, second.version) == (Version("3.9.0"), Version("3.10.0"))
    assert first.released == datetime.fromisoformat("2025-03-04T23:59:59Z")
    assert local.asked[0][0] == "/simple/keras/" and local.asked[0][1]["Accept"] == JSON


def test_a_release_is_yanked_if_all_of_its_files_are(local: LocalIndex) -> None:
    local.add("keras", "keras-1.0-py3-none-any.whl", yanked="broken metadata")
    local.add("keras", "keras-1.0.tar.gz", yanked=True)
    local.add("keras", "keras-1.1-py3-none-any.whl", yanked="built on a Friday")
    local.add("keras", "keras-1.1.tar.gz")
    local.add("keras", "keras-1.2-py3-none-any.whl", yanked=True)
    assert [release.yanked for release in package_index.releases("keras")] == ["broken metadata", None, ""]


def test_the_first_index_that_has_the_package_counts(local: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as extra:
        monkeypatch.setenv("UV_INDEX", extra.url)
        local.add("keras", "keras-1.0.tar.gz")
        assert versions("keras") == ["1.0"]
        extra.add("keras", "keras-2.0.tar.gz")
        assert versions("keras") == ["2.0"]
    with pytest.raises(Unavailable, match="^no package index has other$"):
        local.pages["/simple/keras/"] = (200, JSON, b'{"files": []}')
        monkeypatch.delenv("UV_INDEX")
        package_index.releases("other")


def test_the_index_of_pip_and_folders_of_wheels(
    local: LocalIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", local.url)
    local.add("keras", "keras-1.0.tar.gz")
    (tmp_path / "some wheels").mkdir()
    (tmp_path / "some wheels" / "keras-1.5-py3-none-any.whl").touch()
    monkeypatch.setenv("UV_FIND_LINKS", (tmp_path / "some wheels").as_uri())
    assert versions("keras") == ["1.0", "1.5"]
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert versions("keras") == ["1.5"]


def test_a_password_is_sent_and_never_said(local: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", local.url.replace("//", "//me:p%40ss@"))
    local.pages["/simple/keras/"] = (403, "text/plain", b"")
    with pytest.raises(Unavailable, match="/simple/keras/: 403") as caught:
        package_index.releases("keras")
    assert "me" not in str(caught.value).split("/simple")[0].split("//")[1] and "ss@" not in str(caught.value)
    assert local.asked[0][1]["Authorization"] == "Basic bWU6cEBzcw=="


def test_an_index_that_does_not_answer_so_is_named(local: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    local.pages["/simple/keras/"] = (200, "text/html", b"<html><a href=keras-1.0.tar.gz>keras</a>")
    with pytest.raises(Unavailable, match="^the releases of keras cannot be listed: http.* is not in application/vnd"):
        package_index.releases("keras")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    with pytest.raises(Unavailable, match="cannot be listed: http://127.0.0.1:1/simple/keras/: .*refused"):
        package_index.releases("keras")
