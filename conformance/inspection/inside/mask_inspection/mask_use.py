"""Whether a layer consumes a mask: it does if its output differs without the mask."""

from mask_inspection import describe
from mask_inspection.calls import tensors_of
from mask_inspection.execution import attempt
from mask_inspection.models import last_lines


class MaskUse(object):
    """A call with masks, repeated without them.

    Attributes:
        consumed: Whether the result depends on the masks; None without masks, or if it is unknown.
        untold: Why it is unknown, in one line, or None.
        mask: The mask of the result without masks, or None.
        raises: Whether the call raises without masks.
    """

    def __init__(self, call, masks, machine):
        self.consumed = self.untold = self.mask = None
        self.raises = False
        if not call.had_mask:
            return
        if getattr(call.layer, "stateful", False):
            self.untold = "the layer is stateful, so its call cannot be repeated"
            return
        plain = attempt(lambda: machine.again(call, plain=True))
        if isinstance(plain, Exception):
            self.raises = True
            self.untold = "without the mask it raises %s" % last_lines(plain)
        elif call.error is None:
            result, self.mask = plain
            self._compare(call, masks, machine, result)

    def _compare(self, call, masks, machine, result):
        outputs = machine.arrays(call.outputs)
        alike = describe.same(outputs, machine.arrays(tensors_of(result)))
        if alike is None:
            self.untold = "its outputs cannot be compared"
        elif alike and all(getattr(m, "all", lambda: False)() for m in masks):
            self.untold = "nothing is masked"
        elif not alike and not call.cleared and not self._repeats(call, machine, outputs):
            self.untold = "its outputs differ from call to call"
        else:
            self.consumed = not alike

    @staticmethod
    def _repeats(call, machine, outputs):
        repeated = attempt(lambda: machine.again(call, plain=False)[0])
        return describe.same(outputs, machine.arrays(tensors_of(repeated))) is True
