"""The texts that replace the fixtures of cases in a script, each only as large as the mode requires."""

from collections.abc import Callable

from packaging.version import Version

from conformance.repro import templates
from conformance.repro.header import Setting

_ONLY_INFERENCE = ("numpy", "openvino")  # Keras cannot compute gradients or train on these backends
_BACKENDS = {
    ("keras", True): "keras.backend",
    ("tf.keras", False): "tf.compat.v1.keras.backend",
    ("tf_keras", False): "keras.src.backend",
}
_AS_VALUE = "Raised(*[c.__name__ for c in type(error).__mro__[:-2]])"

# The part of `keras.ops` that cases use, over TensorFlow.
_OPS = {
    "any": "lambda x, axis=None: tf.reduce_any(x, axis=axis)",
    "all": "lambda x, axis=None: tf.reduce_all(x, axis=axis)",
    "sum": "lambda x, axis=None: tf.reduce_sum(x, axis=axis)",
    "concatenate": "lambda xs, axis=0: tf.concat(xs, axis)",
    "expand_dims": "lambda x, axis: tf.expand_dims(x, axis)",
    "where": "tf.compat.v2.where",
}


def fixture(here: Setting, use: str) -> str | None:
    """Return the text for a fixture, empty if none is needed, None if the mode does not support it.

    Args:
        here: Target and mode.
        use: A key as in `parts.Parts.uses`.
    """
    name, _, details = use.rstrip(")").partition("(")
    texts: dict[str, Callable[[], str | None]] = {
        "tf": lambda: "" if here.tensorflow else "tf = None",
        "ops": lambda: _ops(here, details.split(",")),
        "Unsupported": lambda: templates.UNSUPPORTED,
        "Raised": lambda: templates.RAISED,
        "run": lambda: _run(here, "shapes" in details),
        "run.mode": lambda: f'run.mode = "{here.mode}"',
        "run.attempt": lambda: _attempt(details.split(",")),
        "run.traced": lambda: _traced(here),
        "run.gradients": lambda: _gradients(here),
        "run.compile": lambda: _compile(here),
        "run.fit": lambda: None if here.backend in _ONLY_INFERENCE else _silent("fit"),
        "run.train_on_batch": lambda: None if here.backend in _ONLY_INFERENCE else _step(here, "train_on_batch"),
        "run.test_on_batch": lambda: _step(here, "test_on_batch"),
        "run.evaluate": lambda: _silent("evaluate"),
        "run.predict": lambda: _silent("predict"),
        "run.saving": lambda: "import contextlib\n\nrun.saving = contextlib.nullcontext",
        "monkeypatch": lambda: templates.MONKEYPATCH,
        "build": lambda: _build(here, details.split(",")),
        "mask_of": lambda: _mask_of(here),
        "static_shape": lambda: _filled(templates.STATIC_SHAPE, as_list="" if here.keras3 else ".as_list()"),
        "record": lambda: _record(details.split(",")),
    }
    return texts[name]()


def _filled(text: str, **values: str) -> str:
    return text % values


def _shapes(wanted: object) -> str:
    return ", shapes=None" if wanted else ""


def _ops(here: Setting, names: list[str]) -> str:
    if here.keras3:
        return "ops = keras.ops"
    lines = [f"    {name} = {_OPS.get(name, f'tf.{name}')}" for name in names if name]
    return "\n".join(["class ops:", *lines]) if lines else "ops = None"


def _nest(here: Setting) -> str:
    """Return the module with functions for nested structures, for all of which None is a leaf."""
    if not here.tensorflow:
        return "keras.tree"
    return "tf.contrib.framework.nest" if here.tensorflow < Version("1.14") else "tf.nest"


def _run(here: Setting, shapes: bool) -> str:
    common = {"shapes": _shapes(shapes), "nest": _nest(here)}
    if here.mode == "session" or (here.tf1 and here.mode == "jit") or here.standalone:
        return _run_in_graph(here, common)
    if here.tensorflow and here.mode == "eager":
        return templates.EAGER_TENSORFLOW % common
    if not here.tensorflow:
        tensors = {"tensor": "keras.ops.convert_to_tensor", "numpy": "keras.ops.convert_to_numpy(t)"}
        if here.mode == "eager":
            return templates.EAGER % (common | tensors | {"how": "eagerly", "fn": "fn"})
        jit = templates.EAGER % (common | tensors | {"how": "under jax.jit", "fn": "jit(fn)"})
        return f"{templates.JAX_JIT}\n\n{jit}"
    arguments = ", input_signature=signature" if shapes else ""
    if here.mode == "jit":
        arguments += f", {'jit_compile' if here.tensorflow >= Version('2.5') else 'experimental_compile'}=True"
    return templates.FUNCTION % {
        "compiled": " compiled by XLA" if here.mode == "jit" else "",
        "signature": templates.SIGNATURE if shapes else "",
        "arguments": arguments,
        **common,
    }


def _run_in_graph(here: Setting, common: dict[str, str]) -> str:
    shape = "s" if common["shapes"] else "a.shape"
    placeholder = f"tf.compat.v1.placeholder(a.dtype, {shape})"
    if here.standalone:  # the models of Keras 2.3 need what only its own placeholders have
        placeholder = f"keras.backend.placeholder(shape={shape}, dtype=a.dtype.name)"
    common["placeholder"] = placeholder
    common["each"] = "a, s in zip(arrays, shapes or [a.shape for a in arrays])" if common["shapes"] else "a in arrays"
    if here.mode == "graph":
        trace, execute = templates.IN_GRAPH_OF_KERAS, "keras.backend.function(inputs, leaves)(list(arrays))"
        return _filled(templates.IN_GRAPH, by="by keras.backend.function", trace=trace, execute=execute, **common)
    session = "session" if here.keras3 else f"{_BACKENDS[here.front_end, here.standalone]}.get_session()"
    common["execute"] = f"{session}.run(leaves, dict(zip(inputs, arrays)))"
    if here.mode == "jit":
        compiler = "tf.xla.experimental" if common["nest"] == "tf.nest" else "tf.contrib.compiler.xla"
        return _filled(templates.IN_XLA, compile=f"{compiler}.compile", session=session, **common)
    trace = "    result = fn(*inputs)" + ("\n    initialize()" if here.keras3 else "")
    run = _filled(templates.IN_GRAPH, by="in a session", trace=trace, **common)
    return f"{templates.INITIALIZE}\n\n{run}" if here.keras3 else run


def _attempt(details: list[str]) -> str:
    given = ", **shapes" if "shapes" in details else ""
    raised = _AS_VALUE if "Raised" in details else '"raised %r" % error'
    return _filled(templates.ATTEMPT, shapes=given, passed=given, raised=raised)


def _mask_of(here: Setting) -> str:
    if here.standalone:
        return templates.MASK_OF_STANDALONE
    # Tensors of other backends cannot carry attributes.
    return templates.MASK_OF if here.tensorflow else "from keras.src.backend import get_keras_mask as mask_of"


def _record(details: list[str]) -> str:
    if not {"arrays", "values"} & {*details}:
        return templates.RECORD
    wrong = 'raise SystemExit("not as expected: " + name)' if "once" in details else "wrong.append(name)"
    if "values" in details:
        text = _filled(templates.RECORD_VALUES, wrong=wrong)
    else:
        given, close = (", rtol=1e-4, atol=1e-5", "rtol, atol") if "tolerance" in details else ("", "1e-4, 1e-5")
        text = _filled(templates.RECORD_ARRAYS, tolerance=given, close=close, wrong=wrong)
    return text if "once" in details else f"wrong = []\n\n{text}"


def _build(here: Setting, details: list[str]) -> str:
    shape, build = "", ""
    if "shape" in details:
        shape, build = ", input_shape", "    layer.build(input_shape)\n"
        if "built" in details:  # some are built already
            shape, build = ", input_shape=None", f"    if input_shape is not None:\n    {build}"
    seed = {"seed": ", seed=0", "from": "seed"} if "seed" in details else {"seed": "", "from": "0"}
    in_session = here.keras3 and here.mode == "session"
    assign = templates.SET_WEIGHTS_IN_SESSION if in_session else templates.SET_WEIGHTS
    return _filled(templates.BUILD, shape=shape, build=build, set=assign, **seed)


def _traced(here: Setting) -> str | None:
    if here.tensorflow:
        return None if here.tensorflow < Version("1.14") else "run.traced = tf.function"
    if here.backend == "jax":
        return "run.traced = jit" if here.mode == "jit" else f"{templates.JAX_JIT}\n\nrun.traced = jit"
    traced = 'import torch\n\nrun.traced = lambda fn: torch.compile(fn, backend="eager")'
    return traced if here.backend == "torch" else None


def _gradients(here: Setting) -> str | None:
    if here.backend in _ONLY_INFERENCE:
        return None
    by = {"jax": templates.BY_JAX, "torch": templates.BY_TORCH}.get(
        here.backend, templates.BY_TAPE if here.mode == "eager" else templates.BY_GRAPH
    )
    return _filled(
        templates.GRADIENTS, variables="[w.value for w in weights]" if here.keras3 else "list(weights)", compute=by
    )


def _compile(here: Setting) -> str | None:
    if here.mode == "session" and here.keras3:
        return None
    if here.mode == "jit" and here.tensorflow and here.tensorflow < Version("2.8"):  # no such argument before
        return None
    modes = {"eager": "run_eagerly=True", "graph": "run_eagerly=False", "jit": "jit_compile=True", "session": ""}
    given = "" if here.standalone else modes[here.mode]
    given += ", jit_compile=False" if here.mode == "graph" and here.keras3 else ""
    comma = ", " if given else ""
    text = f"run.compile = lambda model, **arguments: model.compile({given}{comma}**arguments)"
    return f"{templates.IN_FLOAT32}\n\n{text}" if here.backend == "openvino" else text


def _step(here: Setting, method: str) -> str:
    if here.backend == "numpy":
        return templates.STEP_OF_NUMPY
    known = "" if here.keras3 else '    if hasattr(model, "reset_metrics"):\n    '
    return _filled(templates.STEP, method=method, reset=f"{known}    model.reset_metrics()\n")


def _silent(method: str) -> str:
    return f"run.{method} = lambda model, *data, **arguments: model.{method}(*data, verbose=0, **arguments)"
