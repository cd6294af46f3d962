# /// script
# requires-python = "==3.11.*"
# dependencies = ["deepctr==0.9.4", "tensorflow-cpu==2.15.1"]
# ///
"""C2: with supports_masking=True, the sequence layers reject an input without a mask."""

import numpy as np
from deepctr.layers.sequence import AttentionSequencePoolingLayer, SequencePoolingLayer, WeightedSequenceLayer

x, weights, query = (np.ones((1, *shape), "float32") for shape in ((5, 3), (5, 1), (1, 3)))
for layer, inputs in (
    (SequencePoolingLayer(supports_masking=True), x),
    (WeightedSequenceLayer(supports_masking=True), [x, weights]),
    (AttentionSequencePoolingLayer(att_hidden_units=[4], supports_masking=True), [query, x]),
):
    try:
        layer(inputs)
        raise SystemExit("it works")
    except ValueError as error:
        print(type(layer).__name__, "::", str(error).splitlines()[2])
