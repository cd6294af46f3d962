"""Conformance suite for masks in Keras.

This file enters every target together with ``conformance.worker``: it stays
free of imports and within the syntax of Python 3.6.
"""

__version__ = "0.1.0"
