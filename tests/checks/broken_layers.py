"""Layers that break one clause each, and some that break none, inside a target: `python broken_layers.py FRONT_END
[LAYER ...]`.

Writes one line of JSON for each: {"layer": ..., "bad": [clause ids], "text": ...}. Python 3.6 syntax.
"""

import json
import os
import sys
import warnings

from conformance.checks import check_layer
from conformance.worker import frontend


def declared(front):
    """By name: the clauses that are to catch the layer, the layer's factory, and the rest of its declaration."""
    keras, ops = front.keras, front.ops
    Layer = keras.layers.Layer

    class Base(Layer):
        def __init__(self, **arguments):
            super(Base, self).__init__(**arguments)
            self.supports_masking = True

        def compute_output_shape(self, input_shape):
            return input_shape

    def numbers(mask, x):
        return ops.expand_dims(ops.cast(mask, x.dtype), -1)

    def zeroed(x, mask):
        return x if mask is None else x * numbers(mask, x)

    class Good(Base):
        """x minus the sum of the unmasked steps."""

        def call(self, inputs, mask=None):
            return inputs - ops.expand_dims(ops.sum(zeroed(inputs, mask), axis=1), 1)

    class Pooling(Base):
        def call(self, inputs, mask=None):
            return ops.sum(zeroed(inputs, mask), axis=1)

        def compute_mask(self, inputs, mask=None):
            return None

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[2])

    class FlagTooEarly(Layer):
        """Overwritten by `Layer.__init__`."""

        def __init__(self, **arguments):
            self.__dict__["supports_masking"] = True
            super(FlagTooEarly, self).__init__(**arguments)

        def call(self, inputs, mask=None):
            return ops.sum(zeroed(inputs, mask), axis=1)

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[2])

    class NeedsMask(Pooling):
        def call(self, inputs, mask=None):
            if mask is None:
                raise ValueError("a mask is needed")
            return ops.sum(zeroed(inputs, mask), axis=1)

    class AttachedOnly(Good):
        def compute_mask(self, inputs, mask=None):
            return getattr(inputs, "_keras_mask", None)

    class Mixes(Base):
        def call(self, inputs):
            return inputs + ops.expand_dims(ops.sum(inputs, axis=1), 1)

    class InfiniteGradient(Base):
        def call(self, inputs, mask=None):
            return zeroed(inputs, mask) ** 0.5

    class FloatMask(Good):
        def compute_mask(self, inputs, mask=None):
            return None if mask is None else ops.cast(mask, "float32")

    class OldMask(Base):
        def call(self, inputs):
            return inputs[:, 1:-1] * 1.0

        def compute_output_shape(self, input_shape):
            return (input_shape[0], None if input_shape[1] is None else input_shape[1] - 2, input_shape[2])

    class NewMask(OldMask):
        def compute_mask(self, inputs, mask=None):
            return None if mask is None else mask[:, 1:-1]

    class ReturnsInput(Base):
        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, mask=None):
            return None

    class DividesByZero(Pooling):
        def call(self, inputs, mask=None):
            if mask is None:
                return ops.sum(inputs, axis=1) / float(inputs.shape[1])
            return ops.sum(zeroed(inputs, mask), axis=1) / ops.sum(numbers(mask, inputs), axis=1)

    class Both(Base):
        def call(self, inputs):
            return inputs[0] + inputs[1]

        def compute_mask(self, inputs, mask=None):
            if mask is None or all(m is None for m in mask):
                return None
            return ops.logical_and(mask[0], mask[1])

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    class CountsFromTheStart(Base):
        """Right for padding on the right: as many steps from the start as there are unmasked ones."""

        def call(self, inputs, mask=None):
            if mask is None:
                return inputs * 1.0
            real = ops.cast(mask, inputs.dtype)
            place = ops.cast(ops.convert_to_tensor([[float(i) for i in range(int(inputs.shape[1]))]]), inputs.dtype)
            early = ops.cast(place < ops.expand_dims(ops.sum(real, axis=1), -1), inputs.dtype)
            return inputs + ops.expand_dims(ops.sum(inputs * ops.expand_dims(early, -1), axis=1), 1)

    class LargeNumber(Pooling):
        """The mask times -1e9, which half precision cannot hold."""

        def call(self, inputs, mask=None):
            scores = ops.sum(inputs, axis=-1)
            if mask is not None:
                scores = scores + (1 - ops.cast(mask, inputs.dtype)) * ops.cast(-1e9, inputs.dtype)
            return ops.sum(ops.expand_dims(keras.activations.softmax(scores), -1) * inputs, axis=1)

    class EagerOnly(Base):
        def call(self, inputs, mask=None):
            x = zeroed(inputs, mask) if hasattr(inputs, "numpy") else inputs
            return inputs - ops.expand_dims(ops.sum(x, axis=1), 1)

    class Forgets(Good):
        def __init__(self, scale=1.0, **arguments):
            super(Forgets, self).__init__(**arguments)
            self.scale = scale

        def call(self, inputs, mask=None):
            return super(Forgets, self).call(inputs, mask) * self.scale

        def get_config(self):
            return super(Forgets, self).get_config()

    class Remembers(Good):
        """Uses the mask of the last call that had one."""

        def call(self, inputs, mask=None):
            if mask is not None:
                self.__dict__["_last"] = [mask]
            return super(Remembers, self).call(inputs, self.__dict__.get("_last", [None])[0])

    if front.is_keras3:

        class Backwards(keras.layers.SimpleRNN):
            """Ignores the mask where it reads from the end."""

            def call(self, sequences, initial_state=None, mask=None, training=False):
                mask = None if self.go_backwards else mask
                return super(Backwards, self).call(sequences, initial_state=initial_state, mask=mask, training=training)
    else:

        class Backwards(keras.layers.SimpleRNN):
            """Ignores the mask where it reads from the end."""

            def call(self, inputs, mask=None, training=None, initial_state=None):
                mask = None if self.go_backwards else mask
                return super(Backwards, self).call(inputs, mask=mask, training=training, initial_state=initial_state)

    class Warns(Good):
        def call(self, inputs, mask=None):
            if mask is not None:
                warnings.warn("the mask is used in an experimental way")
            return super(Warns, self).call(inputs, mask)

    class RefusesEagerly(Good):
        """Raises for padding on the left, in Python."""

        def call(self, inputs, mask=None):
            if mask is not None and hasattr(mask, "numpy") and not mask.numpy()[:, 0].all():
                raise ValueError("no padding on the left")
            return super(RefusesEagerly, self).call(inputs, mask)

    class InnerMask(Layer):
        """Knows nothing of masks, and returns what a layer inside has left a mask on."""

        def __init__(self, **arguments):
            super(InnerMask, self).__init__(**arguments)
            self.masking = keras.layers.Masking()

        def call(self, inputs):
            return self.masking(inputs)

    one, two = (2, 5, 3), [(2, 5, 3), (2, 5, 3)]
    cast = [] if front.is_keras3 else ["C12"]  # what a layer of tf.keras is given is cast, and has no mask then
    warns = ["C17"] if front.is_keras3 else []
    return {
        "good": ([], Good, one, {"kind": "consumer"}),
        "good, with any number of steps": ([], Good, (None, None, 3), {"kind": "consumer"}),
        "good pooling": ([], Pooling, one, {"kind": "consumer-remover"}),
        "good reshaper": ([], NewMask, one, {"kind": "reshaper", "expected_mask": lambda mask: mask[:, 1:-1]}),
        "flag too early": (["C1"] + warns, FlagTooEarly, one, {"kind": "consumer-remover"}),
        "needs a mask": (["C2"], NeedsMask, one, {"kind": "consumer-remover"}),
        "attached masks only": (["C3"] + cast, AttachedOnly, one, {"kind": "consumer"}),
        "mixes steps": (["C4"], Mixes, one, {"kind": "transparent"}),
        "infinite gradient": (["C5"], InfiniteGradient, one, {"kind": "consumer"}),
        "mask of floats": (["C6"], FloatMask, one, {"kind": "consumer"}),
        "mask of the old steps": (["C7"], OldMask, one, {"kind": "reshaper"}),
        "returns its input": (["C8"], ReturnsInput, one, {"kind": "remover"}),
        "leaves an inner mask": (["C8"], InnerMask, one, {"kind": "unaware"}),
        "divides by zero": (["C9"], DividesByZero, one, {"kind": "consumer-remover"}),
        "needs both masks": (["C10"], Both, two, {"kind": "combiner"}),
        "counts from the start": (["C11"], CountsFromTheStart, one, {"kind": "consumer"}),
        "refuses in one mode only": (["C11"], RefusesEagerly, one, {"kind": "consumer", "limits": ["left"]}),
        "large number": (["C12"], LargeNumber, one, {"kind": "consumer-remover"}),
        "eager only": (["C13"], EagerOnly, one, {"kind": "consumer"}),
        "forgets an argument": (["C14"], lambda: Forgets(scale=2.0), one, {"kind": "consumer"}),
        "remembers the mask": (["C15"], Remembers, one, {"kind": "consumer"}),
        "backwards": (["C16"], lambda: Backwards(4, return_sequences=True), one, {"kind": "consumer"}),
        "warns": (["C17"], Warns, one, {"kind": "consumer"}),
    }


def main(front_end, names):
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    front = frontend.FrontEnd(front_end)
    for name, (clauses, factory, shape, declaration) in declared(front).items():
        if names and name not in names:
            continue
        records = check_layer(factory, shape, raises=False, out=False, modes=MODES, **declaration)
        found = [record.clause.split("-")[0] for record in records.bad]
        line = {"layer": name, "caught": clauses, "found": found, "text": records.text()}
        channel.write(json.dumps(line) + "\n")
        channel.flush()


MODES = ["eager", "graph"]  # `jit` would repeat `graph` here

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
    sys.stderr.flush()
    os._exit(0)  # libraries keep threads that can hang the shutdown
