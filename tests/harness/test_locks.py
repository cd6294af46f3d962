"""The locks of the repository: pins and hashes, which resolve on a machine that has only the public indexes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.local.errors import Unavailable
from conformance.targets import install, registry
from conformance.targets.registry import Base
from tests.support.fakes import fake_base

LOCKS = {target.base.lock: target.base.python for target in registry.load()}
LOCKS |= {target.own: target.base.python for target in registry.load() if target.own}
UNREACHABLE = f"error sending request for url ({registry.TORCH_CPU_INDEX}/torch/)"

Calls = list[tuple[tuple[str, ...], str]]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_holds_pins_and_hashes_and_no_urls(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text and " @ " not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[\w.-]+==\S+( ;.*)? \\\n    --hash=sha256:[0-9a-f]{64}", block), block
    builds = [pin for pin in registry.pins(lock) if "+" in pin]
    assert builds == (["torch==2.13.0+cpu"] if lock.stem == "base-torch" else []), "only uv's choice has a build"


@pytest.fixture
def without_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS", "UV_TORCH_BACKEND"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_resolves_without_any_folder_of_wheels(lock: Path, without_folders: None, tmp_path: Path) -> None:
    """Of PyTorch's build for CPUs without PyTorch's index: its release, on the default index."""
    whom = ("--target", str(tmp_path), "--python-version", LOCKS[lock], "--python-platform", "x86_64-manylinux_2_28")
    dry = ("pip", "install", "--dry-run", "--no-deps", *whom)
    try:
        install.run_uv(*dry, "--require-hashes", "--requirements", str(lock))
    except Unavailable as why:
        assert registry.TORCH_CPU_INDEX in str(why) and lock.stem == "base-torch", why
        pins = [pin.partition("+")[0] for pin in registry.pins(lock)]
        install.run_uv(*dry, "--requirements", "-", stdin="\n".join(pins), torch_backend="")


@pytest.fixture
def torch(tmp_path: Path) -> Base:
    lock = tmp_path / "base-torch.txt"
    lock.write_text(
        f"numpy==2.0.0 \\\n    --hash=sha256:{'0' * 64}\ntorch==2.13.0+cpu \\\n    --hash=sha256:{'1' * 64}\n"
    )
    return fake_base(lock, id="torch", title="PyTorch 2.13.0", requires=["torch==2.13.0", "numpy"])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Calls]:
    """Function: what uv is asked, while it cannot install from PyTorch's index for this reason."""

    def fail(reason: str) -> Calls:
        found: Calls = []

        def run_uv(*arguments: str, stdin: str | None = None, torch_backend: str = "cpu", **variables: str) -> str:
            found.append((arguments, torch_backend))
            if arguments[1] == "install" and torch_backend == "cpu":
                raise Unavailable(f"uv pip failed: {reason}")
            return ""

        monkeypatch.setattr(install, "run_uv", run_uv)  # stands for uv and the package indexes
        return found

    return fail


def test_without_pytorchs_index_the_release_of_the_default_index_is_installed(
    torch: Base, calls: Callable[[str], Calls], caplog: pytest.LogCaptureFixture
) -> None:
    asked = calls(UNREACHABLE)
    install._install_base(torch, Path("/python"))
    assert [(arguments[1], backend) for arguments, backend in asked] == [
        ("install", "cpu"),
        ("compile", ""),
        ("install", ""),
    ]
    assert all("--require-hashes" in arguments for arguments, _ in asked if arguments[1] == "install")
    assert "--generate-hashes" in asked[1][0]
    assert caplog.messages == [
        "PyTorch 2.13.0: https://download.pytorch.org/whl/cpu cannot be reached; installing the CUDA build of the "
        "default index (3 GB)"
    ]


def test_any_other_failure_is_reported(
    torch: Base, calls: Callable[[str], Calls], caplog: pytest.LogCaptureFixture
) -> None:
    asked = calls("hash mismatch for numpy")
    with pytest.raises(Unavailable, match="uv pip failed: hash mismatch for numpy"):
        install._install_base(torch, Path("/python"))
    assert len(asked) == 1 and caplog.messages == []


@pytest.mark.parametrize(("folder", "backend", "said"), [("", "cpu", "cpu"), ("/wheels", "cpu", ""), ("", "", "")])
def test_uv_chooses_the_build_for_cpus(
    folder: str, backend: str, said: str, monkeypatch: pytest.MonkeyPatch, without_folders: None
) -> None:
    if folder:
        monkeypatch.setenv("PIP_FIND_LINKS", folder)
    prints = ("sh", "-c", 'printf %s "$UV_TORCH_BACKEND"')
    # Stands for uv.
    monkeypatch.setattr(install, "uv_command", lambda *arguments: prints)
    assert install.run_uv("pip", torch_backend=backend) == said
