"""Whether a layer uses a mask: it does if it computes something else with it than without it."""

from mask_inspection import describe
from mask_inspection.calls import tensors_of
from mask_inspection.execution import attempt
from mask_inspection.models import last_lines


class MaskUse(object):
    """A call that had masks, made once more without them.

    Attributes:
        consumed: whether the result depends on the masks; None if there were none or if it cannot be told.
        untold: why it cannot be told, in one line, or None.
        mask: the mask of the result without masks, or None.
        raises: whether the call raises without masks.
    """

    def __init__(self, call, masks, machine):
        self.consumed = self.untold = self.mask = None
        self.raises = False
        if not call.had_mask:
            return
        if getattr(call.layer, "stateful", False):
            self.untold = "the layer is stateful, so it was not called a second time"
            return
        plain = attempt(lambda: machine.again(call, plain=True))
        if isinstance(plain, Exception):
            self.raises = True
            self.untold = "without masks it raises %s" % last_lines(plain)
        elif call.error is None:
            result, self.mask = plain
            self._compare(call, masks, machine, result)

    def _compare(self, call, masks, machine, result):
        outputs = machine.arrays(call.outputs)
        alike = describe.same(outputs, machine.arrays(tensors_of(result)))
        if alike is None:
            self.untold = "its results cannot be compared"
        elif alike and all(getattr(m, "all", lambda: False)() for m in masks):
            self.untold = "nothing is masked here"
        elif not alike and not call.cleared and not self._repeats(call, machine, outputs):
            self.untold = "it does not give the same result twice"
        else:
            self.consumed = not alike

    @staticmethod
    def _repeats(call, machine, outputs):
        repeated = attempt(lambda: machine.again(call, plain=False)[0])
        return describe.same(outputs, machine.arrays(tensors_of(repeated))) is True
