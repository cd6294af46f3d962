"""`conformance check package.module:Layer`: a layer against the mask contract, in the current environment.

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
        "Exit code: 0 as expected; 1 not as expected; 2 usage; 3 could not run.",
        epilog="(*) on targets; needs the host side: pip install 'keras-mask-conformance[matrix]'",
    )
    add = made.add_argument
    add(
        "layer",
        nargs="+",
        metavar="PACKAGE.MODULE:LAYER",
        help="layer class; with --factory, a function that returns a layer; or a .toml file that declares layers",
    )
    add("--config", type=_json_object, metavar="JSON", help="constructor arguments")
    add("--factory", action="store_true", help="LAYER is a callable that returns the layer")
    add("--kind", choices=kinds.NAMES, help="what the layer does with masks (default: inferred)")
    add(
        "--input-shape",
        nargs="+",
        action="append",
        type=_shape,
        metavar="2,5,3",
        help="shape with the batch axis, ? for an unknown size; one for each input",
    )
    add("--dtype", action="append", metavar="DTYPE", help="dtype of all inputs, or of each (default: float32)")
    add("--call", type=_json_object, metavar="JSON", help="further arguments of `call`")
    add(
        "--as-arguments",
        action="store_true",
        default=None,
        help="pass several inputs as separate arguments, not as a list",
    )
    add("--masked", type=_flags, metavar="1,0", help="which inputs are masked (default: all)")
    add("--mask-rank", type=int, metavar="N", help="rank of a mask (default: 2)")
    add("--padding", type=float, metavar="VALUE", help="value that a producer masks (default: 0)")
    add("--max-id", type=int, metavar="N", help="largest id in integer inputs (default: 4)")
    add(
        "--limit",
        dest="limits",
        action="append",
        metavar="PATTERN",
        help="mask pattern that the layer refuses: left, gap, random or all-masked; repeatable",
    )
    add(
        "--custom-object",
        dest="custom_objects",
        action="append",
        metavar="PACKAGE.MODULE:NAME",
        help="custom object needed to load the layer; repeatable",
    )
    add(
        "--expect-failure",
        dest="expected_failures",
        action="append",
        type=_expectation,
        metavar="CLAUSE=REASON",
        help="expect this clause to fail; repeatable",
    )
    add(
        "--front-end",
        choices=("keras", "tf.keras", "tf_keras"),
        help="front end of the layer (default: that of its class)",
    )
    add(
        "--clause",
        dest="clauses",
        action="append",
        metavar="CLAUSE",
        help="check only this clause, such as C4; repeatable",
    )
    add(
        "--mode",
        dest="modes",
        action="append",
        choices=("eager", "graph", "session", "jit"),
        help="check only in this mode; repeatable",
    )
    add("--format", choices=("table", "json"), default="table", help="output format (default: table)")
    add("--target", dest="targets", action="append", metavar="ID", help="check on this target; repeatable (*)")
    add(
        "--with",
        dest="with_",
        action="append",
        metavar="PATH_OR_PIN",
        help="install this in each target; repeatable (*)",
    )
    add("--tier", choices=("core", "history"), help="check on all targets of this tier (*)")
    add("--out", metavar="FOLDER", help="write the report here (default: reports/check) (*)")
    add("--jobs", type=int, metavar="N", help="workers at a time (default: as cores and memory allow) (*)")
    add("--no-cache", action="store_true", help="ignore the result cache (*)")
    add("--allow-not-run", action="store_true", help="do not fail because a target or layer is unavailable (*)")
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
            with contextlib.redirect_stdout(sys.stderr):  # what the user's code prints is no result
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
    """Return the `records.Records` of a declaration."""
    from conformance.checks.api import check_layer
    from conformance.checks.declaration import arguments

    return check_layer(clauses=clauses, modes=modes, raises=False, out=False, **arguments(declaration))


def declarations(asked):
    """Return what the options declare of each layer, as `checks.declaration` reads it."""
    names = ("config", "factory", "kind", "call", "as_arguments", "masked", "mask_rank", "padding", "max_id", "limits")
    common = {name: getattr(asked, name) for name in names + ("custom_objects", "front_end")}
    common["input_shape"] = [shape for shapes in asked.input_shape or [] for shape in shapes] or None
    common["dtype"] = asked.dtype[0] if asked.dtype and len(asked.dtype) == 1 else asked.dtype
    common["expected_failures"] = dict(asked.expected_failures or [])
    return [dict(common, layer=layer) for layer in asked.layer]


def _choose_backend():
    """Choose an installed backend if the user has not: Keras 3 would fail without TensorFlow."""
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
        raise argparse.ArgumentTypeError("%r is not a shape such as 2,5,3" % text)


def _flags(text):
    if set(text) - set("01, "):
        raise argparse.ArgumentTypeError("%r does not say which inputs are masked, such as 1,0" % text)
    return [part.strip() == "1" for part in text.split(",")]


def _json_object(text):
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("%s is not JSON: %s" % (text, error))
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('%s is not a JSON object such as {"units": 4}' % text)
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
