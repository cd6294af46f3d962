"""The package as others get it: what wheel and sdist hold, and the wheel beside a Keras on an old Python."""

import ast
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import conformance
from conformance import __main__ as entry
from conformance.local.errors import Unavailable
from conformance.targets import interpreters
from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OLDEST = "3.9"
ON_TARGETS = "--target, --tier, --with, --out and .toml files are not available"
KERAS = ("keras==3.10.0", "jax==0.4.30", "scipy==1.13.1")  # the smallest that Python 3.9 can have
PORTABLE = [
    ROOT / path
    for path in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["per-file-target-version"]
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [*interpreters.uv_command(), "build", "--quiet", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def kept(*folders: str) -> set[str]:
    """The files of the repository below these folders."""
    done = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def test_the_wheel_holds_all_of_the_package_and_the_cases(names: set[str]) -> None:
    wanted = kept("conformance") | {f"conformance/{path}" for path in kept("cases")}
    wanted.add("conformance/published/results.json.gz")  # so that `compare` needs no run
    assert {name for name in names if ".dist-info/" not in name} == wanted
    for part in (
        "worker/pytest_plugin.py",
        "locks/base-jax.txt",
        "schemas/results.schema.json",
        "targets.toml",
        "py.typed",
    ):
        assert f"conformance/{part}" in names
    for part in ("report/web/page.html.j2", "cases/oracle.py", "cases/expectations.toml", "cases/pytest.ini"):
        assert f"conformance/{part}" in names


def test_the_sdist_holds_what_the_wheel_is_made_of(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    assert found >= kept("conformance", "cases", "tests") | {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"}
    assert [name for name in found if name.startswith("reports")] == ["reports/history/results.json.gz"]


def test_a_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 3_200_000  # half of it are the published results


def test_metadata(wheel: Path, names: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        about = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode().partition("\n\n")[0]
    lines = about.splitlines()
    assert f"Version: {conformance.__version__}" in lines and "License-Expression: Apache-2.0" in lines
    assert "License-File: LICENSE" in lines and f"Requires-Python: >={OLDEST}" in lines
    bare = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert sorted(Requirement(text).name for text in bare) == ["numpy", "pytest"]
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_version_has_one_home() -> None:
    assert "version" in PROJECT["dynamic"]
    stated = [
        path
        for path in kept("conformance", "bench", "noxfile.py", "pyproject.toml")
        if path.endswith((".py", ".toml"))
        and re.search(rf"""version(__)? *= *["']{re.escape(conformance.__version__)}["']""", (ROOT / path).read_text())
    ]
    assert stated == ["conformance/__init__.py"]


def test_what_the_host_side_needs_is_what_the_extra_brings() -> None:
    extra = [Requirement(text) for text in PROJECT["optional-dependencies"]["matrix"]]
    assert tuple(one.name for one in extra) == entry.HOST_MODULES
    assert all(str(one.marker) == 'python_version >= "3.11"' for one in extra)


@pytest.mark.parametrize("path", PORTABLE, ids=lambda path: path.name)
def test_what_lies_beside_a_keras_is_old_python(path: Path) -> None:
    for file in (found for found in path.parent.rglob(path.name) if found.suffix == ".py"):
        ast.parse(file.read_text(), feature_version=tuple(map(int, OLDEST.split("."))))


@pytest.fixture(scope="module")
def beside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with a Keras and the wheel, and nothing of the host side."""
    folder = tmp_path_factory.mktemp("beside") / "venv"
    uv = interpreters.uv_command()
    try:
        python = interpreters.find_python(OLDEST)
    except Unavailable as why:
        pytest.skip(str(why))
    subprocess.run([*uv, "venv", "--quiet", "--python", str(python), str(folder)], check=True)
    install = ["pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), str(wheel), *KERAS]
    subprocess.run([*uv, *install], check=True)
    return folder


@pytest.fixture
def program(beside: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [beside / "bin" / "conformance", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "KERAS_BACKEND": "jax"},
        )

    return run


def test_beside_a_keras_the_cases_run_here(program, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = program("run", "--here", "--case", "masking.*")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0].startswith("keras 3.10.0 on jax (jax 0.4.30, jaxlib 0.4.30, ")
    assert (
        "mode session is not available: " in done.stderr
        and "deviates masking.inf-mask-value.output in jit: " in done.stdout
    )
    head, *cells = map(json.loads, (tmp_path / "reports" / "latest" / "observations.jsonl").read_text().splitlines())
    assert head["versions"]["keras"] == "3.10.0" and head["modes"]["jit"] is None and "keras==3.10.0" in head["pins"]
    verdicts = {(cell["case"], cell["mode"]): cell["verdict"] for cell in cells}
    assert {mode for _, mode in verdicts} == {"eager", "jit"}
    assert verdicts["masking.inf-mask-value.output", "eager"] == "deviates"
    assert all(cell["facts"] for cell in cells if cell["verdict"] == "conforms")


def test_beside_a_keras_layers_are_checked(program) -> None:  # type: ignore[no-untyped-def]
    done = program("check", "keras.layers:Masking", "--input-shape", "2,5,3", "--mode", "eager")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed (eager)" in done.stdout and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 0, "Usage: conformance check"),
        (("--version",), 0, conformance.__version__),
        (("run", "--here", "--help"), 0, "run only these cases; repeatable"),
        (("check", "keras.layers:NoSuch"), 2, "keras.layers has no NoSuch"),
        (
            ("check", "keras.layers:Masking", "--target", "keras-3.15"),
            3,
            f"{ON_TARGETS}: the host side needs Python 3.11",
        ),
        (("check", "layers.toml"), 3, f"{ON_TARGETS}: the host side needs Python 3.11"),
        (("run",), 2, "Error: the host side needs Python 3.11 or later, this is Python 3.9"),
        (("gate",), 2, "Error: the host side needs Python 3.11 or later, this is Python 3.9"),
        (("run", "--here", "--tier", "core"), 2, "Error: --tier is not available: the host side needs Python 3.11"),
        (("run", "--here", "--case", "maskin.*"), 2, "Error: unknown case 'maskin.*'; did you mean "),
        (("run", "--here", "--backend", "torch"), 3, "No module named 'torch'"),
    ],
)
def test_beside_a_keras_the_rest_says_what_it_needs(program, arguments: tuple[str, ...], code: int, said: str) -> None:  # type: ignore[no-untyped-def]
    done = program(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_without_a_library_of_the_host_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)  # as if it were not installed
    assert entry.main(["check", "a:B", "--target", "keras-3.15"]) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"conformance check: {ON_TARGETS}: the host side needs pip install 'keras-mask-conformance")
    assert len(said.splitlines()) == 1
    assert entry.main(["--version"]) == 0
    assert capsys.readouterr().out == f"conformance, version {conformance.__version__}\n"
    assert entry.main([]) == 0
    assert "Other commands are not available: the host side needs pip install" in capsys.readouterr().out
    assert entry.main(["plan"]) == 2
    assert capsys.readouterr().err == (
        "Error: the host side needs pip install 'keras-mask-conformance[matrix]' (uv not found); "
        "only `conformance check` and `conformance run --here` are available\n"
    )
