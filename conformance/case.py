"""What case files import of the suite: ``from conformance.case import Raised, Unsupported``.

All else that a case needs comes to it as fixtures, or from the files beside it (docs/adding-a-case.md).
"""

from conformance.worker.backends import Unsupported
from conformance.worker.values import Raised

__all__ = ["Raised", "Unsupported"]
