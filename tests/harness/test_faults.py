"""What a disk, a network or a lock may do to one column: it says so in one line, and the others go on."""

import errno
import hashlib
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest
from click.testing import Result

from conformance import results
from conformance.local import bundle
from conformance.local.errors import Unavailable
from conformance.targets import install, registry
from conformance.targets.install import Environment
from tests.support.fakes import FAKES, Command, FakeRuns, fake_base, fake_target

WRONG_HASH = f"six==1.17.0 --hash=sha256:{'0' * 64}\n"
NO_SUCH_WHEEL = f"keras-mask-no-such-package==1.0 --hash=sha256:{'0' * 64}\n"
BAD = "fake-bad"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """The lock of the bad column; an empty one is good."""
    path = tmp_path / "base.txt"
    path.write_text("")
    return path


class Runs(Command):
    """`conformance run --case good.masking`, with a good target and a bad one."""

    bad: Environment | None = None  # that of the bad target

    def __call__(self, *arguments: str) -> Result:
        return super().__call__("run", "--case", "good.masking", *arguments)


@pytest.fixture
def command(run_fake: FakeRuns, cache: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The program with one good target, and one whose environment is really built from `lock`."""
    monkeypatch.chdir(tmp_path)

    def build(target: registry.Target, _: Path) -> Environment:
        if target.id != BAD:
            return run_fake.provision(target)
        return program.bad or install.provision(target, cache)

    program = Runs(
        targets=[fake_target(), fake_target(BAD, base=fake_base(lock))],
        cases=FAKES / "cases",
        cache=run_fake.folder / "cache",
        provision=build,
    )
    return program


@pytest.fixture
def mounted(cache: Path) -> Iterator[Callable[[str], None]]:
    """Mounts an empty disk of these options as the cache; not everybody may."""

    def mount(options: str) -> None:
        cache.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", cache], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"cannot mount a disk here: {done.stderr.strip()}")

    yield mount
    if cache.is_mount():
        subprocess.run(["umount", cache], check=True)


def check(command: Runs, message: str) -> None:
    """The column says `message`, alone and beside another, with the exit codes of a column that did not run."""
    beside = command()
    assert beside.exit_code == 1, beside.output
    lines = [line for line in beside.output.splitlines() if line.startswith(f"{BAD}: not run: ")]
    assert len(set(lines)) == 1 and message in lines[0], beside.output
    assert "problem" not in beside.output and "Traceback" not in beside.output
    found = results.read(Path("reports/latest"))
    verdicts = {(c.target, c.verdict) for c in found.cells if c.mode == "eager"}
    assert verdicts == {("fake-0.1", "conforms"), (BAD, "not-run")}
    assert found.problems == []
    assert command("--allow-not-run").exit_code == 0
    assert command("--allow-not-run", "--target", BAD).exit_code == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [(WRONG_HASH, "Hash mismatch for `six==1.17.0`"), (NO_SUCH_WHEEL, "keras-mask-no-such-package")],
)
def test_a_lock_that_cannot_be_installed(command: Runs, lock: Path, cache: Path, text: str, message: str) -> None:
    lock.write_text(text)
    check(command, message)
    left = [path.name for path in (cache / "environments").iterdir() if path.suffix != ".lock"]
    assert left == []  # half an environment would only fill the disk


def test_a_wheel_for_another_platform(command: Runs, lock: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "six-1.17.0-py3-none-win_amd64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("six-1.17.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\n")
        archive.writestr("six-1.17.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-win_amd64\n")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock.write_text(f"six @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    check(command, "dependency is incompatible")  # uv breaks the line after it, or not


def test_no_network(command: Runs, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    lock.write_text(NO_SUCH_WHEEL)
    check(command, "the network was disabled")


def test_a_python_that_is_nowhere(command: Runs, lock: Path) -> None:
    command.about["targets"] = [fake_target(), fake_target(BAD, base=fake_base(lock, python="3.99"))]
    check(command, "no Python 3.99 found on the PATH")


def test_a_full_disk(command: Runs, lock: Path, mounted: Callable[[str], None]) -> None:
    lock.write_text("six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n")
    mounted("size=16k")
    check(command, "No space left on device")


def test_a_read_only_cache(command: Runs, mounted: Callable[[str], None]) -> None:
    mounted("ro")
    check(command, "cannot build the environment: ")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_refuses(command: Runs, cache: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(path: str) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(filelock, "FileLock", refuse)  # stands for the file system
    check(command, f"cannot build the environment: {cache}/environments/base-bare-")
    assert os.strerror(number) in (Path("reports/latest") / "summary.md").read_text()


def test_an_interpreter_that_is_not_there(command: Runs) -> None:
    nowhere = Path("/nowhere/bin/python")
    command.bad = Environment(nowhere)
    check(command, f"no worker can be started: {nowhere}: No such file or directory")


def test_an_interpreter_that_dies(command: Runs, run_fake: FakeRuns) -> None:
    command.bad = Environment(run_fake.interpreter("dies"))
    check(command, "the worker dies before the first case: killed by SIGSEGV: something went very wrong")


def test_an_interpreter_that_was_removed_is_replaced(lock: Path, cache: Path) -> None:
    target = fake_target(BAD, base=fake_base(lock))
    python = install.provision(target, cache).python
    python.unlink()
    python.symlink_to("/nowhere/bin/python")
    assert subprocess.run([install.provision(target, cache).python, "-c", ""]).returncode == 0


def test_a_full_disk_before_anything_runs(run_fake: FakeRuns, cache: Path, mounted: Callable[[str], None]) -> None:
    mounted("size=8k")
    with pytest.raises(OSError, match="No space left on device") as raised:
        bundle.make_bundle(cache, FAKES / "cases")
    assert str(raised.value.filename).startswith(f"{cache}/bundles/")
    assert list((cache / "bundles").iterdir()) == []


def test_a_full_disk_is_named_by_the_command(command: Runs, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def write(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as the system says it: without a name

    monkeypatch.setattr(Path, "write_bytes", write)  # stands for the file system
    command.about["cache"] = cache
    result = command()
    assert result.exit_code == 3
    assert result.output.startswith(f"Error: {cache}/bundles/") and "No space left on device" in result.output


def test_an_installation_that_fails_is_unavailable_not_an_error(lock: Path, cache: Path) -> None:
    cache.touch()
    with pytest.raises(Unavailable, match="^cannot build the environment: .*Not a directory$"):
        install.provision(fake_target(BAD, base=fake_base(lock)), cache)
