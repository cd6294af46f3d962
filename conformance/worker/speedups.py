"""Makes Python faster for many small cases; nothing that a case can see."""

import gc
import sys

ROOM = 2**17  # of 8 bytes


def settle():
    """What is there by now stays: without this each collection of garbage costs a third of the time of a small case."""
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()


def with_room(function):
    """Decorator: all that is called below has its frames in one piece of memory.

    CPython since 3.11 keeps frames in pieces of 16 KB. A call across the border of two makes and frees a piece, so a
    loop of TensorFlow that lies there takes twice its time. A frame this large is given a piece with as much again.
    """
    if sys.version_info >= (3, 11):
        function.__code__ = function.__code__.replace(co_stacksize=ROOM)
    return function
