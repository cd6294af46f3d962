"""The commands of `conformance`; each is in a module of its own."""

import signal
import sys

import click

from conformance import __version__
from conformance.checks import command as layers
from conformance.commands import advise, bisect, compare, gate, registry, report, repro, run, shards, trace
from conformance.local.errors import Unavailable, UsageError, said


class _CouldNotRun(click.ClickException):
    exit_code = 3


class _Group(click.Group):
    """Shows a `UsageError` as one line and exits with 2, as click does; with 3 if the disk or a column refuses."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except UsageError as error:
            raise click.UsageError(str(error)) from error
        except Unavailable as error:
            raise _CouldNotRun(str(error)) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise _CouldNotRun(said(error)) from error


@click.group(cls=_Group)
@click.version_option(__version__)
def main() -> None:
    """Mask behaviour of Keras, measured on many versions."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who is terminated ends its workers as well


@main.command(
    "check", add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def check_command(arguments: tuple[str, ...]) -> None:
    """Hold your own layers against the mask contract."""
    sys.exit(layers.main(list(arguments)))  # parsed there, with what every Python has: it works without the host side


for command in (
    run.run_command,
    compare.compare_command,
    gate.gate_command,
    gate.expectations_group,
    bisect.bisect_command,
    repro.repro_command,
    advise.advise_command,
    trace.trace_command,
    shards.plan_command,
    shards.merge_command,
    report.report_command,
    report.cells_command,
    report.docs_command,
    report.schema_command,
    registry.list_group,
    registry.lock_command,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
