"""Layers to be checked on targets, as they are declared: on the command line, or several in a TOML file.

with = ["my-package==1.2"]        # installed on top of each target: pins, wheels, folders of sources
targets = ["tf-2.15", "keras-3.15"]
modules = ["factories.py"]        # files or packages beside this file that the layers are made with

[[layer]]
layer = "my_package:MyAttention"
config = { units = 4 }            # arguments of the class
input_shape = [2, 5, 3]           # and whatever else `check_layer` takes
kind = "consumer"
expected_failures = { C9 = "a row without steps is not defined, issue 12" }
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from conformance.local.errors import UsageError
from conformance.targets import requirements

PROVIDED = ("keras", "tensorflow", "tf_keras")  # modules that targets bring


class LayerDeclaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One layer and how to call it; the other attributes are the arguments of `checks.check_layer` of the same name.

    Attributes:
        layer: The class as "package.module:Name"; with `factory`, a function without arguments that returns a layer.
        input_shape: One shape or several, with "?" for an open dimension.
        name: Name of the layer in ids; by default that of the class or function.
        factory: Whether `layer` names a function.
        config: Arguments of the class.
        expected_mask: A function, named like the layer.
        custom_objects: Classes and functions, named like the layer.
        expected_failures: Reasons by clause, or by several ("C4 C11").
    """

    layer: str
    input_shape: list[Any]
    name: str = ""
    factory: bool = False
    config: dict[str, Any] = {}
    kind: str | None = None
    dtype: str | list[str] | None = None
    call: dict[str, Any] | None = None
    as_arguments: bool | None = None
    masked: list[bool] | None = None
    mask_rank: int | None = None
    padding: float | None = None
    max_id: int | None = None
    limits: list[str] | None = None
    expected_mask: str | None = None
    custom_objects: list[str] | None = None
    front_end: str | None = None
    expected_failures: dict[str, str] = {}

    @property
    def called(self) -> str:
        """What people call it: `MyAttention`."""
        return self.name or self.layer.rpartition(":")[2].rpartition(".")[2]

    @property
    def slug(self) -> str:
        """Its part of the ids of cases: `my-attention`."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", self.called)
        return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")

    @property
    def module(self) -> str:
        """The top-level module that it is in."""
        return re.split(r"[.:]", self.layer)[0]

    def declaration(self) -> dict[str, Any]:
        """Return the declaration as `checks.declaration` reads it, without `expected_failures`."""
        about = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        left_out = {"expected_failures": True, "config": not self.config, "factory": not self.factory}
        shapes = self.input_shape if all(isinstance(d, list) for d in self.input_shape) else [self.input_shape]
        about["input_shape"] = [[None if d == "?" else d for d in shape] for shape in shapes]
        return {name: value for name, value in about.items() if not left_out.get(name)} | {"name": self.slug}


class LayerDeclarations(msgspec.Struct, frozen=True, kw_only=True):
    """Layers, and where they are checked.

    Attributes:
        layers: The layers.
        requirements: What is installed on top of each target, as `--with` takes it.
        targets: Ids or tags of the targets.
        modules: Python files and packages that are copied into the targets.
    """

    layers: Sequence[LayerDeclaration]
    requirements: Sequence[str] = ()
    targets: Sequence[str] = ()
    modules: Sequence[Path] = ()


class _DeclarationFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    layer: list[LayerDeclaration]
    with_: list[str] = msgspec.field(name="with", default_factory=list)
    targets: list[str] = []
    modules: list[str] = []


def read(path: Path) -> LayerDeclarations:
    """Read the layers that a file declares; paths in it are relative to it.

    Raises:
        UsageError: The file is missing or not valid.
    """
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _DeclarationFile)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    modules = [path.parent / name for name in found.modules]
    texts = [str(path.parent / text) if requirements.is_path(text) else text for text in found.with_]
    declared = LayerDeclarations(layers=found.layer, requirements=texts, targets=found.targets, modules=modules)
    try:
        check(declared)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from error
    return declared


def check(declared: LayerDeclarations) -> None:
    """Check what the types of the fields do not say.

    Raises:
        UsageError: A layer is not named as it should be, two have one name, or a module is missing.
    """
    seen: set[str] = set()
    for layer in declared.layers:
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", layer.layer):
            raise UsageError(f"{layer.layer}: name a layer as package.module:Name")
        if not layer.slug:
            raise UsageError(f"{layer.layer}: name = {layer.name!r} must contain a letter or a digit")
        if layer.slug in seen:
            raise UsageError(f"two layers are called '{layer.slug}'; set `name` of one")
        if layer.factory and layer.config:
            raise UsageError(f"{layer.layer}: config requires a class; a factory is called without arguments")
        seen.add(layer.slug)
    if not declared.layers:
        raise UsageError("declares no layer")
    for module in declared.modules:
        if not module.exists():
            raise UsageError(f"{module}: no such file or folder")


def files_of(modules: Sequence[Path]) -> Mapping[str, Path]:
    """Return the Python files of modules and packages by their place on an import path."""
    found: dict[str, Path] = {}
    for module in modules:
        for file in [module] if module.is_file() else sorted(module.rglob("*.py")):
            found[file.relative_to(module.parent).as_posix()] = file
    return found


def beside(layers: Sequence[LayerDeclaration], folder: Path) -> list[Path]:
    """Return the modules or packages in a folder that the layers are in; Keras itself is in every target.

    Raises:
        UsageError: One is missing.
    """
    found: dict[str, Path] = {}
    for layer in layers:
        name = layer.module
        if name in PROVIDED:
            continue
        places = (folder / f"{name}.py", folder / name / "__init__.py")
        there = next((place for place in places if place.is_file()), None)
        if there is None:
            raise UsageError(
                f"{layer.layer}: neither {name}.py nor {name}/ is in this folder; name its package with --with"
            )
        found[name] = there if there.name != "__init__.py" else there.parent
    return list(found.values())
