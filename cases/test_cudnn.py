"""RNN.

The layers that only cuDNN can run, and that take no mask.
"""

import pytest

from conformance.case import Raised

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5


@pytest.mark.case(
    "cudnn.legacy-layers",
    established="Source of CuDNNLSTM and CuDNNGRU: given a mask they raise an exception that says so",
    severity="raises",
    issues=["keras-team/keras#8620"],
    tags=["CuDNNLSTM", "CuDNNGRU", "Masking"],
    needs=["layers.CuDNNLSTM", "layers.CuDNNGRU"],
    modes=["session"],
)
@pytest.mark.parametrize("name", ["CuDNNLSTM", "CuDNNGRU"], ids=["lstm", "gru"])
def test_legacy_layers(keras, record, run, name):
    """The layers that need a GPU refuse masks.

    CuDNNLSTM and CuDNNGRU raise an exception when their input has a mask, already while a model is made.
    """
    layer, masked = getattr(keras.layers, name)(UNITS), keras.layers.Masking()(keras.Input((STEPS, FEATURES)))

    def call():
        layer(masked)

    record("call on a masked input", run.attempt(call), expected=Raised("ValueError"))
