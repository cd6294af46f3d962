"""A target that is executed in chunks, by several workers."""

import json
from collections.abc import Sequence

from conformance.run.progress import SilentProgress
from tests.support.fakes import FAKES, FakeRuns, fake_target


class CountsWorkers(SilentProgress):
    """Counts the chunks that workers were started for."""

    started = 0

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        CountsWorkers.started += running


def test_a_target_in_chunks_gives_what_it_gives_whole(run_fake: FakeRuns) -> None:
    whole = run_fake(fake_target(), cases=FAKES / "steady", patterns=())
    journal = run_fake.folder / "cache" / "cells" / "fake-0.1.jsonl"
    with journal.open("a") as file:  # each cell is expected to take a minute
        for cell in whole.cells:
            line = {"key": "k", "case": cell.case, "mode": cell.mode, "seconds": 60.0, "observation": "o"}
            file.write(f"{json.dumps(line)}\n")
    parts = run_fake(fake_target(), cases=FAKES / "steady", patterns=(), jobs=4, progress=CountsWorkers)
    assert CountsWorkers.started > 4 and parts.problems == whole.problems
    assert [(c.case, c.mode, c.verdict, c.fingerprint) for c in parts.cells] == [
        (c.case, c.mode, c.verdict, c.fingerprint) for c in whole.cells
    ]
