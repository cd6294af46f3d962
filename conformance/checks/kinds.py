"""The kinds of layers, by what they do with masks."""


class Kind:
    """One kind.

    Attributes:
        name: what an author declares.
        says: what such a layer does, in one sentence.
        supports: what `supports_masking` should be.
        uses: whether what it computes may depend on the mask.
        passes: whether the mask of its output is that of its input.
        ends: whether its output has no mask.
    """

    def __init__(self, name, says, supports=True, uses=False, passes=False, ends=False):
        self.name, self.says = name, says
        self.supports, self.uses, self.passes, self.ends = supports, uses, passes, ends


_ALL = [
    Kind("producer", "makes a mask of the values of its input, as Embedding and Masking do"),
    Kind("transparent", "treats each step by itself and passes the mask on, as Dense does", passes=True),
    Kind("consumer", "uses the mask and passes it on, as LSTM(return_sequences=True) does", uses=True, passes=True),
    Kind("consumer-remover", "uses the mask and ends it, as pooling over steps does", uses=True, ends=True),
    Kind("reshaper", "has other steps in its output than in its input, and a mask for them", uses=True),
    Kind("combiner", "takes several inputs, as Add and Attention do", uses=True),
    Kind("remover", "ends the mask on purpose and does not use it", ends=True),
    Kind("wrapper", "hands the mask to the layer inside, as TimeDistributed and Bidirectional do", uses=True),
    Kind("unaware", "knows nothing of masks: they stop at it", supports=False, ends=True),
]
KINDS = {kind.name: kind for kind in _ALL}
NAMES = [kind.name for kind in _ALL]
