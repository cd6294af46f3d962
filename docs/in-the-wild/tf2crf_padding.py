# /// script
# requires-python = "==3.11.*"
# dependencies = ["tf2crf==0.1.33", "tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C11: the number of unmasked steps is taken for the length, so left padding and gaps are decoded wrongly.
C14: `units` is not in its configuration."""

import numpy as np
from tf2crf import CRF

layer = CRF(4)
x = np.random.RandomState(0).uniform(-1, 1, (1, 5, 3)).astype("float32")
mask = np.array([[False, False, True, True, True]])
alone = layer(x[:, 2:])[0].numpy()
left = layer(x, mask=mask)[0].numpy()
print("three steps alone:", alone[0], " behind two of padding:", left[0, 2:], "(all five:", left[0], ")")
config = layer.get_config()
print("units" in config, CRF.from_config(config).units)
assert not np.array_equal(alone[0], left[0, 2:]) and CRF.from_config(config).units is None
