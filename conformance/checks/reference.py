"""A minimal layer of each kind that keeps the contract, as far as Keras lets it.

A clause that a layer breaks is tried on the minimal layer of its kind as well. If that breaks it in the same way, the
cause lies in Keras.
"""

from conformance.checks.layer_spec import LayerSpec, make_layer, parameters

_OF_FRONT = {}


def reference(front, spec, kind):
    """Declare the minimal layer that stands for a layer.

    Args:
        front: The front end.
        spec: The `LayerSpec` of the layer.
        kind: Name of its kind.

    Returns:
        A `LayerSpec` with the same inputs and a minimal layer of that kind.
    """
    if id(front) not in _OF_FRONT:
        _OF_FRONT[id(front)] = make_layers(front)
    layers = _OF_FRONT[id(front)]
    cls = layers[kind]
    if "mask" in parameters(make_layer(spec).call):  # Keras treats a layer otherwise if its call has this argument
        cls = layers.get(kind + " with mask", cls)
    return LayerSpec(
        factory=(lambda: cls(spec.padding)) if kind == "producer" else cls,
        input_shape=spec.declared_shapes,
        kind=kind,
        dtype=spec.dtypes,
        call={k: v for k, v in spec.call.items() if k == "training"},
        as_arguments=spec.as_arguments,
        masked=spec.masked,
        mask_rank=spec.mask_rank,
        expected_mask=(lambda *masks: masks[0][:, ::2]) if kind == "reshaper" else None,
        padding=spec.padding,
        max_id=spec.max_id,
        custom_objects={c.__name__: c for c in layers.values()},
        name="a minimal %s" % kind,
    )


def make_layers(front):
    """Define the minimal layers of a front end.

    Returns:
        Dict of the name of a kind to a class; all but that of the producer take no arguments. Where the argument `mask`
        of `call` makes a difference there is also a class "KIND with mask".
    """
    keras, ops = front.keras, front.ops

    def real(x):
        """Return a new tensor, of floats, that depends on x."""
        name = str(getattr(x.dtype, "name", x.dtype))
        if "float" in name:
            return x * ops.cast(2.0, name)
        if "string" in name:
            return ops.cast(ops.not_equal(x, ""), "float32")
        return ops.cast(x, "float32") * 2.0

    def expand(mask, like):
        """Return the mask with trailing axes of size 1, up to the rank of `like`."""
        for _ in range(len(like.shape) - len(mask.shape)):
            mask = ops.expand_dims(mask, -1)
        return mask

    def keep(x, mask):
        return x if mask is None else ops.where(expand(mask, x), x, ops.zeros_like(x))

    def mean(x, mask):
        """Return the mean over unmasked steps."""
        count = ops.ones_like(x) if mask is None else keep(ops.ones_like(x), mask)
        count = ops.sum(count, axis=1)
        return ops.sum(keep(x, mask), axis=1) / ops.where(ops.equal(count, 0.0), ops.ones_like(count), count)

    class Base(keras.layers.Layer):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            self.supports_masking = True

        def compute_output_shape(self, input_shape):
            return input_shape

    class MinimalTransparent(Base):
        def call(self, inputs, training=None):
            return real(inputs)

    class MinimalConsumer(Base):
        def call(self, inputs, mask=None, training=None):
            x = real(inputs)
            return x - ops.expand_dims(mean(x, mask), 1)

    class MinimalConsumerRemover(Base):
        def call(self, inputs, mask=None, training=None):
            return mean(real(inputs), mask)

        def compute_mask(self, inputs, mask=None):
            return None

        def compute_output_shape(self, input_shape):
            return (input_shape[0],) + tuple(input_shape[2:])

    class MinimalReshaper(Base):
        def call(self, inputs, training=None):
            return real(inputs)[:, ::2]

        def compute_mask(self, inputs, mask=None):
            return None if mask is None else mask[:, ::2]

        def compute_output_shape(self, input_shape):
            steps = input_shape[1]
            return (input_shape[0], None if steps is None else (steps + 1) // 2) + tuple(input_shape[2:])

    class MinimalCombiner(Base):
        """Adds the sum of the unmasked steps of each other input to the unmasked steps of the first."""

        def call(
            self,
            inputs,
            second=None,
            third=None,
            mask=None,
            inputs_mask=None,
            second_mask=None,
            third_mask=None,
            training=None,
        ):
            if isinstance(inputs, (list, tuple)):
                tensors = list(inputs)
                masks = list(mask) if isinstance(mask, (list, tuple)) else [None] * len(tensors)
            else:
                tensors = [inputs] + [t for t in (second, third) if t is not None]
                masks = [inputs_mask if mask is None else mask, second_mask, third_mask]
            x = keep(real(tensors[0]), masks[0])
            for other, mask in zip(tensors[1:], masks[1:]):
                x = x + ops.sum(keep(real(other), mask))
            return x

        def compute_mask(self, inputs, mask=None):
            return mask[0] if isinstance(mask, (list, tuple)) else mask

        def compute_output_shape(self, input_shape, *others):
            return input_shape[0] if isinstance(input_shape[0], (list, tuple)) else input_shape

    class MinimalRemover(Base):
        def call(self, inputs, training=None):
            return real(inputs)

        def compute_mask(self, inputs, mask=None):
            return None

    # Keras 2.3 does not export it.
    Wrapper = getattr(keras.layers, "Wrapper", None) or keras.layers.TimeDistributed.__mro__[1]

    class MinimalWrapper(Wrapper):
        def __init__(self, layer=None, **arguments):
            super().__init__(layer or keras.layers.Activation("linear"), **arguments)
            self.supports_masking = True

        def call(self, inputs, mask=None, training=None):
            x = real(inputs)
            return self.layer(x - ops.expand_dims(mean(x, mask), 1)) * 2.0

        def compute_mask(self, inputs, mask=None):
            return mask

        def compute_output_shape(self, input_shape):
            return input_shape

    class MinimalTransparentWithMask(MinimalTransparent):
        def call(self, inputs, mask=None, training=None):
            return real(inputs)

    class MinimalReshaperWithMask(MinimalReshaper):
        def call(self, inputs, mask=None, training=None):
            return real(inputs)[:, ::2]

    class MinimalRemoverWithMask(MinimalRemover):
        def call(self, inputs, mask=None, training=None):
            return real(inputs)

    class MinimalProducer(Base):
        def __init__(self, padding=0, **arguments):
            super().__init__(**arguments)
            self.padding = padding

        def call(self, inputs, training=None):
            return real(inputs)

        def compute_mask(self, inputs, mask=None):
            padding = ops.cast(self.padding, inputs.dtype)
            different = ops.not_equal(inputs, padding)
            while len(different.shape) > 2:
                different = ops.any(different, axis=-1)
            return different

        def get_config(self):
            return dict(super().get_config(), padding=self.padding)

    class MinimalUnaware(keras.layers.Layer):
        def call(self, inputs, *others, **arguments):
            return real(inputs[0] if isinstance(inputs, (list, tuple)) else inputs)

        def compute_output_shape(self, input_shape, *others):
            return input_shape[0] if isinstance(input_shape[0], (list, tuple)) else input_shape

    return {
        "producer": MinimalProducer,
        "transparent": MinimalTransparent,
        "consumer": MinimalConsumer,
        "consumer-remover": MinimalConsumerRemover,
        "reshaper": MinimalReshaper,
        "combiner": MinimalCombiner,
        "remover": MinimalRemover,
        "wrapper": MinimalWrapper,
        "unaware": MinimalUnaware,
        "transparent with mask": MinimalTransparentWithMask,
        "reshaper with mask": MinimalReshaperWithMask,
        "remover with mask": MinimalRemoverWithMask,
    }


def make_attach(front):
    """Define a layer of this front end that attaches a mask to a tensor."""
    keras, ops = front.keras, front.ops

    class Attach(keras.layers.Layer):
        """Called on [x, mask], returns a copy of x with that mask."""

        def __init__(self, **arguments):
            super().__init__(**arguments)
            self.autocast = self._autocast = False

        def call(self, inputs):
            return copy(ops, inputs[0])

        def compute_mask(self, inputs, mask=None):
            return inputs[1]

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    return Attach


def copy(ops, x):
    """Return a new tensor with the same values, so that a mask on one of the two is not on the other."""
    name = str(getattr(x.dtype, "name", x.dtype))
    if "string" in name:
        return ops.reshape(x, ops.shape(x))
    if "bool" in name:
        return ops.logical_not(ops.logical_not(x))
    return x + ops.zeros_like(x)
