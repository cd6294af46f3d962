"""What is found out about a layer while it is checked."""


class LayerState:
    """What is known of the layer of a `LayerSpec`, besides what is declared.

    Attributes:
        spec: The `LayerSpec`.
        name: Name of the layer in the output; None until it is declared or the first layer was made.
        kind: Name of its kind; None until it is declared or inferred.
        inferred_because: Why the layer was taken for one of this kind; None if the kind was declared.
        error_without_mask: What the layer raises when it is called without a mask, a `values.Raised`, if it works with
            one; else None.
        is_examined: Whether `infer_kind.examine` is done.
        weights: Arrays that every instance of the layer is given; None until the first one was built.
        redraws_weights: Whether trained weights are drawn anew, so that they are equal on every version of Keras.
        cache: Results of questions that several clauses ask (`ClauseContext.cached`).
    """

    def __init__(self, spec, redraws_weights=False):
        self.spec = spec
        self.name, self.kind = spec.name, spec.kind
        self.inferred_because = self.error_without_mask = self.weights = None
        self.is_examined = False
        self.redraws_weights = redraws_weights
        self.cache = {}

    @property
    def needs_mask(self):
        """Whether the layer can be called only with a mask."""
        return self.error_without_mask is not None
