"""Does a layer keep the mask contract? For authors of layers, in their own test run (docs/check-your-layer.md).

    from conformance.checks import check_layer, mask_contract

Beside some Keras it needs NumPy and pytest only, and like the worker it keeps to the syntax of Python 3.6: the runner
brings it into old targets. Importing this package imports neither a Keras nor NumPy.
"""

from conformance.checks.api import check_layer, clauses_for, mask_contract
from conformance.checks.errors import BadInput, ContractBroken

__all__ = ["BadInput", "ContractBroken", "check_layer", "clauses_for", "mask_contract"]
