"""A saved model that holds code is not loaded, unless that is asked for."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conformance.cache import cache_folder
from conformance.inspection import client
from conformance.local import bundle
from conformance.local.errors import UsageError
from tests.support.warm import Warm, the_target

INSIDE = client.INSIDE
HARMLESS = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"name": "lambda"}}]}}
OLD = {"class_name": "Lambda", "config": {"function": ["4wEAA", None, None], "function_type": "lambda"}}
NEW = {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wEAA"}}}}
MASK = {"class_name": "Lambda", "config": {"function": "f", "function_type": "function", "mask_type": "lambda"}}
COLUMN = "keras-3.15"
MAKE = """
import keras
code = keras.layers.Lambda(lambda x: open("ran", "w") and x)
model = keras.Sequential([keras.Input((4, 2)), keras.layers.Masking(), code])
model.save("model.keras"), model.save("model.h5"), open("model.json", "w").write(model.to_json())
"""


def carries_code(path: Path) -> bool:
    code = "import sys; from mask_inspection import safety; print(safety.carries_code(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, path], env={"PYTHONPATH": str(INSIDE)}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip() == "True"


@pytest.mark.parametrize(("model", "found"), [(HARMLESS, False), (OLD, True), (NEW, True), (MASK, True)])
def test_code_is_found_in_every_format(tmp_path: Path, model: dict[str, object], found: bool) -> None:
    text = json.dumps({"class_name": "Functional", "config": {"layers": [HARMLESS, model]}})
    (tmp_path / "model.json").write_text(text)
    (tmp_path / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n\xff" + text.encode() + b"\x00")
    with zipfile.ZipFile(tmp_path / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", b"\xff")
    for name in ("keras_metadata.pb", "saved_model.pb"):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_bytes(b"\n\x07root\xff" + text.encode())
    assert {path.name: carries_code(path) for path in tmp_path.iterdir()} == dict.fromkeys(
        ["model.json", "model.h5", "model.keras", "keras_metadata", "saved_model"], found
    )


def test_a_real_model_with_a_lambda_layer(warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, where, the_bundle = the_target(COLUMN), warm(COLUMN), bundle.make_bundle(cache_folder())
    monkeypatch.chdir(tmp_path)
    subprocess.run([where.python, "-c", MAKE], check=True, capture_output=True)
    for name in ("model.keras", "model.h5", "model.json"):
        (tmp_path / "ran").unlink(missing_ok=True)
        with pytest.raises(
            UsageError, match=f"^{name} contains the code of a Lambda layer, .*; allow that with --unsafe$"
        ):
            client.inspect(client.ModelRequest(name), where, the_bundle, target)
        assert not (tmp_path / "ran").exists()
    trace = client.inspect(client.ModelRequest("model.keras", unsafe=True), where, the_bundle, target)
    assert "lambda" in str(trace.calls[-1].path) and (tmp_path / "ran").exists()
