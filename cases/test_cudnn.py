"""RNN.

The cuDNN-only layers, which do not support masking.
"""

import pytest

from conformance.case import Raised

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5


@pytest.mark.case(
    "cudnn.legacy-layers",
    established="Source of CuDNNLSTM and CuDNNGRU: when passed a mask, they raise an exception that says so",
    severity="raises",
    issues=["keras-team/keras#8620"],
    tags=["CuDNNLSTM", "CuDNNGRU", "Masking"],
    needs=["layers.CuDNNLSTM", "layers.CuDNNGRU"],
    modes=["session"],
)
@pytest.mark.parametrize("name", ["CuDNNLSTM", "CuDNNGRU"], ids=["lstm", "gru"])
def test_legacy_layers(keras, record, run, name):
    """CuDNNLSTM and CuDNNGRU reject masked inputs.

    Calling CuDNNLSTM or CuDNNGRU on a masked symbolic tensor raises ValueError.
    """
    layer, masked = getattr(keras.layers, name)(UNITS), keras.layers.Masking()(keras.Input((STEPS, FEATURES)))

    def call():
        layer(masked)

    record("call on a masked input", run.attempt(call), expected=Raised("ValueError"))
