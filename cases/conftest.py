"""Makes `pytest cases` work wherever some Keras is: brings in the plug-in beside this folder."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

pytest_plugins = ["conformance.worker.pytest_plugin"]
