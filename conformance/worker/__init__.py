"""The code that enters a target: imports Keras, executes cases, records what they do.

Python 3.6 syntax; standard library, NumPy and pytest only.
"""
