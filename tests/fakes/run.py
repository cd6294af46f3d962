"""`conformance` with fake columns and cases, as a process that can be killed.

`python -m tests.fakes.run FOLDER CASES ARGUMENTS...`, where FOLDER is for what the fakes need, CASES one
beside this file.

Each case of `steady` takes a few hundredths of a second, so that there is a moment to be killed at in each.
"""

import sys
from pathlib import Path

from conformance import cli
from conformance.project import Project
from tests.support.fakes import FAKES, FakeRuns, fake_target

TARGETS = ["fake-0.1", "fake-other"]


def main(folder: Path, cases: Path, arguments: list[str]) -> None:
    runs = FakeRuns(folder)
    targets = [fake_target(name) for name in TARGETS]
    cli.main(arguments, obj=Project(targets=targets, cases=cases, provision=lambda target, _: runs.provision(target)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), FAKES / sys.argv[2], sys.argv[3:])
