"""`conformance check package.module:Layer`: a layer against the mask contract, in the current environment.

Needs no more than `check_layer`. With --target, --with and what else chooses columns, `conformance.commands.check` of
the host does it.
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
    """The options; those that choose columns are handed on."""
    made = argparse.ArgumentParser(
        prog="conformance check",
        description="Check a layer against the mask contract. Exit codes: 0 as expected, 1 not, 2 usage, 3 not run.",
    )
    add = made.add_argument
    add(
        "layer",
        nargs="+",
        metavar="PACKAGE.MODULE:LAYER",
        help="a class of layers, or a function that returns a layer; or a .toml file that declares some, for columns",
    )
    add("--config", type=_json_object, metavar="JSON", help="arguments of the constructor")
    add("--factory", action="store_true", help="it is a function, or a class with __call__, that returns the layer")
    add("--kind", choices=kinds.NAMES, help="what it does with masks; guessed if it is not given")
    add(
        "--input-shape",
        nargs="+",
        action="append",
        type=_shape,
        metavar="2,5,3",
        help="with the batch; ? for any; several inputs: several shapes",
    )
    add("--dtype", action="append", metavar="DTYPE", help="of the inputs, or of each (float32)")
    add("--call", type=_json_object, metavar="JSON", help="further arguments of the call")
    add(
        "--as-arguments",
        action="store_true",
        default=None,
        help="several inputs are arguments of their own, not a list",
    )
    add("--masked", type=_flags, metavar="1,0", help="which inputs have masks (all)")
    add("--mask-rank", type=int, metavar="N", help="axes of a mask (2)")
    add("--padding", type=float, metavar="VALUE", help="what a producer takes for padding (0)")
    add("--max-id", type=int, metavar="N", help="the largest id in integer inputs (4)")
    add(
        "--limit",
        dest="limits",
        action="append",
        metavar="PATTERN",
        help="masks that it refuses: left, gap, random, all-masked",
    )
    add(
        "--custom-object",
        dest="custom_objects",
        action="append",
        metavar="PACKAGE.MODULE:NAME",
        help="needed to load it",
    )
    add("--expect-failure", dest="expected_failures", action="append", type=_expectation, metavar="CLAUSE=REASON")
    add("--front-end", choices=("keras", "tf.keras", "tf_keras"), help="where Keras comes from (told by the class)")
    add("--clause", dest="clauses", action="append", metavar="CLAUSE", help="C4, C4-padding-invariance (all)")
    add(
        "--mode",
        dest="modes",
        action="append",
        choices=("eager", "graph", "session", "jit"),
        help="(all that there are)",
    )
    add("--format", choices=("table", "json"), default="table")
    add("--target", dest="targets", action="append", metavar="ID", help="a column to check it in; needs [matrix]")
    add("--with", dest="with_", action="append", metavar="PATH_OR_PIN", help="installed in each column; needs [matrix]")
    add("--tier", choices=("core", "history"), help="all columns of a tier; needs [matrix]")
    add("--out", metavar="FOLDER", help="where the page of columns goes (reports/check)")
    add("--jobs", type=int, metavar="N", help="workers at a time, on columns (as cores and memory allow)")
    add("--no-cache", action="store_true", help="measure again what is known of these columns")
    add("--allow-not-run", action="store_true", help="a column or layer that cannot be had there is no failure")
    return made


def main(argv=None):
    """Run the command; returns its exit code."""
    try:
        asked = parser().parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    if asked.targets or asked.tier or asked.with_ or asked.out or any(one.endswith(".toml") for one in asked.layer):
        return _on_columns(asked)
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
    """`records.Records` of a declaration (`declared`)."""
    from conformance.checks.api import check_layer
    from conformance.checks.declaration import arguments

    return check_layer(clauses=clauses, modes=modes, raises=False, out=False, **arguments(declaration))


def declarations(asked):
    """What the command line declares: for each layer data as `declared` has it."""
    names = ("config", "factory", "kind", "call", "as_arguments", "masked", "mask_rank", "padding", "max_id", "limits")
    common = {name: getattr(asked, name) for name in names + ("custom_objects", "front_end")}
    common["input_shape"] = [shape for shapes in asked.input_shape or [] for shape in shapes] or None
    common["dtype"] = asked.dtype[0] if asked.dtype and len(asked.dtype) == 1 else asked.dtype
    common["expected_failures"] = dict(asked.expected_failures or [])
    return [dict(common, layer=layer) for layer in asked.layer]


def _on_columns(asked):
    try:
        from conformance.commands import check as on_columns
    except ImportError as error:
        return _refused("--target, --with and --out need keras-mask-conformance[matrix] (%s)" % error, COULD_NOT_RUN)
    return on_columns.main(asked)


def _choose_backend():
    """On Keras 3 without a choice of the user: what is installed, instead of failing for want of TensorFlow."""
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
        raise argparse.ArgumentTypeError("%r is no shape; write it as 2,5,3" % text)


def _flags(text):
    if set(text) - set("01, "):
        raise argparse.ArgumentTypeError("%r does not say which inputs have masks; write 1,0" % text)
    return [part.strip() == "1" for part in text.split(",")]


def _json_object(text):
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("%s is no JSON: %s" % (text, error))
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('%s is no JSON object, such as {"units": 4}' % text)
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
