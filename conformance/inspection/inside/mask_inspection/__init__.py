"""The part that runs in the environment of a user's model: standard library and NumPy, the syntax of Python 3.6."""
