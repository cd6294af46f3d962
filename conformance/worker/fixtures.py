"""The fixtures of cases beside `keras` itself: `run`, `build`, `mask_of`, `static_shape`."""

import numpy as np

from conformance.worker import values
from conformance.worker.backends import Unsupported
from conformance.worker.recorder import raised_by_ourselves


class Run(object):
    """Executes functions of tensors, and models, in the mode of the cell (fixture ``run``).

    Attributes:
        mode: Name of the mode.
        executor: The `modes.Mode`, which cases do not need.
    """

    def __init__(self, executor, recorder):
        self.mode = executor.name
        self.executor = executor
        self._recorder = recorder

    def __call__(self, fn, *arrays, **options):
        """Call `fn` with one tensor per array.

        Args:
            fn: Function that returns a tensor, None, or nested lists, tuples and dicts of these. Layers are made and
                built outside of it.
            *arrays: NumPy arrays.
            **options: `shapes`, the static shape of each input; None for a dimension that is unknown while tracing.

        Returns:
            The result of `fn`, with NumPy arrays as leaves.
        """
        shapes = options.pop("shapes", None)
        assert not options, options
        with self._recorder.in_phase("call"):
            return self.executor.call(fn, arrays, shapes)

    def attempt(self, fn, *arrays, **options):
        """Call `fn` likewise, but return an exception of Keras as a `Raised`, to be recorded."""
        outer = self._recorder.phase
        try:
            return self(fn, *arrays, **options)
        except Unsupported:
            raise
        except Exception as error:
            if raised_by_ourselves(error):
                raise
            raised = values.Raised.of(error, self._recorder.phase)
            self._recorder.phase = outer
            return raised

    def traced(self, fn):
        """Return `fn` as a compiled function of the backend: `tf.function`, `jax.jit` or `torch.compile`."""
        return self.executor.traced(fn)

    def gradients(self, fn, tensors, weights=()):
        """Differentiate a scalar, inside a function that this object calls.

        Args:
            fn: Function of the tensors that returns a scalar.
            tensors: Tensors.
            weights: Variables of built layers, such as `layer.trainable_weights`.

        Returns:
            The scalar, its gradients with respect to the tensors, and those with respect to the weights. A gradient is
            None where nothing flows, zeros on JAX.
        """
        return self.executor.gradients(fn, list(tensors), list(weights))

    def compile(self, model, **arguments):
        """Call `model.compile` with the arguments that select this mode added."""
        self.executor.require_training_loop()
        arguments.update(self.executor.compile_arguments())
        with self._recorder.in_phase("compile"):
            model.compile(**arguments)

    def fit(self, model, *args, **arguments):
        """Call `model.fit` without output, after `compile` of this object."""
        self.executor.require_gradients()
        with self._recorder.in_phase("fit"):
            return model.fit(*args, verbose=0, **arguments)

    def train_on_batch(self, model, *args, **arguments):
        """Return loss, or loss and metrics, of `model.train_on_batch`: one step of `fit` without its set-up."""
        self.executor.require_gradients()
        with self._recorder.in_phase("fit"):
            return self._step(model, model.train_on_batch, args, arguments)

    def test_on_batch(self, model, *args, **arguments):
        """Return loss, or loss and metrics, of `model.test_on_batch`: one step of `evaluate`."""
        if self.executor.front.backend == "numpy":  # where Keras creates the loss in `evaluate` only
            return self.evaluate(model, *args, batch_size=len(args[0]), **arguments)
        with self._recorder.in_phase("call"):
            return self._step(model, model.test_on_batch, args, arguments)

    def _step(self, model, method, args, arguments):
        if hasattr(model, "reset_metrics"):  # otherwise metrics accumulate over steps; Keras 2.2 resets them itself
            model.reset_metrics()
        found = method(*args, **arguments)
        return [float(number) for number in found] if isinstance(found, (list, tuple)) else float(found)

    def evaluate(self, model, *args, **arguments):
        """Call `model.evaluate` without output."""
        with self._recorder.in_phase("call"):
            return model.evaluate(*args, verbose=0, **arguments)

    def predict(self, model, *args, **arguments):
        """Call `model.predict` without output."""
        with self._recorder.in_phase("call"):
            return model.predict(*args, verbose=0, **arguments)

    def saving(self):
        """Return a context in which exceptions are attributed to the phase "save"."""
        return self._recorder.in_phase("save")


def draw_weights(shapes, seed):
    """Draw one float32 array per shape: no zero, no two alike, magnitudes in [0.1, 0.7), both signs."""
    draw = np.random.RandomState(seed)
    return [(draw.uniform(0.1, 0.7, s) * draw.choice([-1.0, 1.0], s)).astype("float32") for s in shapes]


def make_build(mode):
    """Return the fixture ``build`` of a mode."""

    def build(layer, input_shape=None, seed=0):
        """Build a layer for an input shape and set its weights.

        Args:
            layer: A layer, or a model that is built already.
            input_shape: With the batch dimension; None for a model.
            seed: Seed of the weights: none is zero, no two are equal.

        Returns:
            The weights as NumPy arrays, in the order of `layer.weights`.
        """
        if input_shape is not None:
            layer.build(input_shape)
        arrays = draw_weights(mode.weight_shapes(layer), seed)
        mode.set_weights(layer, arrays)
        return arrays

    return build


def make_mask_of(keras):
    """Return the fixture ``mask_of`` of a Keras."""

    class Probe(keras.layers.Layer):
        """Shows the mask that a following layer receives: the only way that works on every Keras."""

        def __init__(self, seen):
            super(Probe, self).__init__()
            self.supports_masking = True
            self.autocast = self._autocast = False  # a cast input loses its mask on some versions
            self._see = seen.append

        def call(self, inputs, mask=None):
            self._see(mask)
            return inputs

    def mask_of(tensor):
        """Return the mask that a layer called on `tensor`, symbolic or not, receives; None if there is none."""
        seen = []
        Probe(seen)(tensor)
        # While a model is constructed, Keras 3 calls `call` with placeholders; the symbolic mask is an attribute.
        symbolic = isinstance(tensor, getattr(keras, "KerasTensor", ()))
        return tensor._keras_mask if symbolic and seen[-1] is not None else seen[-1]

    return mask_of


def static_shape(tensor):
    """Return the static shape of a tensor as a list, None for an unknown dimension; None for None."""
    if tensor is None:
        return None
    dimensions = tensor.shape if isinstance(tensor.shape, tuple) else tensor.shape.as_list()
    return [None if d is None else int(d) for d in dimensions]
