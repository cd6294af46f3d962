"""What runs beside a Keras on Python 3.9 or later: workers, their supervisor, and `conformance run --here`.

Needs the standard library, NumPy and pytest, nothing of the host.
"""
