"""The releases of a package, as listed by the package indexes that uv is configured for."""

import base64
import os
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from conformance.local.errors import Unavailable
from conformance.targets.install import run_uv

_JSON = "application/vnd.pypi.simple.v1+json"
_SECONDS = 30


@dataclass(frozen=True)
class Release:
    """A release of a package.

    Attributes:
        version: The version.
        released: Time when its first file was uploaded; None if the index does not say.
        yanked: Why it was yanked; None if it was not.
    """

    version: Version
    released: datetime | None = None
    yanked: str | None = None


class _IndexFile(msgspec.Struct):
    filename: str
    yanked: bool | str = False
    uploaded: datetime | None = msgspec.field(name="upload-time", default=None)


class _Project(msgspec.Struct):
    """A project page in the JSON form of the simple API (PEP 691, 700)."""

    files: list[_IndexFile]


def releases(package: str) -> list[Release]:
    """List the releases of a package: of the first index that has it, and of the folders of wheels.

    Args:
        package: Name of the package.

    Returns:
        All releases except pre-releases, the oldest version first.

    Raises:
        Unavailable: No index has the package, or one does not answer.
    """
    options = run_uv(
        *("pip", "compile", "--quiet", "--emit-index-url", "--emit-find-links", "--no-header", "-"), stdin=""
    )
    named: dict[str, list[str]] = {}
    for line in options.splitlines():
        option, _, place = line.partition(" ")
        named.setdefault(option, []).append(place)
    files = [_IndexFile(path.name) for place in named.get("--find-links", []) for path in _folder(place)]
    indexes = [
        *named.get("--extra-index-url", []),
        *named.get("--index-url", []),
    ]  # the order in which uv searches them
    if not os.environ.get("UV_OFFLINE"):
        files += next((project.files for index in indexes if (project := _project(index, package))), [])
    found = sorted(_releases(package, files), key=lambda release: release.version)
    if not found:
        raise Unavailable(f"no package index has {package}")
    return found


def _folder(place: str) -> Iterator[Path]:
    folder = Path(unquote(urlsplit(place).path) if place.startswith("file:") else place)
    return folder.iterdir() if folder.is_dir() else iter(())


def _project(index: str, package: str) -> _Project | None:
    """Fetch the page of a package; None if this index does not have it."""
    parts = urlsplit(index)
    bare = urlunsplit(
        parts._replace(netloc=parts.netloc.rpartition("@")[2])
    )  # without credentials, which must not get into a message
    url = f"{bare.rstrip('/')}/{canonicalize_name(package)}/"
    request = urllib.request.Request(url, headers={"Accept": _JSON})
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            return msgspec.json.decode(response.read(), type=_Project)
    except urllib.error.HTTPError as error:
        error.close()  # it is a response, too
        if error.code == 404:
            return None
        raise Unavailable(f"the releases of {package} cannot be listed: {url}: {error.code} {error.reason}") from error
    except msgspec.DecodeError as error:
        raise Unavailable(f"the releases of {package} cannot be listed: {url} is not in {_JSON}: {error}") from error
    except OSError as error:
        why = getattr(error, "reason", error)
        raise Unavailable(f"the releases of {package} cannot be listed: {url}: {why}") from error


def _releases(package: str, files: Iterable[_IndexFile]) -> Iterator[Release]:
    of_version: dict[Version, list[_IndexFile]] = {}
    for file in files:
        version = _version(package, file.filename)
        if version and not version.is_prerelease:
            of_version.setdefault(version, []).append(file)
    for version, uploads in of_version.items():
        reasons = [file.yanked for file in uploads]
        yanked = next((why if isinstance(why, str) else "" for why in reasons), "") if all(reasons) else None
        yield Release(version, min((file.uploaded for file in uploads if file.uploaded), default=None), yanked)


def _version(package: str, filename: str) -> Version | None:
    """Return the version of a wheel or a source distribution of this package; None for any other file."""
    try:
        parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
        name, version = parse(filename)[:2]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None  # an egg or an installer
    return version if name == canonicalize_name(package) else None
