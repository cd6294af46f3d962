"""The head of a script: the metadata that `uv run` reads, and the imports for its target."""

from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from conformance.local.launch import OF_FRONT_END
from conformance.targets.registry import TORCH_CPU_INDEX, Target
from conformance.vocabulary import FRONT_ENDS

_TORCH_INDEX = f"""\
# [[tool.uv.index]]
# name = "pytorch-cpu"
# url = "{TORCH_CPU_INDEX}"
# explicit = true
# [tool.uv.sources]
# torch = {{ index = "pytorch-cpu" }}
"""
_IMPORTS = {"keras": "import keras", "tf.keras": "from tensorflow import keras", "tf_keras": "import tf_keras as keras"}
assert _IMPORTS.keys() == FRONT_ENDS.keys()


@dataclass(frozen=True)
class Setting:
    """What scripts depend on of a target and a mode.

    Attributes:
        front_end: Name of the front end.
        keras3: Whether it is Keras 3.
        backend: Name of the backend.
        tensorflow: Version of TensorFlow, None on other backends.
        mode: Name of the mode.
    """

    front_end: str
    keras3: bool
    backend: str
    tensorflow: Version | None
    mode: str

    @property
    def tf1(self) -> bool:
        """Whether it is TensorFlow 1."""
        return self.tensorflow is not None and self.tensorflow.major == 1

    @property
    def standalone(self) -> bool:
        """Whether it is standalone Keras 2, whose layers are not modules of TensorFlow."""
        return self.front_end == "keras" and not self.keras3


def setting(target: Target, mode: str) -> Setting:
    """Return the setting of a target in a mode."""
    version = Version(target.base.tensorflow) if target.backend == "tensorflow" else None
    keras3 = target.front_end == "keras" and Version(target.keras).major >= 3
    return Setting(target.front_end, keras3, target.backend, version, mode)


def dependencies(target: Target) -> list[str]:
    """Return the direct requirements of a target, and NumPy, with the pinned versions."""
    pins = {canonicalize_name(name): version for name, _, version in (pin.partition("==") for pin in target.pins())}
    asked = [Requirement(text) for text in [*target.requires, *target.base.requires, "numpy"]]
    found: dict[str, str] = {}
    for one in asked:
        name = canonicalize_name(one.name)
        if name in pins and name != "pytest":
            extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
            found[name] = f"{extras}=={pins[name]}"
    if target.front_end == "tf_keras":  # it requires `tensorflow`, which conflicts with `tensorflow-cpu`
        found["tensorflow"] = found.pop("tensorflow-cpu", f"=={target.base.tensorflow}")
    return [name + version for name, version in sorted(found.items())]


def header(target: Target) -> str:
    """Return the inline metadata (PEP 723): the Python and the packages of a target."""
    listed = ", ".join(f'"{one}"' for one in dependencies(target))
    index = _TORCH_INDEX if target.backend == "torch" else ""
    lines = f'# requires-python = "=={target.base.python}.*"\n# dependencies = [{listed}]\n{index}'
    return f"# /// script\n{lines}# ///"


def imports(here: Setting) -> str:
    """Return the import of Keras, and the statements that prepare the process for the mode."""
    lines = ["import numpy as np"]
    lines += ["import tensorflow as tf"] if here.tensorflow else []
    lines = sorted([*lines, _IMPORTS[here.front_end]], key=lambda line: (line.startswith("from"), line))
    variables = {"KERAS_BACKEND": here.backend} if here.front_end == "keras" else OF_FRONT_END.get(here.front_end, {})
    before = ["from os import environ", *(f'environ["{name}"] = "{value}"' for name, value in variables.items())]
    return "\n".join([*(before if variables else []), *lines]) + _start(here)


def _start(here: Setting) -> str:
    graphs = here.mode == "session" or (here.mode == "jit" and here.tf1)
    if here.tf1 and not graphs:
        return "\ntf.compat.v1.enable_eager_execution()"
    if here.mode == "session" and not here.tf1:
        return "\ntf.compat.v1.disable_eager_execution()"
    return ""
