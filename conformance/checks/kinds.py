"""The kinds of layers, by what they do with masks."""


class Kind:
    """One kind of layers.

    Attributes:
        name: What an author declares.
        says: What such a layer does, in one sentence.
        supports: What `supports_masking` should be.
        propagates: Whether the mask of its output is that of its input.
        ends: Whether its output has no mask.
    """

    def __init__(self, name, says, supports=True, propagates=False, ends=False):
        self.name, self.says = name, says
        self.supports, self.propagates, self.ends = supports, propagates, ends


_ALL = [
    Kind("producer", "creates a mask from the values of its input, as Embedding(mask_zero=True) and Masking do"),
    Kind("transparent", "treats each step by itself and propagates the mask, as Dense does", propagates=True),
    Kind("consumer", "consumes the mask and propagates it, as LSTM(return_sequences=True) does", propagates=True),
    Kind("consumer-remover", "consumes the mask, and its output has none, as for GlobalAveragePooling1D", ends=True),
    Kind("reshaper", "changes the number of steps and computes a new mask to match"),
    Kind("combiner", "takes several inputs, as Add and Attention do"),
    Kind("remover", "does not use the mask and drops it on purpose", ends=True),
    Kind("wrapper", "passes the mask to the layer inside, as TimeDistributed and Bidirectional do"),
    Kind("unaware", "does not support masking: a mask ends there", supports=False, ends=True),
]
KINDS = {kind.name: kind for kind in _ALL}
NAMES = [kind.name for kind in _ALL]
