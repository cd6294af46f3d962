"""Checks layers of keras.layers, inside a target, with the syntax of Python 3.6.

Reads {"front_end": ..., "every_mode": ..., "kinds": {layer: kind}}; writes one line of JSON for each layer
that there is: {"layer": ..., "kind": ..., "clauses": [...]}, or {"layer": ..., "refused": ...}.
"""

import json
import os
import sys
import time

import layer_recipes

from conformance.checks import BadInput, check_layer
from conformance.checks.keras_runtime import runtime
from conformance.worker import frontend


def main():
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    front = frontend.FrontEnd(request["front_end"])
    modes = None if request["every_mode"] else [runtime(front.name).first]
    for name, kind in sorted(request["kinds"].items()):
        recipe = layer_recipes.RECIPES[name]
        if not hasattr(front.keras.layers, name) or (recipe.tensorflow and front.tf is None):
            continue
        started = time.time()
        try:
            line = dict(check(front, recipe, kind, modes).as_dict(), layer=name)
        except BadInput as error:
            line = {"layer": name, "refused": str(error)}
        line["seconds"] = round(time.time() - started, 1)
        channel.write(json.dumps(line) + "\n")
        channel.flush()


def check(front, recipe, kind, modes):
    return check_layer(
        lambda: recipe.make(front.keras.layers),
        [[layer_recipes.BATCH] + list(recipe.shape)] * recipe.inputs,
        kind=kind,
        dtype=recipe.dtype,
        call=recipe.call,
        as_arguments=not recipe.as_list,
        mask_rank=3 if recipe.name == "Softmax" else 2,  # its mask is of the scores, not of the steps
        max_id=7,
        front_end=front.name,
        modes=modes,
        raises=False,
        out=False,
    )


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # libraries keep threads that can hang the shutdown
