"""How tensors become arrays: at once, or by running their graph."""

import inspect

from mask_inspection.calls import attached, leaves_of, tensors_of


def choose(front):
    """Return an `EagerExecution` if tensors have values in this Keras, else a `GraphExecution`."""
    if front.is_standalone_keras2 or (front.tf is not None and not front.tf.executing_eagerly()):
        return GraphExecution(front)
    return EagerExecution(front)


class EagerExecution(object):
    """Calls layers on arrays, op by op."""

    name = "eager"

    def __init__(self, front):
        self._front = front

    def call(self, model, batch, structure):
        """Call the model on the batch, in inference."""
        tensors = [self._tensor(array) for _, array in batch]
        model(structure(tensors), **inference(model))

    def arrays(self, tensors):
        """Return the values of tensors; for one without a value, the exception that says so."""
        return [attempt(lambda t=t: self._numpy(t)) for t in tensors]

    def again(self, call, plain):
        """Repeat a call.

        Args:
            call: The `RecordedCall`.
            plain: Whether to repeat it without masks.

        Returns:
            The result, and the mask of the first output that has one, or None.
        """
        args, kwargs = call.args, call.kwargs
        if plain:
            kwargs = {k: v for k, v in kwargs.items() if k != "mask"}
            args, kwargs = mapped(args, self._copy), mapped(kwargs, self._copy)
        result = call.layer(*args, **kwargs)
        return result, next((m for m in map(attached, tensors_of(result)) if m is not None), None)

    def _tensor(self, array):
        if array.dtype.kind in "OUS":
            return self._front.tf.constant(array.tolist(), shape=array.shape)
        if self._front.is_keras3:
            return self._front.ops.convert_to_tensor(array)
        return self._front.tf.constant(array)

    def _numpy(self, tensor):
        return self._front.ops.convert_to_numpy(tensor) if self._front.is_keras3 else tensor.numpy()

    def _copy(self, tensor):
        # Through an array: on some versions the result of `tf.identity` keeps the mask.
        return self._tensor(self._numpy(tensor).copy())


class GraphExecution(object):
    """Runs the graph that was constructed on the batch."""

    name = "graph"

    def __init__(self, front):
        self._front = front
        self._feed = []

    def call(self, model, batch, structure):
        """Call the model on placeholders of the shape of the batch."""
        backend = self._front.keras.backend
        inputs = [backend.placeholder(shape=a.shape, dtype=a.dtype.name) for _, a in batch]
        self.feed(inputs, batch)
        # So does standalone Keras 2 with a subclassed model.
        call = model.call if self._front.is_standalone_keras2 else model
        call(structure(inputs), **inference(model))

    def feed(self, inputs, batch):
        """Set what the graph is run on."""
        self._feed = list(zip(inputs, [array for _, array in batch]))

    def arrays(self, tensors):
        """Return the values of tensors, as `EagerExecution.arrays` does."""
        found = attempt(lambda: self._run(tensors)) if tensors else []
        return [attempt(lambda t=t: self._run([t])[0]) for t in tensors] if isinstance(found, Exception) else found

    def again(self, call, plain):
        """Repeat `layer.call`, as `EagerExecution.again` does: a call of the layer would become part of the model."""
        identity = self._front.tf.identity
        kwargs = {k: v for k, v in call.kwargs.items() if k != "mask"}
        inputs, kwargs = mapped(call.args, identity), mapped(kwargs, identity)
        if not plain and "mask" in inspect.signature(call.layer.call).parameters:
            masks = call.explicit or call.masks_in
            kwargs["mask"] = masks[0] if len(masks) == 1 else masks
        with call.inputs[0].graph.as_default():
            result = call.layer.call(*inputs, **kwargs)
            mask = call.layer.compute_mask(inputs[0], None) if plain else None
        return result, next((m for m in leaves_of(mask) if m is not None), None)

    def _run(self, tensors):
        inputs, arrays = [t for t, _ in self._feed], [a for _, a in self._feed]
        return self._front.keras.backend.function(inputs, tensors)(arrays)


def attempt(function):
    """Return what a function returns, or the exception that it raises."""
    try:
        return function()
    except Exception as error:
        return error


def inference(model):
    """Return the arguments that select inference: `training`, if the model has it."""
    return {"training": False} if "training" in inspect.signature(model.call).parameters else {}


def mapped(structure, function):
    """Return the same structure with `function(tensor)` for each tensor."""
    if isinstance(structure, (list, tuple)):
        return type(structure)([mapped(part, function) for part in structure])
    if isinstance(structure, dict):
        return {key: mapped(part, function) for key, part in structure.items()}
    return function(structure) if tensors_of(structure) else structure
