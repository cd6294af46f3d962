"""Serve several process groups after one import of Keras: all but the last in forked processes.

A process is in one state, eager or not, but importing Keras takes three seconds and a fork of what is
imported less than one. Nothing may be computed before the last fork: TensorFlow's threads do not survive one.
"""

import ctypes
import os
import signal
import sys
import traceback


def end_with_parent():
    """Have the system kill this process when the one that started it ends, in whatever way."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux has it
    if prctl:
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def serve_all(groups, serve):
    """Call `serve(group)` for each group in turn, in a forked process each, the last in this one.

    If a forked process dies, this one dies in the same way, so that the host learns of it.
    """
    for group in groups[:-1]:
        _in_child(group, serve)
    for group in groups[-1:]:
        serve(group)


def _in_child(group, serve):
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            end_with_parent()
            serve(group)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # what the libraries do at the end of an interpreter is the parent's
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        died_of = os.WTERMSIG(status)
        if died_of != signal.SIGKILL:  # the one whose handler cannot be, and need not be, taken away
            signal.signal(died_of, signal.SIG_DFL)
        os.kill(os.getpid(), died_of)
    if os.WEXITSTATUS(status):
        os._exit(os.WEXITSTATUS(status))
