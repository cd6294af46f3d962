"""Takes cells over from stored results, as far as they are still true (`--only-failed`, `--only-missing`)."""

from conformance.results import Case, Results
from conformance.run.plan import Key
from conformance.run.result_cache import CachedCell
from conformance.vocabulary import BAD


class ReusedResults:
    """Stored results that a new run takes cells over from.

    Args:
        stored: The results.
        failed: Measure failed cells again; otherwise only missing ones are measured.
    """

    def __init__(self, stored: Results, failed: bool):
        self._stored, self._failed = stored, failed
        self._cells = {(c.case, c.target, c.mode): c for c in stored.cells}
        self._targets = {t.id: t for t in stored.targets}
        self._cases = {c.id: c for c in stored.cases}

    def versions(self, target: str, digest: str) -> dict[str, str]:
        """Return the versions that a target reported; empty if its digest is another one now."""
        found = self._targets.get(target)
        return found.versions if found and found.digest == digest else {}

    def must_measure(self, key: Key) -> bool:
        """Return whether a cell is to be measured again, whatever is known of it."""
        cell = self._cells.get(key)
        return self._failed and cell is not None and cell.verdict in BAD

    def get(self, key: Key, digest: str, case: Case) -> CachedCell | None:
        """Return a stored cell; None if it is missing, to be measured again, or of another case or target now."""
        cell = self._cells.get(key)
        if cell is None or cell.observation is None or self.must_measure(key) or not self.versions(key[1], digest):
            return None
        if self._cases[cell.case].digest != case.digest:
            return None
        observation = self._stored.observations[cell.observation]
        names = [n for fact in observation.facts for n in (fact.observed, fact.expected) if n is not None]
        values = {name: self._stored.values[name] for name in names}
        when, *_ = self._targets[key[1]].measured or [self._stored.created]
        return CachedCell(cell.observation, observation, values, cell.seconds or 0.0, when)
