"""Traces the masks in a model: while it is constructed, and when it is called on a batch."""

from conformance.worker.frontend import FrontEnd
from mask_inspection import batch as batches
from mask_inspection import describe, execution, features, mask_use
from mask_inspection.calls import CallRecorder, attached, fitted
from mask_inspection.models import InspectionError, front_of, last_lines, maker


def trace_model(front, text, batch_path, unsafe):
    """Trace a model.

    Args:
        front: The front end.
        text: The model, as the command line names it.
        batch_path: An NPZ file with the batch; without it one is drawn.
        unsafe: Whether to load a model that contains code.

    Returns:
        The trace, as data for JSON (see `trace.Trace`).

    Raises:
        InspectionError: The model cannot be loaded or called.
    """
    front, model, recorder, refusal = _construct(front, text, unsafe)
    if model is None:
        return _unfinished(front, text, recorder, refusal)
    inputs = _inputs(model)
    constructed = _of_model(recorder.calls, model, inputs) if inputs else []
    looked_up = {id(t) for c in constructed if batches.looks_up(c.layer) for t in c.inputs}
    about = [(_plain_name(t), describe.static(t), describe.dtype_name(t), id(t) in looked_up) for t in inputs]
    if not about and not batch_path:
        raise InspectionError("%s does not declare its inputs; provide a batch with --batch FILE.npz" % text)
    layers = _all_layers(model)
    batch = batches.given(batch_path, about) if batch_path else batches.drawn(about, layers)
    machine = execution.choose(front)
    root = None
    if machine.name == "graph" and constructed:
        machine.feed(inputs, batch)
        ran = constructed
    else:
        with recorder.on():
            failure = execution.attempt(
                lambda: machine.call(model, batch, lambda t: _structured(model, about, batch, t))
            )
        root = next((call for call in recorder.calls if call.layer is model), None)
        ran = _below(_without_mask_operations(recorder), root)
        if isinstance(failure, Exception) and not any(call.error for call in ran):
            raise InspectionError("cannot call %s on the batch: %s" % (text, last_lines(failure)))
    rows = _matched(constructed, ran)
    named = {id(tensor): name for tensor, (name, _, _, _) in zip(inputs, about)}
    return {
        "model": {"name": model.name, "class": type(model).__name__},
        **_environment(front),
        "way": machine.name,
        "batch": [
            {"name": name, "shape": list(array.shape), "dtype": array.dtype.name, "drawn": not batch_path}
            for name, array in batch
        ],
        "calls": _described(rows, constructed, ran, named, machine, recorder),
        "outputs": _output_masks(model, root, machine),
        "features": features.of_model(model, rows),
        "refusal": None,
    }


def _construct(front, text, unsafe):
    """Construct the model and record it.

    Returns:
        The front end that made the model, the model, the recorder, and None; if a layer rejects a mask, None instead of
        a model, and the call that did so.
    """
    recorder = CallRecorder(front.keras)
    make = maker(front, text, unsafe)
    with recorder.on():
        try:
            model = make()
        except InspectionError as why:
            refusals = [c for c in recorder.calls if c.error is not None and c.error is why.__cause__ and c.had_mask]
            if not refusals:
                raise
            return front, None, recorder, refusals[0]
    other = front_of(model, front)
    if other is front:
        return front, model, recorder, None
    return _construct(FrontEnd(other.name), text, unsafe)


def _unfinished(front, text, recorder, refusal):
    """Return the trace of a model that could not be constructed: what leads to the call that rejected a mask."""
    constructed = _leading_to([refusal], [c for c in recorder.calls if c.parent is None])
    constructed = [call for call in recorder.calls if _root(call) in constructed or call is refusal]
    rows = [(call, None) for call in constructed]
    named = {id(t): _plain_name(t) for call in constructed if call.parent is None for t in call.inputs}
    return {
        "model": {"name": text, "class": ""},
        **_environment(front),
        "way": "none",
        "batch": [],
        "calls": _described(rows, constructed, [], named, None, recorder),
        "outputs": [],
        "features": [],
        "refusal": last_lines(refusal.error),
    }


def _environment(front):
    return {"front_end": front.name, "backend": front.backend, "versions": front.versions()}


def _inputs(model):
    """Return the symbolic inputs; none for a subclassed model, or one that is not built."""
    try:
        return list(model.inputs or [])
    except (AttributeError, ValueError):
        return []


def _plain_name(tensor):
    return tensor.name.split(":")[0].split("/")[0]


def _structured(model, about, batch, tensors):
    """Return the tensors in the structure that the model expects: one, a list, or a dict."""
    expected = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    if isinstance(expected, dict):
        names = {id(tensor): key for key, tensor in expected.items()}
        return {names[id(symbolic)]: tensor for symbolic, tensor in zip(model.inputs, tensors)}
    if len(tensors) == 1:
        return tensors[0]
    if about or all(name.startswith("arr_") for name, _ in batch):
        return list(tensors)
    return {name: tensor for (name, _), tensor in zip(batch, tensors)}


def _all_layers(model):
    found = []
    for layer in getattr(model, "layers", []):
        found += _all_layers(layer) if hasattr(layer, "layers") else [layer]
    return found


def _of_model(calls, model, inputs):
    """Return the calls that lead from the inputs of a model to its outputs."""
    top = [call for call in calls if call.parent is None and call.error is None and call.layer is not model]
    made_by = {id(t): call for call in top for t in call.outputs}
    ends = [made_by[id(t)] for t in model.outputs if id(t) in made_by]
    kept = _leading_to(ends, top)
    known = {id(t) for t in inputs} | set(made_by)
    if not all(id(t) in known for t in model.outputs + [t for call in kept for t in call.inputs]):
        # Operations of old TensorFlow between a tensor and the next layer are not calls.
        layers = {id(layer) for layer in model.layers}
        kept = {call for call in top if id(call.layer) in layers}
    return [call for call in calls if _root(call) in kept]


def _leading_to(ends, calls):
    """Return the set of `ends` and the calls from which a tensor reaches one of them."""
    made_by = {id(t): call for call in calls for t in call.outputs}
    kept, left = set(), list(ends)
    while left:
        call = left.pop()
        if call not in kept:
            kept.add(call)
            left += [made_by[id(t)] for t in call.inputs if id(t) in made_by]
    return kept


def _root(call):
    return call if call.parent is None else _root(call.parent)


def _below(calls, root):
    """Return the calls inside that of the model itself, without that one."""
    hidden = {root} | {c for c in calls if c.parent and getattr(c.parent.layer, "_functional", None) is c.layer}
    for call in calls:  # a Sequential of Keras 3 is a Functional model within
        while call.parent in hidden and call.parent is not None:
            call.parent = call.parent.parent
    return [call for call in calls if call not in hidden]


def _without_mask_operations(recorder):
    """Return the calls without operations that only compute masks, as Functional models of Keras 3 make them."""
    kept, needed = [], set()
    for call in reversed(recorder.calls):
        is_layer = isinstance(call.layer, recorder.layer_class)
        if is_layer or call.error is not None or any(id(t) in needed for t in call.outputs):
            kept.append(call)
            needed.update(id(t) for t in call.inputs + (call.outputs if is_layer else []))
    return kept[::-1]


def _sources(call, calls):
    """Return for each input of a call the sibling call that returned the tensor, or None."""
    made_by = {}
    for other in calls:
        if other is call:
            break
        if other.parent is call.parent:
            made_by.update((id(t), other) for t in other.outputs)
    return [made_by.get(id(t)) for t in call.inputs]


def _matched(constructed, ran):
    """Return pairs of the same call while the model was constructed and at run time; None where it was not made."""
    if constructed is ran:
        return [(call, call) for call in ran]
    left = list(constructed)
    pairs = []
    for call in ran:
        candidates = [other for other in left if other.path == call.path]
        sources = [s and s.path for s in _sources(call, ran)]
        best = [o for o in candidates if [s and s.path for s in _sources(o, constructed)] == sources] or candidates
        if best:
            left.remove(best[0])
        pairs.append((best[0] if best else None, call))
    return pairs + [(call, None) for call in left]


def _described(rows, constructed, ran, named, machine, recorder):
    number = {id(call): i for i, pair in enumerate(rows) for call in pair if call is not None}
    times = {}
    for symbolic, run in rows:
        path = (run or symbolic).path
        times[path] = times.get(path, 0) + 1
    seen, found = {}, []
    for i, (symbolic, run) in enumerate(rows):
        call = run or symbolic
        seen[call.path] = seen.get(call.path, 0) + 1
        shown, beside = (symbolic, constructed) if symbolic is not None else (run, ran)
        sources = [
            {
                "call": number.get(id(source)) if source else None,
                "input": None if source or call.parent else named.get(id(tensor)),
            }
            for source, tensor in zip(_sources(shown, beside), shown.inputs)
        ]
        found.append(
            {
                "id": i,
                "parent": number.get(id(call.parent)) if call.parent is not None else None,
                "path": call.path,
                "class": features.class_name(call.layer, recorder),
                "number": seen[call.path],
                "times": times[call.path],
                "sources": sources,
                "shapes_in": [describe.static(t) for t in shown.inputs],
                "shapes_out": [describe.static(t) for t in shown.outputs],
                "symbolic": _symbolic(symbolic) if symbolic is not None else None,
                "run": _run(run, machine) if run is not None else None,
                "features": features.of_call(shown, recorder),
            }
        )
    return found


def _symbolic(call):
    given = None if call.given is None else any(call.given.values())
    has = any(m is not None for m in call.masks_out)
    happened = describe.symbolic(call.had_mask, has, given, bool(call.warnings), call.error)
    return _observation(call, call.masks_in, call.explicit, call.masks_out, happened)


def _run(call, machine):
    """Describe a call on arrays; a mask without a value, inside a compiled function, stays a tensor."""
    masks_in, explicit, masks_out = (_values(m, machine) for m in (call.masks_in, call.explicit, call.masks_out))
    incoming = [m for m in masks_in + explicit if m is not None]
    use = mask_use.MaskUse(call, incoming, machine)
    if call.error is not None:
        happened = "raises without a mask as well" if use.raises else "rejected with an error"
    else:
        out = next((m for m in masks_out if m is not None), None)
        given = any(call.given.values()) if call.given else None
        happened = describe.at_run_time(incoming, out, use.mask, use.consumed, given, bool(call.warnings))
    return _observation(call, masks_in, explicit, masks_out, happened, use)


def _values(masks, machine):
    there = [m for m in masks if m is not None]
    values = iter([m if isinstance(v, Exception) else v for m, v in zip(there, machine.arrays(there))])
    return [None if mask is None else next(values) for mask in masks]


def _observation(call, masks_in, explicit, masks_out, happened, use=None):
    return {
        "masks_in": [describe.as_data(m) for m in masks_in],
        "explicit": [describe.as_data(m) for m in explicit],
        "masks_out": [describe.as_data(m) for m in masks_out],
        "given": call.given,
        "happened": happened,
        "consumed": use and use.consumed,
        "untold": use and use.untold,
        "takes_masks_away": call.cleared,
        "warnings": [" ".join(w.split()) for w in call.warnings],
        "error": last_lines(call.error) if call.error is not None else None,
    }


def _output_masks(model, root, machine):
    """Return the final mask of each output of the model, symbolically and at run time."""
    try:
        symbolic = list(model.outputs or [])
    except (AttributeError, ValueError):
        symbolic = []
    run = root.masks_out if root else [attached(t) for t in symbolic] if machine.name == "graph" else []
    count = max(len(symbolic), len(run))
    pairs = zip(fitted([attached(t) for t in symbolic], count), _values(fitted(run, count), machine))
    return [{"symbolic": describe.as_data(one), "run": describe.as_data(other)} for one, other in pairs]
