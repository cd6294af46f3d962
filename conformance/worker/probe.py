"""Describe the current environment: `python -m conformance.worker.probe [FRONT_END [BACKEND]]`.

Prints one JSON object. "missing" lists the required modules that are not installed; if there are none, "front_end" and
"backend" are those requested or found, "versions" what the imported modules report, and "pins" all distributions.
Needs neither NumPy nor pytest nor a Keras.
"""

import io
import json
import os
import re
import sys
from importlib.util import find_spec

from conformance.vocabulary import BACKENDS
from conformance.worker import frontend

NEEDED = ("numpy", "pytest")
MODULES = (("keras", "keras"), ("tf_keras", "tf_keras"), ("tf.keras", "tensorflow"))


def describe(front_end, backend):
    """Return the description; with "" for front end or backend, the first that is installed is taken."""
    missing = [module for module in NEEDED if not is_there(module)]
    front_ends = [name for name, module in MODULES if is_there(module)]
    if not front_ends or (front_end and front_end not in front_ends):
        missing.append(front_end or "Keras")
    if missing:
        return {"missing": missing}
    installed = pins(sys.path)  # now: an import may put on the path what it has vendored
    os.environ["KERAS_BACKEND"] = backend or next(filter(is_there, BACKENDS), "numpy")
    front = frontend.FrontEnd(front_end or front_ends[0])
    if not front_end and front.name == "keras" and not (front.is_keras3 or front.is_standalone_keras2):
        front = frontend.FrontEnd("tf.keras")  # Keras 2.4 to 2.15 is what that is made of
    return {
        "missing": [],
        "front_end": front.name,
        "backend": front.backend,
        "versions": front.versions(),
        "pins": installed,
    }


def is_there(module):
    """Return whether a module is installed; a folder that merely has its name does not count."""
    spec = find_spec(module)
    return spec is not None and spec.has_location


def pins(folders):
    """Return all distributions as sorted "name==version"; of two with one name the one that is imported."""
    found = {}
    for folder in folders:
        if os.path.isdir(folder):
            for entry in sorted(os.listdir(folder)):
                about = _about(os.path.join(folder, entry))
                if "name" in about and "version" in about:
                    name = re.sub(r"[-_.]+", "-", about["name"]).lower()
                    found.setdefault(name, about["version"])
    return ["%s==%s" % pin for pin in sorted(found.items())]


def _about(path):
    """Return the metadata header of a distribution, an empty dict if this is none."""
    if not path.endswith((".dist-info", ".egg-info")):
        return {}
    # Not importlib.metadata, which Python 3.7 lacks; an egg-info may be a file.
    files = [os.path.join(path, "METADATA"), os.path.join(path, "PKG-INFO"), path]
    file = next((name for name in files if os.path.isfile(name)), None)
    about = {}
    if file:
        with io.open(file, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.strip():
                    break
                key, _, value = line.partition(":")
                about.setdefault(key.lower(), value.strip())
    return about


def main(arguments):
    """Describe this environment as JSON on standard output.

    Args:
        arguments: The requested front end and backend, both optional and possibly empty.
    """
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the imports print is no part of the description
    front_end, backend = (arguments + ["", ""])[:2]
    try:
        description = describe(front_end, backend)
    except Exception as error:
        description = {"missing": [], "error": "%s: %s" % (type(error).__name__, error)}
    channel.write(json.dumps(description))
    channel.flush()
    return 0


if __name__ == "__main__":
    # As in a worker: libraries keep threads that can hang the shutdown.
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
