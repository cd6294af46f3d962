"""Runs in a target: imports its Keras once and then forks for each command that a client sends.

Python 3.7 and the standard library only. A worker forks after its import, too (conformance/worker/process_groups.py).
"""

import array
import importlib
import json
import os
import runpy
import select
import socket
import sys
import traceback

DESCRIPTORS = 3  # standard input, output and error of the client


def main(address, front_end):
    """Serve until standard input is closed, which it is when the test process ends.

    Args:
        address: Path of the socket to create.
        front_end: Name of the module to import first.
    """
    if front_end == "tf.keras":
        importlib.import_module("tensorflow").keras.layers.Layer  # noqa: B018 (TensorFlow imports its Keras on first use)
    else:
        importlib.import_module(front_end)
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [path for path in sys.path[1:] if path not in own]
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(1)
    print("ready", flush=True)
    while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            _serve(connection, paths)
        connection.close()
        _reap()


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _serve(connection, paths):
    """Fork the process of one command, wait for it, and send its exit code."""
    request, descriptors = _receive(connection)
    child = os.fork()
    if child == 0:
        connection.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os._exit(_execute(request, paths))
    status = os.waitpid(child, 0)[1]
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    connection.sendall(b"%d" % code)
    os._exit(0)


def _receive(connection):
    fds = array.array("i")
    text, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_LEN(DESCRIPTORS * fds.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    while not text.endswith(b"\n"):
        text += connection.recv(2**20)
    return json.loads(text), list(fds)


def _execute(request, paths):
    """Do what `python ARGUMENTS` does; return the exit code."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    kind, *rest = request["arguments"]
    code = 0
    try:
        if kind == "-m":
            sys.argv, sys.path[:] = rest, [os.getcwd()] + own + paths
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        elif kind == "-c":
            sys.argv, sys.path[:] = ["-c"] + rest[1:], [""] + own + paths
            exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
        else:
            sys.argv, sys.path[:] = [kind] + rest, [os.path.dirname(kind)] + own + paths
            runpy.run_path(kind, run_name="__main__")
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
        code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
    except BaseException:  # what an interpreter does with it
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # libraries keep threads that can hang the shutdown
