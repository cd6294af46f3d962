"""What the GitHub Action runs (`action.yml`): commands from the environment, a job summary, one exit code.

COMMANDS: one command of `conformance` per line; PUBLISHED: results that `compare` reads if it is not told which.
GITHUB_STEP_SUMMARY and GITHUB_OUTPUT are files of the job.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ALLOWED = ("check", "compare", "gate", "run")


def main() -> int:
    """Run all commands, whatever becomes of one; returns the largest exit code."""
    try:
        commands = [
            words for line in os.environ["COMMANDS"].splitlines() if (words := shlex.split(line, comments=True))
        ]
    except ValueError as error:
        print(f"::error title=Masks in Keras::run: {error}")
        return _finish(2)
    if not commands:
        print(f"::error title=Masks in Keras::run: no command; write one per line, of {', '.join(ALLOWED)}")
    wrong = [words[0] for words in commands if words[0] not in ALLOWED]
    for name in wrong:
        print(f"::error title=Masks in Keras::run: '{name}' is not one of {', '.join(ALLOWED)}")
    return _finish(2 if wrong or not commands else max(_run(words) for words in commands))


def _finish(code: int) -> int:
    _append("GITHUB_OUTPUT", f"exit-code={code}\n")
    return code


def _run(words: list[str]) -> int:
    print(f"::group::conformance {shlex.join(words)}", flush=True)
    told = any(word.split("=")[0] in ("--format", "--schema", "--help") for word in words)
    # Of a run or a check, the report is appended to the summary where it is written.
    compares = words[0] == "compare" and not told
    code = _compared(words) if compares else subprocess.run(_command(words)).returncode
    print("::endgroup::", flush=True)
    return code


def _compared(words: list[str]) -> int:
    """Run a comparison; it becomes a part of the summary."""
    files = any(Path(word.split("#")[0]).exists() for word in words[1:])
    if not files and not any(word.split("=")[0] == "--results" for word in words):
        words = [*words, "--results", os.environ["PUBLISHED"]]
    done = subprocess.run(_command([*words, "--format", "markdown"]), stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    if done.stdout:
        _append("GITHUB_STEP_SUMMARY", f"{done.stdout}\n")
    return done.returncode


def _command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "conformance", *words]


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
