"""Inspects one model: reads a request as JSON from standard input and writes an answer as JSON to standard output.

Request: "model", "custom" (modules), "batch" (a file or null), "front_end" (or ""), "folder" (that of the user),
"unsafe" (whether a model that contains code is loaded).
Answer: {"trace": ...} or {"refused": "one line"}.
"""

import io
import json
import os
import sys


def main():
    """Answer one request."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the user's code prints is not part of the answer
    sys.stdout = sys.stderr
    request = json.load(io.open(0, encoding="utf-8"))

    try:
        answer = answer_to(request)
    except ImportError as error:
        answer = {"refused": "%s: %s" % (sys.executable, error)}
    channel.write(json.dumps(answer))
    channel.flush()


def answer_to(request):
    """Return the answer to a request, as data for JSON."""
    from mask_inspection import models, tracer

    try:
        front = models.import_keras(request["front_end"])
        os.chdir(request["folder"])
        sys.path.insert(0, request["folder"])
        models.import_custom(request["custom"])
        return {"trace": tracer.trace_model(front, request["model"], request["batch"], request["unsafe"])}
    except models.InspectionError as why:
        return {"refused": str(why)}


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # libraries keep threads that can hang the shutdown
