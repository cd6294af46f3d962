"""The project: targets, cases, expectations and cache folder that a command works on.

The command line makes one and passes it on, tests make others. What a command does not use is not imported, since
`conformance list targets` and completions in a shell should be quick.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.judging.crashes import DeclaredCrashes
    from conformance.judging.expectations import Expectation
    from conformance.local.bundle import Bundle
    from conformance.local.launch import Environment
    from conformance.results import Case
    from conformance.targets.registry import Target
    from conformance.targets.requested import PreparedTarget, TargetRequest


class Project:
    """What a command works on.

    Args:
        targets: Declared targets, by default those of `targets.toml`.
        cases: Folder of the cases, by default the suite.
        cache: Cache folder, by default that of the user.
        provision: Builds the environment of a target in the cache folder, by default with uv.
    """

    def __init__(
        self,
        *,
        targets: Sequence[Target] | None = None,
        cases: Path | None = None,
        cache: Path | None = None,
        provision: Callable[[Target, Path], Environment] | None = None,
    ):
        self._targets, self._cases, self._cache, self._provision = targets, cases, cache, provision

    @cached_property
    def targets(self) -> list[Target]:
        """The declared targets, in their order."""
        from conformance.targets import registry

        return registry.load() if self._targets is None else list(self._targets)

    @cached_property
    def cases_folder(self) -> Path:
        """The folder of the cases, with their expectations."""
        from conformance.local.paths import cases_folder

        return self._cases or cases_folder()

    @cached_property
    def cache(self) -> Path:
        """The cache folder: environments, bundles, observed cells."""
        from conformance.cache import cache_folder

        return self._cache or cache_folder()

    @cached_property
    def bundle(self) -> Bundle:
        """The worker and the cases, as they are copied into targets."""
        from conformance.local.bundle import make_bundle

        return make_bundle(self.cache, self.cases_folder)

    def cases(self, patterns: Sequence[str] = ()) -> list[Case]:
        """Return the cases that match one of the globs, all for none.

        Raises:
            UsageError: A glob matches nothing, or the cases cannot be collected.
        """
        from conformance.suite import catalogue

        return catalogue.choose(catalogue.collect(self.bundle), list(patterns))

    def expectations(self, path: Path | None = None) -> list[Expectation]:
        """Return the expectations of this file, by default those of the cases.

        Raises:
            UsageError: The file is missing or not valid.
        """
        from conformance.judging import expectations

        return expectations.load(path or self.cases_folder / "expectations.toml")

    @cached_property
    def crashes(self) -> DeclaredCrashes:
        """The cells that are known to end their process.

        Raises:
            UsageError: Their file is not valid.
        """
        from conformance.judging import crashes

        return crashes.load(self.cases_folder / "crashes.toml")

    def choose(self, names: Sequence[str], tier: str) -> list[Target]:
        """Return the declared targets with these ids or tags, those of the tier if none is named.

        Raises:
            UsageError: There is no such target.
        """
        from conformance.targets import registry

        return registry.choose(self.targets, list(names), tier)

    def target(self, id: str) -> Target:
        """Return the declared target of this id.

        Raises:
            UsageError: There is none.
        """
        from conformance.local.errors import unknown

        known = {target.id: target for target in self.targets}
        if id not in known:
            raise unknown("target", id, known)
        return known[id]

    def prepare(self, target: Target) -> PreparedTarget:
        """Return the target with what builds its environment."""
        from conformance.targets.requested import PreparedTarget

        return PreparedTarget(target, lambda: self.provision(target))

    def provision(self, target: Target) -> Environment:
        """Return the environment of a target; what is missing is installed.

        Raises:
            Unavailable: It cannot be installed here.
        """
        if self._provision is not None:
            return self._provision(target, self.cache)
        from conformance.targets import install

        return install.provision(target, self.cache)

    def prepare_requested(self, request: TargetRequest) -> PreparedTarget:
        """Return a target that has what is requested.

        Raises:
            UsageError: The request cannot be understood.
        """
        from conformance.targets import requested

        return requested.prepare(request, self.targets, self.cache)

    def prepare_existing(self, python: str, request: TargetRequest) -> PreparedTarget:
        """Return the target of an interpreter, of the active environment if `python` is empty.

        Raises:
            UsageError: There is no such interpreter, or no declared target is like its Keras.
        """
        from conformance.targets import existing

        return existing.prepare(python, request, self.targets, self.bundle)
