"""`conformance check package.module:Layer`: check a layer against the mask contract, in the current environment.

Needs no more than `check_layer` does. `conformance.commands.check` of the host side takes the same options and checks
on targets as well.
"""

import argparse
import contextlib
import json
import os
import sys

from conformance.checks import kinds
from conformance.checks.errors import BadInput, one_line

OK, UNEXPECTED, USAGE, COULD_NOT_RUN = 0, 1, 2, 3


def parser():
    """Return the parser of all options, also of those that choose targets."""
    made = argparse.ArgumentParser(
        prog="conformance check",
        description="Check layers against the mask contract. "
        "Exit codes: 0 as expected, 1 unexpected results, 2 usage error, 3 could not run.",
        epilog="(*) on targets; needs the host side: pip install 'keras-mask-conformance[matrix]'",
    )
    add = made.add_argument
    add(
        "layer",
        nargs="+",
        metavar="PACKAGE.MODULE:LAYER",
        help="a layer class, or a function that returns a layer; or a .toml file that declares layers and targets",
    )
    add("--config", type=_json_object, metavar="JSON", help="constructor arguments")
    add("--factory", action="store_true", help="LAYER is called to return the layer, even if it is a class")
    add("--kind", choices=kinds.NAMES, help="what the layer does with masks (default: inferred)")
    add(
        "--input-shape",
        nargs="+",
        action="append",
        type=_shape,
        metavar="2,5,3",
        help="shape including the batch; ? for any size; one shape for each input",
    )
    add(
        "--dtype",
        action="append",
        metavar="DTYPE",
        help="dtype of the inputs; repeat for different dtypes (default: float32)",
    )
    add("--call", type=_json_object, metavar="JSON", help='further arguments of the call, such as {"training": false}')
    add(
        "--as-arguments",
        action="store_true",
        default=None,
        help="pass several inputs as separate arguments, not as one list",
    )
    add("--masked", type=_flags, metavar="1,0", help="which inputs have a mask (default: all)")
    add("--mask-rank", type=int, metavar="N", help="number of leading axes of a mask (default: 2)")
    add("--padding", type=float, metavar="VALUE", help="value that a producer masks (default: 0)")
    add("--max-id", type=int, metavar="N", help="largest id in integer inputs (default: 4)")
    add(
        "--limit",
        dest="limits",
        action="append",
        metavar="PATTERN",
        help="masks that the layer is documented to reject: left, gap, random or all-masked; repeatable",
    )
    add(
        "--custom-object",
        dest="custom_objects",
        action="append",
        metavar="PACKAGE.MODULE:NAME",
        help="needed to load a model with the layer; repeatable",
    )
    add(
        "--expect-failure",
        dest="expected_failures",
        action="append",
        type=_expectation,
        metavar="CLAUSE=REASON",
        help="the clause is known to fail; repeatable",
    )
    add(
        "--front-end",
        choices=("keras", "tf.keras", "tf_keras"),
        help="front end of the layer (default: the one that its class derives from)",
    )
    add(
        "--clause",
        dest="clauses",
        action="append",
        metavar="CLAUSE",
        help="try only this clause, such as C4 or C4-padding-invariance; repeatable",
    )
    add(
        "--mode",
        dest="modes",
        action="append",
        choices=("eager", "graph", "session", "jit"),
        help="try only this mode; repeatable",
    )
    add("--format", choices=("table", "json"), default="table", help="output format (default: table)")
    add(
        "--target",
        dest="targets",
        action="append",
        metavar="ID",
        help="check on this target, or on all with this tag; repeatable (*)",
    )
    add(
        "--with",
        dest="with_",
        action="append",
        metavar="PATH_OR_PIN",
        help="install this for the layer on each target; repeatable (*)",
    )
    add("--tier", choices=("core", "history"), help="check on all targets of a tier (*)")
    add(
        "--out",
        metavar="FOLDER",
        help="write the report about the targets here (default: reports/check) (*)",
    )
    add("--jobs", type=int, metavar="N", help="workers at a time, on targets (default: as cores and memory allow)")
    add("--no-cache", action="store_true", help="measure cells again that are in the cache, on targets")
    add(
        "--allow-not-run", action="store_true", help="do not fail because a target or a layer could not run, on targets"
    )
    return made


def main(argv=None, missing="only `conformance check` does that"):
    """Run the command without the host side; returns its exit code.

    Args:
        argv: The arguments, by default those of the process.
        missing: Why the host side is not available, in words.
    """
    try:
        asked = parser().parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    if asks_for_targets(asked):
        return _refused(
            "--target, --tier, --with, --out and .toml files are not available: %s" % missing, COULD_NOT_RUN
        )
    return run(asked)


def asks_for_targets(asked):
    """Return whether these options are about targets rather than the current environment."""
    files = any(layer.endswith(".toml") for layer in asked.layer)
    return bool(asked.targets or asked.tier or asked.with_ or asked.out or files)


def run(asked):
    """Check the layers in the current environment; returns the exit code."""
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if not os.environ.get("KERAS_BACKEND"):
        _choose_backend()
    from conformance.checks.declaration import LayerImportError

    found, code = [], OK
    for declaration in declarations(asked):
        try:
            with contextlib.redirect_stdout(
                sys.stderr
            ):  # standard output is for results, not for what the user's code prints
                found.append(check(declaration, asked.clauses, asked.modes))
        except LayerImportError as error:
            return _refused(error, COULD_NOT_RUN)
        except BadInput as error:
            return _refused(error, USAGE)
        except ImportError as error:
            return _refused(one_line(error), COULD_NOT_RUN)
        if any(record.status == "error" for record in found[-1]):
            code = COULD_NOT_RUN
        elif found[-1].bad:
            code = max(code, UNEXPECTED)
        if asked.format == "table":
            print(found[-1].text(everything=True))
    if asked.format == "json":
        print(json.dumps([records.as_dict() for records in found], indent=1))
    return code


def check(declaration, clauses=None, modes=None):
    """Return the `records.Records` of a layer that is declared as data (see `declaration`)."""
    from conformance.checks.api import check_layer
    from conformance.checks.declaration import arguments

    return check_layer(clauses=clauses, modes=modes, raises=False, out=False, **arguments(declaration))


def declarations(asked):
    """Return what the command line declares: one declaration, as data, for each layer (see `declaration`)."""
    names = ("config", "factory", "kind", "call", "as_arguments", "masked", "mask_rank", "padding", "max_id", "limits")
    common = {name: getattr(asked, name) for name in names + ("custom_objects", "front_end")}
    common["input_shape"] = [shape for shapes in asked.input_shape or [] for shape in shapes] or None
    common["dtype"] = asked.dtype[0] if asked.dtype and len(asked.dtype) == 1 else asked.dtype
    common["expected_failures"] = dict(asked.expected_failures or [])
    return [dict(common, layer=layer) for layer in asked.layer]


def _choose_backend():
    """Choose a backend for Keras 3 that is installed, unless the user has chosen: the default may be missing."""
    from conformance.vocabulary import BACKENDS
    from conformance.worker.probe import is_there

    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    if not os.path.exists(os.path.join(home, "keras.json")):
        os.environ["KERAS_BACKEND"] = next(filter(is_there, BACKENDS))


def _refused(why, code):
    sys.stderr.write("conformance check: %s\n" % why)
    return code


def _shape(text):
    try:
        return [None if part in ("?", "None") else int(part) for part in text.strip("()[]").split(",") if part.strip()]
    except ValueError:
        raise argparse.ArgumentTypeError("%r is not a shape; write it as 2,5,3" % text)


def _flags(text):
    if set(text) - set("01, "):
        raise argparse.ArgumentTypeError(
            "%r does not say which inputs have a mask; write 1 or 0 for each, as in 1,0" % text
        )
    return [part.strip() == "1" for part in text.split(",")]


def _json_object(text):
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("%s is not valid JSON: %s" % (text, error))
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('%s is not a JSON object, such as {"units": 4}' % text)
    return found


def _expectation(text):
    clause, _, reason = text.partition("=")
    if not reason.strip():
        raise argparse.ArgumentTypeError("%r gives no reason; write CLAUSE=REASON" % text)
    return clause.strip(), reason.strip()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # libraries keep threads that can hang the shutdown
