"""`conformance` with fake columns and cases, as a process that can be killed.

`python -m tests.fakes.run FOLDER ARGUMENTS...`, where FOLDER is for what the fakes need.

Each case of the folder `steady` takes a few hundredths of a second, so that there is a moment to be killed at in each.
"""

import sys
from pathlib import Path

from conformance import bundle, cli, provision, targets
from tests.conftest import FAKES, FakeRuns, fake_target

COLUMNS = ["fake-0.1", "fake-other"]


def main(folder: Path, arguments: list[str]) -> None:
    runs = FakeRuns(folder)
    columns = [fake_target(name) for name in COLUMNS]
    targets.load = lambda *_: columns
    provision.provision = lambda target, _: runs.provision(target)
    bundle.cases_folder = lambda: FAKES / "steady"
    cli.main(arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
