#!/bin/sh
# keras-nightly 3.16.0.dev2026102704, TensorFlow 2.21.0: of two MultiHeadAttention calls in a functional model that share their
# inputs, one output has no mask, and no warning says so. In Keras 3.15.1 both have one.
#
# Cause: `MultiHeadAttention.call` sets the masks of its inputs to None (keras-team/keras#20562). Up to 3.15, a functional model
# holds the masks that were found while it was constructed and passes them again; in the nightly it does not, so that what one
# call erased is missing in the next. In this model, it is the first output that has no mask.
#
# Needs Python 3.11 with pip. Exit code: 0 as stated, 1 not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.2.6
"$folder/env/bin/pip" install -q --disable-pip-version-check --no-deps --target "$folder/nightly" keras-nightly==3.16.0.dev2026102704
cat > "$folder/twice.py" <<'PYTHON'
import keras
import numpy as np

ids = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0]]), np.array([[0, 2, 2, 0, 1], [1, 5, 0, 0, 0]])
inputs = [keras.Input((5,), dtype="int32") for _ in ids]
first, second = (keras.layers.Embedding(7, 4, mask_zero=True)(one) for one in inputs)
attention = keras.layers.MultiHeadAttention(2, 3)
model = keras.Model(inputs, [attention(first, second), attention(second, first)])


class HasMask(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, inputs, mask=None):
        return inputs[..., 0] * 0 + (0.0 if mask is None else 1.0)

    def compute_mask(self, inputs, mask=None):
        return None


asked = keras.Model(inputs, [HasMask()(output) for output in model.outputs])
print(sorted(bool(np.all(output)) for output in asked.predict(list(ids), verbose=0)))
PYTHON
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3
release=$("$folder/env/bin/python" "$folder/twice.py" 2>"$folder/errors" | tail -1)
nightly=$(PYTHONPATH="$folder/nightly" "$folder/env/bin/python" "$folder/twice.py" 2>>"$folder/errors" | tail -1)
echo "outputs that have a mask: 3.15.1 $release, nightly $nightly"
grep -i mask "$folder/errors" || echo "no warning about masks"
test "$release" = "[True, True]" && test "$nightly" = "[False, True]" && ! grep -qi mask "$folder/errors"
