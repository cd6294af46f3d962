"""What a clause is given: the subject, and calls of it in one mode."""

import numpy as np

from conformance.checks import masks as patterns
from conformance.checks.errors import clip, one_line
from conformance.checks.layer_spec import make_layer, parameters
from conformance.checks.reference import copy, make_attach
from conformance.worker import modes, values
from conformance.worker.modes import Unsupported
from conformance.worker.recorder import Recorder

_ATTACH = {}


class NotApplicable(Unsupported):
    """A clause that does not apply to this layer, and why."""


class CallResult:
    """What a call gave: `outputs`, one array each, and `masks`, an array or None for each."""

    def __init__(self, outputs, masks):
        self.outputs, self.masks = outputs, masks


class ClauseContext:
    """Calls of one subject in one mode.

    Attributes:
        subject, record, run: as the names say; `record` and `run` are those of cases.
        front, keras, ops: the front end.
        mode: name of the mode; modes: of all that are tried; is_first: whether it is the one in which most clauses are.
        notes: what was not tried, and why.
    """

    def __init__(self, subject, record, run, mask_of, modes=()):
        self.subject, self.record, self.run, self.mask_of = subject, record, run, mask_of
        self.front, self.mode = run.executor.front, run.mode
        self.modes = list(modes) or [self.mode]
        self.is_first = self.mode == self.modes[0]
        self.keras, self.ops = self.front.keras, self.front.ops
        if id(self.front) not in _ATTACH:
            _ATTACH[id(self.front)] = make_attach(self.front)
        self.Attach = _ATTACH[id(self.front)]
        self.notes = []

    def answer(self, question):
        """What a function of a trial returns; asked once for subject and mode, however many clauses want to know."""
        answers, key = self.subject.answers, (question.__name__, self.mode)
        if key not in answers:
            answers[key] = question(self)
        return answers[key]

    # The layer

    def layer(self):
        """A new layer, built, with the same weights every time."""
        layer = make_layer(self.subject)
        self.build(layer)
        return layer

    def build(self, layer):
        """Build a layer by calling it, and give it the weights of the subject."""
        subject = self.subject
        if self.is_eager_process:
            inputs = [self._tensor(a) for a in subject.arrays()]
        else:
            inputs = self.symbolic_inputs()
        if subject.needs_mask:
            every = enumerate(subject.masks("all-true") if self.is_eager_process else self._symbolic_masks())
            inputs = self.attach(inputs, {i: self._tensor(m) for i, m in every if m is not None})
        subject.apply(layer, inputs)
        self.set_weights(layer)

    def set_weights(self, layer):
        subject = self.subject
        if not layer.weights:
            return
        if subject.weights is None:
            subject.weights = self._varied(layer, self._initial(layer), subject.same_weights)
        self.run.executor.set_weights(layer, subject.weights)

    def _initial(self, layer):
        if self.front.is_keras3 and self.mode == "session":
            return self.run(lambda: [w.value for w in layer.weights])
        return layer.get_weights()

    @staticmethod
    def _varied(layer, arrays, every=False):
        """Weights that are trained and all alike would hide what is multiplied by them: they are made different.

        every: make all that are trained anew, which initializers of other versions draw otherwise.
        """
        trained = {id(w) for w in layer.trainable_weights}
        draw, found = np.random.RandomState(53), []
        for weight, array in zip(layer.weights, arrays):
            array = np.asarray(array)
            alike = array.size and array.dtype.kind == "f" and np.all(array == array.ravel()[0])
            if every and id(weight) in trained and array.size and array.dtype.kind == "f":
                signs = 1 if np.all(array > 0) else draw.choice([-1, 1], array.shape)
                array = draw.uniform(0.1, 0.6, array.shape) * signs
            elif alike and id(weight) in trained:
                array = array + (draw.uniform(0.1, 0.3, array.shape) * draw.choice([-1, 1], array.shape))
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
        """A `keras.Input` for each input."""
        return [self.keras.Input(shape[1:], dtype=d) for shape, d in zip(self.subject.shapes, self.subject.dtypes)]

    def supports(self, layer):
        """Whether `compute_mask` of a layer is asked for the mask of its output."""
        if layer.supports_masking:
            return True
        # Before TensorFlow 2.2 an overridden method is asked whatever the flag says.
        Layer = self.keras.layers.Layer

        class Overrides(Layer):
            def compute_mask(self, inputs, mask=None):
                return mask

        overridden = getattr(type(layer).compute_mask, "__module__", "") != Layer.compute_mask.__module__
        return bool(overridden and not Overrides().supports_masking)

    def _symbolic_masks(self):
        """A `keras.Input` for the mask of each input that has one."""
        rank = self.subject.mask_rank
        pairs = zip(self.subject.shapes, self.subject.masked)
        return [self.keras.Input(shape[1:rank], dtype="bool") if masked else None for shape, masked in pairs]

    # Models

    def functional(self, layer, around=None):
        """A functional model of the inputs and their masks, in which the masks are attached and the layer is called.

        around: a function of the layer and the tensors to call instead of the layer.

        Raises:
            NotApplicable: there is no such model without masks either.
        """
        try:
            return self._functional(layer, around or self.subject.apply)
        except Exception:
            try:
                self.plain_model(layer)
            except Exception as error:
                raise NotApplicable("no functional model can be made of it, without masks either: %s" % one_line(error))
            raise

    def plain_model(self, layer):
        """A functional model of the inputs alone, without masks."""
        inputs = self.symbolic_inputs()
        return self.keras.Model(inputs, self.subject.apply(layer, inputs))

    def _functional(self, layer, call):
        inputs = self.symbolic_inputs()
        masks = {i: mask for i, mask in enumerate(self._symbolic_masks()) if mask is not None}
        given = [self.Attach()([t, masks[i]]) if i in masks else t for i, t in enumerate(inputs)]
        outputs = flat(call(layer, given))
        return self.keras.Model(inputs + [masks[i] for i in sorted(masks)], outputs if len(outputs) > 1 else outputs[0])

    def make_predictable(self, model):
        """See to it that `predict` of the model runs in the mode.

        Raises:
            Unsupported: it does not exist in the mode.
        """
        if self.run.executor.compile_arguments():
            self.run.compile(model, optimizer="sgd")
        else:  # it predicts without, and could not be compiled without a loss
            self.run.executor.require_training_loop()

    def attempt_model(self, model, arrays, masks):
        """As `attempt`, for a model that `functional` has made."""
        try:
            found = self.run(lambda *t: self.seen(model(list(t))), *(arrays + [m for m in masks if m is not None]))
            return CallResult(*found)
        except Unsupported:
            raise
        except Exception as error:
            return raised(error)

    # Calls

    def beside(self, subject):
        """A trial of another subject, or of the same one with other facts, in the same mode."""
        return ClauseContext(subject, Recorder(), self.run, self.mask_of, self.modes)

    def call(self, layer, arrays, masks=None, explicit=None):
        """`Result` of calling the layer on arrays, in the mode.

        masks: one for each input, attached to it, None for an input without one; None: none at all.
        explicit: the same, given as the argument `mask`.
        """
        return self._in_mode(lambda fn, given: self.run(fn, *given), layer, arrays, masks, explicit)

    def attempt(self, layer, arrays, masks=None, explicit=None):
        """As `call`, but what the layer raises is returned, as a `values.Raised`."""
        try:
            return self.call(layer, arrays, masks, explicit)
        except Unsupported:
            raise
        except Exception as error:
            return raised(error)

    def eagerly(self, layer, arrays, masks=None):
        """As `attempt`, op by op whatever the mode. Only in an eager process."""
        plain = modes.Mode(self.front)
        try:
            return self._in_mode(lambda fn, given: plain.call(fn, given), layer, arrays, masks, None)
        except Exception as error:
            return raised(error)

    def _in_mode(self, run, layer, arrays, masks, explicit):
        present = [i for i, m in enumerate(masks or []) if m is not None]
        told = [i for i, m in enumerate(explicit or []) if m is not None]
        given = list(arrays) + [masks[i] for i in present] + [explicit[i] for i in told]
        count = len(arrays)

        def fn(*tensors):
            tensors = list(tensors)
            attached = dict(zip(present, tensors[count : count + len(present)]))
            inputs = self.attach(tensors[:count], attached)
            arguments = {}
            if explicit is not None:
                passed = dict(zip(told, tensors[count + len(present) :]))
                passed = [passed.get(i) for i in range(count)]
                arguments["mask"] = passed if self.subject.several else passed[0]
            return self.seen(self.subject.apply(layer, inputs, **arguments))

        outputs, output_masks = run(fn, given)
        return CallResult(outputs, output_masks)

    def attach(self, tensors, masks):
        """The tensors, those whose number is in the dict `masks` with that mask."""
        return [self.Attach()([t, masks[i]]) if i in masks else copy(self.ops, t) for i, t in enumerate(tensors)]

    def seen(self, result):
        """The outputs of a layer in one list, and what the next layer would see as their masks."""
        outputs = flat(result)
        return [outputs, [self.mask_of(output) for output in outputs]]

    # What is expected

    def kept(self, result, masks):
        """For each output an array that is True where it counts: at unmasked steps, or everywhere.

        The mask of an output says so if it fits; else that of an input with as many steps.
        """
        return [self._kept(o, m, masks) for o, m in zip(result.outputs, result.masks)]

    def _kept(self, output, own, masks):
        fits = own is not None and own.ndim <= output.ndim and own.shape == output.shape[: own.ndim]
        if self.subject.kind == "reshaper" and not fits:
            raise NotApplicable("the mask of its output does not fit; see C7-recomputed-mask")
        if fits and self.subject.kind not in ("transparent", "consumer"):
            mask = own.astype(bool)
        else:
            same = [m for m in masks if m is not None and m.ndim <= output.ndim and m.shape == output.shape[: m.ndim]]
            if not same:
                return np.ones(output.shape, bool)
            mask = np.all(same, axis=0)
        return np.broadcast_to(patterns.lengthen(mask, output.ndim), output.shape)

    def only(self, result, kept):
        """The outputs with zero where they do not count."""
        return [np.where(k, o, np.zeros_like(o)) for o, k in zip(result.outputs, kept)]

    def record_outputs(self, name, observed, expected, kept=None, **tolerance):
        """Record each output beside what it should be.

        observed, expected: `Result`, or `Raised` for observed; kept: see `kept`.
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
        """Record the mask of each output beside the expected one, an array or None; `ANY` says nothing."""
        if isinstance(observed, values.Raised):
            self.record(name, observed, expected="no exception")
            return
        for i, (one, other) in enumerate(zip(observed.masks, expected)):
            if other is not ANY:
                self.record(numbered(name, i, len(expected)), one, expected=other)

    def note(self, text):
        """Remember what was not tried, and why."""
        self.notes.append(text)

    @property
    def takes_mask(self):
        """Whether the call of the layer has an argument `mask`."""
        return "mask" in parameters(make_layer(self.subject).call)


ANY = object()


def raised(error):
    """An exception as a value to record."""
    found = values.Raised.of(error, "call")
    found.message = clip(" ".join(found.message.split()))
    return found


def numbered(name, i, of):
    return name if of == 1 else "%s %d" % (name, i)


def flat(result):
    """The tensors in nested lists, tuples and dicts, in their order; None is left out."""
    leaves = []
    modes.flatten(result, leaves)
    return leaves
