"""What a case is given beside `keras` itself: `run`, `build`, `mask_of`, `static_shape`."""

from conformance.worker import values
from conformance.worker.modes import Unsupported, draw_weights
from conformance.worker.recorder import raised_by_ourselves


class Run(object):
    """Executes functions of tensors, and models, in the mode of the cell (fixture ``run``).

    Attributes:
        mode: name of the mode.
        executor: the `modes.Mode` itself, which cases have no need of.
    """

    def __init__(self, executor, recorder):
        self.mode = executor.name
        self.executor = executor
        self._recorder = recorder

    def __call__(self, fn, *arrays, **options):
        """`fn` of one tensor per array. Returns its result with NumPy arrays as leaves.

        Layers are made and built outside of `fn`. `fn` returns a tensor, None, or nested
        lists, tuples and dicts of these.
        shapes: static input shapes, None for a dimension unknown while tracing.
        """
        shapes = options.pop("shapes", None)
        assert not options, options
        with self._recorder.in_phase("call"):
            return self.executor.call(fn, arrays, shapes)

    def attempt(self, fn, *arrays, **options):
        """As a call, but an exception of Keras is returned, as a `Raised` to be recorded."""
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
        """`fn` behind the border of a compiled function of its own: `tf.function`, `jax.jit`."""
        return self.executor.traced(fn)

    def gradients(self, fn, tensors, weights=()):
        """Inside a function given to this object: the gradients of the scalar `fn(*tensors)`.

        weights: variables of built layers, such as `layer.trainable_weights`.
        Returns (value, gradients of the tensors, gradients of the weights); a gradient is
        None where nothing flows.
        """
        return self.executor.gradients(fn, list(tensors), list(weights))

    def compile(self, model, **arguments):
        """`model.compile` with the arguments that select this mode added."""
        self.executor.require_training_loop()
        arguments.update(self.executor.compile_arguments())
        with self._recorder.in_phase("compile"):
            model.compile(**arguments)

    def fit(self, model, *args, **arguments):
        """`model.fit`, silent; `model` was given to `compile` of this object."""
        self.executor.require_gradients()
        with self._recorder.in_phase("fit"):
            return model.fit(*args, verbose=0, **arguments)

    def train_on_batch(self, model, *args, **arguments):
        """The loss, or loss and metrics, of `model.train_on_batch`: a step of `fit` without what that sets up."""
        self.executor.require_gradients()
        with self._recorder.in_phase("fit"):
            return self._step(model, model.train_on_batch, args, arguments)

    def test_on_batch(self, model, *args, **arguments):
        """As `train_on_batch`: a step of `evaluate`."""
        if self.executor.front.backend == "numpy":  # there, Keras makes the loss in `evaluate` only
            return self.evaluate(model, *args, batch_size=len(args[0]), **arguments)
        with self._recorder.in_phase("call"):
            return self._step(model, model.test_on_batch, args, arguments)

    def _step(self, model, method, args, arguments):
        if hasattr(model, "reset_metrics"):  # otherwise they add to what steps before have seen; Keras 2.2 forgets it
            model.reset_metrics()
        found = method(*args, **arguments)
        return [float(number) for number in found] if isinstance(found, (list, tuple)) else float(found)

    def evaluate(self, model, *args, **arguments):
        """`model.evaluate`, silent."""
        with self._recorder.in_phase("call"):
            return model.evaluate(*args, verbose=0, **arguments)

    def predict(self, model, *args, **arguments):
        """`model.predict`, silent."""
        with self._recorder.in_phase("call"):
            return model.predict(*args, verbose=0, **arguments)

    def saving(self):
        """Context in which exceptions belong to the phase "save"."""
        return self._recorder.in_phase("save")


def make_build(mode):
    def build(layer, input_shape=None, seed=0):
        """Build a layer for `input_shape` (a model is built already) and set its weights.

        The weights are drawn from `seed`: none is zero, no two are alike. Returned as
        NumPy arrays in the order of `layer.weights`.
        """
        if input_shape is not None:
            layer.build(input_shape)
        arrays = draw_weights(mode.weight_shapes(layer), seed)
        mode.set_weights(layer, arrays)
        return arrays

    return build


def make_mask_of(keras):
    class Probe(keras.layers.Layer):
        """Lets the next layer's view of a mask be seen: the only way that works on every Keras."""

        def __init__(self, seen):
            super(Probe, self).__init__()
            self.supports_masking = True
            self.autocast = self._autocast = False  # a cast of the input loses its mask on some versions
            self._see = seen.append

        def call(self, inputs, mask=None):
            self._see(mask)
            return inputs

    def mask_of(tensor):
        """The mask that a layer called on `tensor` is given: a tensor, or None. Symbolic tensors too."""
        seen = []
        Probe(seen)(tensor)
        # While a model is constructed, `call` is given stand-ins for tensors; Keras 3 keeps the symbolic mask as well.
        symbolic = isinstance(tensor, getattr(keras, "KerasTensor", ()))
        return tensor._keras_mask if symbolic and seen[-1] is not None else seen[-1]

    return mask_of


def static_shape(tensor):
    """The shape known before anything runs, as a list; None for an unknown dimension."""
    if tensor is None:
        return None
    dimensions = tensor.shape if isinstance(tensor.shape, tuple) else tensor.shape.as_list()
    return [None if d is None else int(d) for d in dimensions]
