"""Check a layer against the mask contract, in the tests of its author (docs/check-your-layer.md).

    from conformance.checks import check_layer, mask_contract

Beside a Keras it needs only NumPy and pytest. Like the worker it keeps to the syntax of Python 3.6, since `conformance
check --target` copies it into old targets. Importing this package imports neither Keras nor NumPy.
"""

from conformance.checks.api import check_layer, clauses_for, mask_contract
from conformance.checks.errors import BadInput, ContractBroken

__all__ = ["BadInput", "ContractBroken", "check_layer", "clauses_for", "mask_contract"]
