"""Commands of `conformance`, one module each; `cli.py` has those that run the suite."""
