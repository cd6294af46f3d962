"""Environments and interpreters: never half of one, and a clear word when there is none."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from conformance.commands.lock import lock_command
from conformance.local.errors import Unavailable
from conformance.project import Project
from conformance.targets import install, interpreters, registry
from conformance.targets.registry import Base, Target
from conformance.worker import values
from tests.support.fakes import THIS_PYTHON, fake_base, fake_target
from tests.support.local_index import serve, wheel


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A target on a base with an empty lock: its environment is a bare interpreter."""
    (tmp_path / "base.txt").write_text("")
    return fake_target("some", base=fake_base(tmp_path / "base.txt"))


@pytest.fixture
def on_top(target: Target, tmp_path: Path) -> Target:
    """A target that adds a package to the same base."""
    changed = msgspec.structs.replace(target, id="on-top", requires=["six==1.17.0"], own=tmp_path / "own.txt")
    install.lock(changed)
    return changed


def test_built_once_and_reused(target: Target, tmp_path: Path) -> None:
    first = install.provision(target, tmp_path / "cache")
    stamp = first.python.lstat().st_mtime_ns
    done = subprocess.run(
        [first.python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(first.python.parent.parent)
    again = install.provision(target, tmp_path / "cache")
    assert (again, again.python.lstat().st_mtime_ns) == (first, stamp)


def test_another_lock_is_another_environment(target: Target, tmp_path: Path) -> None:
    first = install.provision(target, tmp_path / "cache")
    target.base.lock.write_text("# changed\n")
    assert install.provision(target, tmp_path / "cache") != first


def test_half_built_is_built_again(target: Target, tmp_path: Path) -> None:
    first = install.provision(target, tmp_path / "cache")
    folder = first.python.parent.parent
    (folder / "complete").unlink()
    (folder / "leftover").touch()
    assert install.provision(target, tmp_path / "cache") == first
    assert (folder / "complete").exists() and not (folder / "leftover").exists()


def test_what_nothing_opens_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unused = ("tensorboard/webfiles.zip", "tensorboard_data_server/bin/server")
    with serve() as index:
        content = wheel("tensorboard", "1.0", "", data=(*unused, "tensorboard/used.py"))
        index.add("tensorboard", "tensorboard-1.0-py3-none-any.whl", content)
        monkeypatch.setenv("UV_INDEX", index.url)
        target = fake_target(base=fake_base(tmp_path / "base.txt", requires=["tensorboard==1.0"]))
        install.lock(target.base)
        folder = install.provision(target, tmp_path / "cache").python.parent.parent
    (installed,) = folder.glob("lib/*/site-packages")
    assert (installed / "tensorboard" / "used.py").is_file() and (folder / "complete").is_file()
    assert not [path for path in unused if (installed / path).exists()]


def test_a_failed_installation_is_no_environment(target: Target, tmp_path: Path) -> None:
    target.base.lock.write_text(f"keras-mask-no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Unavailable, match="uv pip failed: .*keras-mask-no-such-package"):
        install.provision(target, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("environments/*/complete"))


def test_a_wrong_hash_is_refused(target: Target, tmp_path: Path) -> None:
    target.base.lock.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Unavailable, match="(?i)hash mismatch"):
        install.provision(target, tmp_path / "cache")


def test_a_missing_lock_says_how_to_make_it(target: Target, tmp_path: Path) -> None:
    target.base.lock.unlink()
    with pytest.raises(Unavailable, match="there is no lock for bare; create it with `nox -s lock`"):
        install.provision(target, tmp_path / "cache")


def test_what_a_column_adds_lies_on_top_of_its_base(target: Target, on_top: Target, tmp_path: Path) -> None:
    base = install.provision(target, tmp_path / "cache")
    built = install.provision(on_top, tmp_path / "cache")
    assert built.python == base.python and base.on_top is None
    assert built.on_top and (built.on_top / "six.py").is_file()
    assert values.clip(f'File "{built.on_top}/six.py"') == 'File "six.py"'
    assert on_top.pins() == ["six==1.17.0"]
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([base.python, "-c", "import six"], capture_output=True, check=True)


def test_another_base_is_another_environment_on_top(on_top: Target, tmp_path: Path) -> None:
    first = install.provision(on_top, tmp_path / "cache")
    on_top.base.lock.write_text("# changed\n")
    assert install.provision(on_top, tmp_path / "cache").on_top != first.on_top


def test_lock_drops_what_must_not_be_installed(tmp_path: Path) -> None:
    requires = ["pytest==8.3.4", "numpy==1.26.4"]
    base = fake_base(tmp_path / "some.txt", requires=requires, drops=["iniconfig"], python="3.11")
    install.lock(base)
    found = registry.pins(base.lock)
    assert set(requires) <= set(found)
    assert not any(pin.startswith("iniconfig") for pin in found)
    assert "://" not in base.lock.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["some.txt"]


def test_the_lock_of_a_column_leaves_out_what_its_base_has(tmp_path: Path) -> None:
    base = fake_base(tmp_path / "base.txt", requires=["pluggy==1.5.0"], python="3.11")
    install.lock(base)
    target = fake_target("some", base=base, requires=["pytest==8.3.4"], own=tmp_path / "own.txt")
    install.lock(target)
    names = [pin.split("==")[0] for pin in registry.pins(tmp_path / "own.txt")]
    assert "pytest" in names and "pluggy" not in names
    assert "pluggy==1.5.0" in target.pins()


def test_no_such_python_says_where_was_looked() -> None:
    with pytest.raises(
        Unavailable,
        match=r"no Python 3.99 found on the PATH, in pyenv \(.*\) or among those of uv \(.*\); uv could not download",
    ):
        interpreters.find_python("3.99")


def test_a_uv_that_does_not_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CONFIG_FILE", "/nowhere/uv.toml")
    with pytest.raises(Unavailable, match="^cannot find the Pythons of uv: `uv python dir` failed: .*/nowhere/uv.toml"):
        interpreters.find_python("3.99", fetch=False)


def test_finds_a_real_file_not_a_shim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Path(sys.base_prefix) / "bin" / f"python{THIS_PYTHON}"
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / f"python{THIS_PYTHON}").write_text(f'#!/bin/sh\nexec {base} "$@"\n')
    (shims / f"python{THIS_PYTHON}").chmod(0o755)
    version = tmp_path / "versions" / f"{THIS_PYTHON}.99" / "bin"
    version.mkdir(parents=True)
    (version / f"python{THIS_PYTHON}").symlink_to(base)
    monkeypatch.setenv("PATH", str(shims))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert interpreters.find_python(THIS_PYTHON, fetch=False) == version / f"python{THIS_PYTHON}"


def test_an_interpreter_that_does_not_start_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / f"python{THIS_PYTHON}"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    base = Path(sys.base_prefix) / "bin"
    monkeypatch.setenv("PATH", f"{tmp_path}:{base}")
    assert interpreters.find_python(THIS_PYTHON, fetch=False).parent == base


def test_a_base_that_has_a_lock_is_left_alone_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base = fake_base(tmp_path / "base.txt")
    target = fake_target(base=base, requires=["six"], own=tmp_path / "own.txt")
    resolved: list[str] = []

    def lock(one: Base | Target) -> Path:
        resolved.append(one.id)
        path = one.lock if isinstance(one, Base) else one.own
        assert path
        path.write_text("six==1.17.0\n")
        return path

    monkeypatch.setattr(install, "lock", lock)  # stands for uv and the package index
    done = CliRunner().invoke(lock_command, [], obj=Project(targets=[target]))
    assert (done.exit_code, resolved) == (0, [base.id, target.id]), "it has none yet"
    resolved.clear()
    done = CliRunner().invoke(lock_command, [], obj=Project(targets=[target]))
    assert (done.output, resolved) == (
        "base.txt: exists; pass --upgrade to resolve it again\nown.txt: 1 pins\n",
        [target.id],
    )
    resolved.clear()
    CliRunner().invoke(lock_command, ["--upgrade"], obj=Project(targets=[target]))
    assert resolved == [base.id, target.id]
