"""Import Keras from its front end, and hide the few things that differ with it."""

import importlib
import inspect
import sys

from conformance.vocabulary import FRONT_ENDS


class FrontEnd(object):
    """One importable Keras.

    Attributes:
        name: "keras", "tf.keras" or "tf_keras".
        keras: The module; cases see it as the fixture ``keras``.
        backend: One of `vocabulary.BACKENDS`.
        tf: The TensorFlow module where `backend` is "tensorflow", else None.
        tf_minor: Its major and minor version as a tuple, None without TensorFlow.
        is_tf1: Whether that is TensorFlow 1.
        ops: `keras.ops`, or the same names over TensorFlow for Keras 2.
        is_keras3: Whether `keras.ops` exists.
        is_standalone_keras2: Whether this is Keras 2.2 or 2.3, whose layers are no modules of TensorFlow.
    """

    def __init__(self, name):
        """Import a front end.

        Raises:
            ImportError: It is not installed.
            ValueError: There is no front end of this name.
        """
        if name not in FRONT_ENDS:
            raise ValueError("unknown front end %r, expected one of %s" % (name, ", ".join(FRONT_ENDS)))
        self.name = name
        self.keras = _import(name)
        self.is_keras3 = hasattr(self.keras, "ops")
        self.backend = _backend(self.keras, self.is_keras3)
        self.tf = importlib.import_module("tensorflow") if self.backend == "tensorflow" else None
        self.tf_minor = self.tf and tuple(int(number) for number in self.tf.__version__.split(".")[:2])
        self.is_tf1 = self.tf_minor is not None and self.tf_minor < (2, 0)
        self.ops = self.keras.ops if self.is_keras3 else TensorFlowOps(self.tf)
        # The layers of tf.keras are modules of TensorFlow; those of standalone Keras 2 are not.
        self.is_standalone_keras2 = (
            name == "keras"
            and not self.is_keras3
            and not issubclass(self.keras.layers.Layer, getattr(self.tf, "Module", ()))
        )

    def versions(self):
        """Return versions by module, as reported by the imported modules themselves."""
        # TF 2.14 and 2.15 load tf.keras lazily, from the package `keras`, without a version of its own.
        keras = self.keras if hasattr(self.keras, "__version__") else sys.modules["keras"]
        found = {"python": "%d.%d.%d" % sys.version_info[:3], "keras": keras.__version__}
        for module in ("tensorflow", "jax", "jaxlib", "torch", "openvino", "numpy", "h5py"):
            if module in sys.modules and hasattr(sys.modules[module], "__version__"):
                found[module] = sys.modules[module].__version__
        return found

    def has(self, api):
        """Return whether this Keras has an API.

        Args:
            api: "layers.Softmax"; with an argument of its `call`, "layers.Softmax(mask)"; with an argument of a
                function or method, "layers.RNN.__init__(unroll)". "a | b" asks for either.
        """
        return any(self._has(one.strip()) for one in api.split("|"))

    def _has(self, api):
        dotted, _, argument = api.rstrip(")").partition("(")
        found = self.keras
        for part in dotted.split("."):
            found = getattr(found, part, None)
            if found is None:
                return False
        if not argument:
            return True
        function = found.call if isinstance(found, type) else found
        return argument in inspect.signature(function).parameters


def detect():
    """Return the first front end that can be imported in this environment.

    Raises:
        ImportError: None can.
    """
    reasons = []
    for name in FRONT_ENDS:
        try:
            return FrontEnd(name)
        except ImportError as error:
            reasons.append("%s (%s)" % (name, error))
    raise ImportError("no Keras can be imported here: neither %s nor %s" % (", ".join(reasons[:-1]), reasons[-1]))


def _import(name):
    if name == "tf.keras":
        # `tensorflow.keras` is an attribute, in most versions not an importable submodule.
        return importlib.import_module("tensorflow").keras
    return importlib.import_module(name)


def _backend(keras, is_keras3):
    return keras.config.backend() if is_keras3 else "tensorflow"


class TensorFlowOps(object):
    """The operations of `keras.ops` that cases use, over TensorFlow, for Keras 2: same names and arguments."""

    def __init__(self, tf):
        self._tf = tf
        self.any = lambda x, axis=None: tf.reduce_any(x, axis=axis)
        self.all = lambda x, axis=None: tf.reduce_all(x, axis=axis)
        self.sum = lambda x, axis=None: tf.reduce_sum(x, axis=axis)
        self.not_equal = tf.not_equal
        self.equal = tf.equal
        self.logical_and = tf.logical_and
        self.logical_not = tf.logical_not
        self.cast = tf.cast
        self.shape = tf.shape
        self.reshape = tf.reshape
        self.zeros_like = tf.zeros_like
        self.ones_like = tf.ones_like
        self.concatenate = lambda xs, axis=0: tf.concat(xs, axis)
        self.expand_dims = lambda x, axis: tf.expand_dims(x, axis)
        self.convert_to_tensor = tf.convert_to_tensor

    def where(self, condition, x, y):
        """Choose elements of x where the condition holds, else of y; all three are broadcast."""
        return self._tf.compat.v2.where(condition, x, y)  # the v1 `where` does not broadcast
