#!/bin/sh
# TensorFlow 1.15.0, eager execution: TimeDistributed(LSTM) and TimeDistributed(GRU) ignore the mask that they are passed;
# TimeDistributed(SimpleRNN) uses it. Nothing warns.
#
# Cause: if the batch size is known, TimeDistributed reshapes its input and passes the mask for layers of Keras only, which
# `layer_utils.is_builtin_layer` tells by `_keras_api_names`. The LSTM and GRU of `tf.keras` in TensorFlow 1 are exported under
# `_keras_api_names_v1` alone, so they count as layers of somebody else's, which are called step by step without the mask.
# Related: keras-team/keras#13176.
#
# Needs Python 3.7 with pip. Exit code: 0 as stated, 1 not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.7 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check tensorflow-cpu==1.15.0 protobuf==3.20.3 numpy==1.18.5
cat > "$folder/mask.py" <<'PYTHON'
import numpy as np
import tensorflow as tf

tf.compat.v1.enable_eager_execution()
x = np.random.RandomState(0).uniform(0.5, 1, (2, 3, 4, 5)).astype("float32")
mask = np.ones((2, 3, 4), bool)
mask[:, :, 2:] = False
other = np.where(mask[..., None], x, np.float32(9))  # differs at masked steps only
for name in ("SimpleRNN", "LSTM", "GRU"):
    layer = tf.keras.layers.TimeDistributed(getattr(tf.keras.layers, name)(2))
    one, two = (layer(tf.constant(values), mask=tf.constant(mask)).numpy() for values in (x, other))
    print(name, "uses the mask" if np.allclose(one, two) else "ignores the mask")
PYTHON
"$folder/env/bin/python" "$folder/mask.py" 2>"$folder/errors" | tee "$folder/output"
printf 'SimpleRNN uses the mask\nLSTM ignores the mask\nGRU ignores the mask\n' | cmp - "$folder/output"
