"""Stored results, of which a new run takes over what is still true (`--only-failed`, `--only-missing`)."""

from conformance.results import Case, Results
from conformance.run.plan import Key
from conformance.run.result_cache import CachedCell

FAILED = ("deviates", "raises", "crashes", "times-out")


class ReusedResults:
    """Recalls cells from stored results.

    failed: measure again what was not as promised; otherwise only what is missing.
    """

    def __init__(self, stored: Results, failed: bool):
        self._stored, self._failed = stored, failed
        self._cells = {(c.case, c.target, c.mode): c for c in stored.cells}
        self._targets = {t.id: t for t in stored.targets}
        self._cases = {c.id: c for c in stored.cases}

    def versions(self, target: str, column: str) -> dict[str, str]:
        """What this column said of itself; empty if it is another one now."""
        found = self._targets.get(target)
        return found.versions if found and found.digest == column else {}

    def must_measure(self, key: Key) -> bool:
        cell = self._cells.get(key)
        return self._failed and cell is not None and cell.verdict in FAILED

    def recall(self, key: Key, column: str, case: Case) -> CachedCell | None:
        """A cell as it was stored; None if it is missing, to be measured again, or of another case or column."""
        cell = self._cells.get(key)
        if cell is None or cell.observation is None or self.must_measure(key) or not self.versions(key[1], column):
            return None
        if self._cases[cell.case].digest != case.digest:
            return None
        observation = self._stored.observations[cell.observation]
        names = [n for fact in observation.facts for n in (fact.observed, fact.expected) if n is not None]
        values = {name: self._stored.values[name] for name in names}
        when, *_ = self._targets[key[1]].measured or [self._stored.created]
        return CachedCell(cell.observation, observation, values, cell.seconds or 0.0, when)
