"""Commands of `conformance`, each in a module with what is near to it; `cli.py` puts them together."""
