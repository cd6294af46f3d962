"""The smallest layer of each kind that keeps the contract, as far as Keras lets it.

A clause that a layer breaks is tried on the one of its kind. If that fails alike, Keras does it to every layer.
"""

from conformance.checks.layer_spec import LayerSpec, make_layer, parameters

_OF_FRONT = {}


def reference(front, subject):
    """The subject that stands for `subject`: as it is declared, of the same kind."""
    if id(front) not in _OF_FRONT:
        _OF_FRONT[id(front)] = make_layers(front)
    layers = _OF_FRONT[id(front)]
    cls = layers[subject.kind]
    if "mask" in parameters(make_layer(subject).call):  # Keras treats a layer otherwise if its call has this argument
        cls = layers.get(subject.kind + " with mask", cls)
    padding = subject.padding
    twin = LayerSpec(
        factory=(lambda: cls(padding)) if subject.kind == "producer" else cls,
        input_shape=subject.shapes,
        kind=subject.kind,
        dtype=subject.dtypes,
        call={k: v for k, v in subject.call.items() if k == "training"},
        as_arguments=subject.as_arguments,
        masked=subject.masked,
        mask_rank=subject.mask_rank,
        padding=padding,
        max_id=subject.max_id,
        custom_objects={c.__name__: c for c in _OF_FRONT[id(front)].values()},
        name="a minimal %s" % subject.kind,
    )
    twin.any_length = subject.any_length
    if subject.kind == "reshaper":
        twin.expected_mask = lambda *masks: masks[0][:, ::2]
    return twin


def make_layers(front):
    """By kind, a class of layers of this front end; all but the producer take no arguments."""
    keras, ops = front.keras, front.ops

    def real(x):
        """x as numbers that can be computed with; a tensor of its own."""
        name = str(getattr(x.dtype, "name", x.dtype))
        if "float" in name:
            return x * ops.cast(2.0, name)
        if "string" in name:
            return ops.cast(ops.not_equal(x, ""), "float32")
        return ops.cast(x, "float32") * 2.0

    def spread(mask, like):
        """The mask as numbers, with axes of size 1 up to the rank of `like`."""
        for _ in range(len(like.shape) - len(mask.shape)):
            mask = ops.expand_dims(mask, -1)
        return mask

    def keep(x, mask):
        return x if mask is None else ops.where(spread(mask, x), x, ops.zeros_like(x))

    def mean(x, mask):
        """The mean over unmasked steps, without the axis."""
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
        """The first input, without what is masked in it, and a number made of the unmasked steps of each other."""

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

    # Keras 2.3 keeps it to itself.
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
    """Function: a tensor like this one, which has this mask."""
    keras, ops = front.keras, front.ops

    class Attach(keras.layers.Layer):
        """Called on [x, mask]: x with that mask."""

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
    """A tensor of its own with the same values: what has a mask or gets one later is another tensor."""
    name = str(getattr(x.dtype, "name", x.dtype))
    if "string" in name:
        return ops.reshape(x, ops.shape(x))
    if "bool" in name:
        return ops.logical_not(ops.logical_not(x))
    return x + ops.zeros_like(x)
