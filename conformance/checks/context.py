"""What the body of a clause is given: the layer, and calls of it in one mode."""

import numpy as np

from conformance.checks import masks as patterns
from conformance.checks.errors import clip, one_line
from conformance.checks.layer_spec import make_layer, parameters
from conformance.checks.reference import copy, make_attach
from conformance.worker import modes, structure, values
from conformance.worker.modes import Unsupported
from conformance.worker.recorder import Recorder

_ATTACH = {}


class NotApplicable(Unsupported):
    """A clause does not apply to this layer; the message says why."""


class CallResult:
    """What a call returned.

    Attributes:
        outputs: One array for each output.
        masks: For each output its mask, an array, or None.
    """

    def __init__(self, outputs, masks):
        self.outputs, self.masks = outputs, masks


class ClauseContext:
    """Makes and calls one layer in one mode, and records what a clause observes.

    Attributes:
        state: The `LayerState` of the layer.
        spec: Its `LayerSpec`.
        record: The `Recorder`, as in the body of a case.
        run: The `fixtures.Run` of the mode, as in the body of a case.
        mask_of: Function that returns the mask that a following layer would see on a tensor.
        front: The front end; `keras` and `ops` are its modules.
        mode: Name of the mode.
        modes: Names of all modes in which the layer is checked.
        is_first: Whether this is the mode in which most clauses are tried.
        notes: What was not tried, and why.
    """

    def __init__(self, state, record, run, mask_of, modes=()):
        self.state, self.spec = state, state.spec
        self.record, self.run, self.mask_of = record, run, mask_of
        self.front, self.mode = run.executor.front, run.mode
        self.modes = list(modes) or [self.mode]
        self.is_first = self.mode == self.modes[0]
        self.keras, self.ops = self.front.keras, self.front.ops
        if id(self.front) not in _ATTACH:
            _ATTACH[id(self.front)] = make_attach(self.front)
        self.Attach = _ATTACH[id(self.front)]
        self.notes = []

    @property
    def kind(self):
        """Name of the kind of the layer; None until it is declared or inferred."""
        return self.state.kind

    def cached(self, question):
        """Return `question(context)`, computed once for each layer and mode, however many clauses ask."""
        cache, key = self.state.cache, (question.__name__, self.mode)
        if key not in cache:
            cache[key] = question(self)
        return cache[key]

    def isolated(self, state=None):
        """Return a context with a recorder of its own, in the same mode.

        Args:
            state: The `LayerState` of another layer; by default that of the same layer.
        """
        return ClauseContext(state or self.state, Recorder(), self.run, self.mask_of, self.modes)

    # The layer

    def layer(self):
        """Make and build a new layer; all of them have the same weights."""
        layer = make_layer(self.spec)
        self.build(layer)
        return layer

    def build(self, layer, with_masks=None):
        """Build a layer by calling it, and set its weights.

        Args:
            layer: The layer.
            with_masks: Whether the inputs have masks, all True; by default only if the layer needs them.
        """
        spec = self.spec
        if self.is_eager_process:
            inputs = [self._tensor(a) for a in spec.arrays()]
        else:
            inputs = self.symbolic_inputs()
        if self.state.needs_mask if with_masks is None else with_masks:
            masks = enumerate(spec.masks("all-true") if self.is_eager_process else self._symbolic_masks())
            inputs = self.attach(inputs, {i: self._tensor(m) for i, m in masks if m is not None})
        spec.apply(layer, inputs)
        self.set_weights(layer)

    def set_weights(self, layer):
        """Give a built layer the weights that all instances have."""
        if not layer.weights:
            return
        if self.state.weights is None:
            self.state.weights = self._varied(layer, self._initial(layer), self.state.redraws_weights)
        self.run.executor.set_weights(layer, self.state.weights)

    def _initial(self, layer):
        if self.front.is_keras3 and self.mode == "session":
            return self.run(lambda: [w.value for w in layer.weights])
        return layer.get_weights()

    @staticmethod
    def _varied(layer, arrays, every=False):
        """Return weights without uniform arrays among those that are trained: these would hide what they multiply.

        Args:
            layer: The layer.
            arrays: Its initial weights.
            every: Whether to draw all trained weights anew, since initializers draw other numbers on other versions.
        """
        trained = {id(w) for w in layer.trainable_weights}
        random, found = np.random.RandomState(53), []
        for weight, array in zip(layer.weights, arrays):
            array = np.asarray(array)
            alike = array.size and array.dtype.kind == "f" and np.all(array == array.ravel()[0])
            if every and id(weight) in trained and array.size and array.dtype.kind == "f":
                signs = 1 if np.all(array > 0) else random.choice([-1, 1], array.shape)
                array = random.uniform(0.1, 0.6, array.shape) * signs
            elif alike and id(weight) in trained:
                array = array + (random.uniform(0.1, 0.3, array.shape) * random.choice([-1, 1], array.shape))
            found.append(np.asarray(array, arrays[len(found)].dtype))
        return found

    @property
    def is_eager_process(self):
        """Whether layers can be called on tensors with values outside of `run`."""
        return self.front.tf is None or (self.front.tf.executing_eagerly() and not self.front.is_standalone_keras2)

    def _tensor(self, array):
        if isinstance(array, np.ndarray) and array.dtype.kind == "O":
            return self.front.tf.constant(array.tolist(), shape=array.shape)
        return self.ops.convert_to_tensor(array) if isinstance(array, np.ndarray) else array

    def symbolic_inputs(self):
        """Return a `keras.Input` for each input."""
        return [self.keras.Input(shape[1:], dtype=d) for shape, d in zip(self.spec.shapes, self.spec.dtypes)]

    def supports(self, layer):
        """Return whether Keras calls `compute_mask` of the layer when an input has a mask."""
        if layer.supports_masking:
            return True
        # Before TensorFlow 2.2 an overridden method is called whatever the flag says.
        Layer = self.keras.layers.Layer

        class Overrides(Layer):
            def compute_mask(self, inputs, mask=None):
                return mask

        overridden = getattr(type(layer).compute_mask, "__module__", "") != Layer.compute_mask.__module__
        return bool(overridden and not Overrides().supports_masking)

    def _symbolic_masks(self):
        """Return a `keras.Input` for the mask of each input, None for an input without one."""
        rank = self.spec.mask_rank
        pairs = zip(self.spec.shapes, self.spec.masked)
        return [self.keras.Input(shape[1:rank], dtype="bool") if masked else None for shape, masked in pairs]

    # Models

    def functional(self, layer, around=None):
        """Construct a functional model of the inputs and their masks that attaches the masks and calls the layer.

        Args:
            layer: The layer.
            around: Function of the layer and the tensors, called instead of the layer.

        Returns:
            The model; its inputs are those of the layer, then the masks that are not None.

        Raises:
            NotApplicable: The model cannot be constructed without masks either.
        """
        try:
            return self._functional(layer, around or self.spec.apply)
        except Exception:
            try:
                self.plain_model(layer)
            except Exception as error:
                raise NotApplicable(
                    "it cannot be part of a functional model, with or without masks: %s" % one_line(error)
                )
            raise

    def plain_model(self, layer):
        """Construct a functional model of the inputs alone, without masks."""
        inputs = self.symbolic_inputs()
        return self.keras.Model(inputs, self.spec.apply(layer, inputs))

    def _functional(self, layer, call):
        inputs = self.symbolic_inputs()
        masks = {i: mask for i, mask in enumerate(self._symbolic_masks()) if mask is not None}
        given = [self.Attach()([t, masks[i]]) if i in masks else t for i, t in enumerate(inputs)]
        outputs = flat(call(layer, given))
        return self.keras.Model(inputs + [masks[i] for i in sorted(masks)], outputs if len(outputs) > 1 else outputs[0])

    def make_predictable(self, model):
        """Compile the model so that `predict` runs in the mode.

        Raises:
            Unsupported: There is no `predict` in this mode.
        """
        if self.run.executor.compile_arguments():
            self.run.compile(model, optimizer="sgd")
        else:  # it predicts without, and could not be compiled without a loss
            self.run.executor.require_training_loop()

    def attempt_model(self, model, arrays, masks):
        """Call a model that `functional` has constructed, as `attempt` calls a layer."""
        try:
            found = self.run(
                lambda *t: self.outputs_and_masks(model(list(t))), *(arrays + [m for m in masks if m is not None])
            )
            return CallResult(*found)
        except Unsupported:
            raise
        except Exception as error:
            return raised(error)

    # Calls

    def call(self, layer, arrays, masks=None, explicit=None):
        """Call the layer on arrays, in the mode.

        Args:
            layer: A built layer.
            arrays: One array for each input.
            masks: The mask to attach to each input, None for an input without one; None for no masks at all.
            explicit: The same, passed as the argument `mask` instead.

        Returns:
            A `CallResult`.
        """
        return self._in_mode(lambda fn, given: self.run(fn, *given), layer, arrays, masks, explicit)

    def attempt(self, layer, arrays, masks=None, explicit=None):
        """Call the layer as `call` does; return what it raises, as a `values.Raised`."""
        try:
            return self.call(layer, arrays, masks, explicit)
        except Unsupported:
            raise
        except Exception as error:
            return raised(error)

    def eagerly(self, layer, arrays, masks=None):
        """Call the layer as `attempt` does, but op by op, whatever the mode. Only in an eager process."""
        plain = modes.Mode(self.front)
        try:
            return self._in_mode(lambda fn, given: plain.call(fn, given), layer, arrays, masks, None)
        except Exception as error:
            return raised(error)

    def _in_mode(self, run, layer, arrays, masks, explicit):
        present = [i for i, m in enumerate(masks or []) if m is not None]
        passed_to = [i for i, m in enumerate(explicit or []) if m is not None]
        given = list(arrays) + [masks[i] for i in present] + [explicit[i] for i in passed_to]
        count = len(arrays)

        def fn(*tensors):
            tensors = list(tensors)
            attached = dict(zip(present, tensors[count : count + len(present)]))
            inputs = self.attach(tensors[:count], attached)
            arguments = {}
            if explicit is not None:
                by_input = dict(zip(passed_to, tensors[count + len(present) :]))
                passed = [by_input.get(i) for i in range(count)]
                arguments["mask"] = passed if self.spec.several else passed[0]
            return self.outputs_and_masks(self.spec.apply(layer, inputs, **arguments))

        outputs, output_masks = run(fn, given)
        return CallResult(outputs, output_masks)

    def attach(self, tensors, masks):
        """Return copies of the tensors, with the masks attached that the dict `masks` has for their numbers."""
        return [self.Attach()([t, masks[i]]) if i in masks else copy(self.ops, t) for i, t in enumerate(tensors)]

    def outputs_and_masks(self, result):
        """Return the outputs of a layer as a flat list, and the masks that the next layer would see on them."""
        outputs = flat(result)
        return [outputs, [self.mask_of(output) for output in outputs]]

    # What is expected

    def kept(self, result, masks):
        """Return for each output a bool array of its shape, True where it counts: at unmasked steps, or everywhere.

        The mask of the output decides if its shape fits, else that of an input with as many steps.

        Args:
            result: A `CallResult`.
            masks: The masks of the inputs.

        Raises:
            NotApplicable: The layer is a reshaper and the mask of its output does not fit.
        """
        return [self._kept(o, m, masks) for o, m in zip(result.outputs, result.masks)]

    def _kept(self, output, own, masks):
        fits = own is not None and own.ndim <= output.ndim and own.shape == output.shape[: own.ndim]
        if self.kind == "reshaper" and not fits:
            raise NotApplicable("the mask of its output has the wrong shape; see C7-recomputed-mask")
        if fits and self.kind not in ("transparent", "consumer"):
            mask = own.astype(bool)
        else:
            same = [m for m in masks if m is not None and m.ndim <= output.ndim and m.shape == output.shape[: m.ndim]]
            if not same:
                return np.ones(output.shape, bool)
            mask = np.all(same, axis=0)
        return np.broadcast_to(patterns.expand_to(mask, output.ndim), output.shape)

    def record_outputs(self, name, observed, expected, kept=None, **tolerance):
        """Record each output beside the expected one.

        Args:
            name: Name of the fact.
            observed: A `CallResult`, or what was raised, a `values.Raised`.
            expected: A `CallResult`.
            kept: Where the outputs are compared (see `kept`); by default everywhere.
            **tolerance: `rtol` and `atol`.
        """
        if isinstance(observed, values.Raised):
            self.record(name, observed, expected="no exception")
            return
        ours, theirs = observed.outputs, expected.outputs
        if kept is not None and [o.shape for o in ours] == [k.shape for k in kept]:
            ours = [np.where(k, o, np.zeros_like(o)) for o, k in zip(ours, kept)]
            theirs = [np.where(k, o, np.zeros_like(o)) for o, k in zip(theirs, kept)]
        for i, (one, other) in enumerate(zip(ours, theirs)):
            self.record(numbered(name, i, len(ours)), one, expected=other, **tolerance)

    def record_masks(self, name, observed, expected):
        """Record the mask of each output beside the expected one: an array, None, or `ANY`, which is not compared."""
        if isinstance(observed, values.Raised):
            self.record(name, observed, expected="no exception")
            return
        for i, (one, other) in enumerate(zip(observed.masks, expected)):
            if other is not ANY:
                self.record(numbered(name, i, len(expected)), one, expected=other)

    def note(self, text):
        """Note what was not tried, and why."""
        self.notes.append(text)

    @property
    def takes_mask(self):
        """Whether `call` of the layer has an argument `mask`."""
        return "mask" in parameters(make_layer(self.spec).call)


ANY = object()  # an expected mask that is not compared


def raised(error):
    """Return an exception as a value to record."""
    found = values.Raised.of(error, "call")
    found.message = clip(" ".join(found.message.split()))
    return found


def numbered(name, i, of):
    """Return the name of the fact about item `i`, with its number if there are several."""
    return name if of == 1 else "%s %d" % (name, i)


def flat(result):
    """Return the tensors in nested lists, tuples and dicts, in order, without None."""
    leaves = []
    structure.flatten(result, leaves)
    return leaves
