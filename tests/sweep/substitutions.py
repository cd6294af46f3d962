"""The substitutions that cases make for speed: what stands in for what, and how to measure the real thing instead."""

import re
from dataclasses import dataclass

from conformance.local.errors import UsageError


@dataclass(frozen=True)
class Substitution:
    """A stand-in in some cases.

    Attributes:
        name: Unique name.
        stand_in: What the cases use.
        real: What users use as well.
        cases: Globs of the cases that use the stand-in.
        edits: Regular expressions and replacements that make the case files use the real thing.
        helper: Source that is appended to each of these files.
    """

    name: str
    stand_in: str
    real: str
    cases: tuple[str, ...]
    edits: tuple[tuple[str, str], ...]
    helper: str = ""

    def apply(self, file: str, source: str) -> str:
        """Return the source of a case file with the real thing.

        Raises:
            UsageError: The file does not contain the stand-in.
        """
        changed = source
        for pattern, replacement in self.edits:
            changed = re.sub(pattern, replacement, changed)
        if changed == source:
            raise UsageError(f"substitution '{self.name}': {file} does not contain its stand-in")
        return f"{changed}\n\n{self.helper}" if self.helper else changed


CONSUMER = "SimpleRNN as the layer that consumes a mask"
CONSUMED = (
    *("attach.inside-compiled", "attach.tf-function.*", "functional.auto-propagate", "functional.mask-arg"),
    *("functional.masked-input-tensor", "functional.shared-layer", "sequential.auto-propagate"),
    *("sequential.deferred-build", "sequential.nested", "subclass.mask-autopass", "embedding.mask-used-by-rnn"),
    *("model.clone", "text.pipeline", "generator.pad-sequences-default", "docs.functional-mask-list"),
)
ON_ONE_BATCH = """
def {name}(run, model, x, y, **arguments):
    return {call}
"""
SUBSTITUTIONS = (
    Substitution(
        "lstm-consumes",
        CONSUMER,
        "LSTM",
        CONSUMED,
        (
            (r"keras\.layers\.SimpleRNN\(", 'keras.layers.LSTM(recurrent_activation="sigmoid", units='),
            (r"oracle\.simple_rnn\(", "oracle.lstm("),
        ),
    ),
    Substitution(
        "gru-consumes",
        CONSUMER,
        "GRU",
        CONSUMED,
        (
            (
                r"keras\.layers\.SimpleRNN\(",
                'keras.layers.GRU(recurrent_activation="sigmoid", reset_after=True, units=',
            ),
            (r"oracle\.simple_rnn\(", "oracle.gru("),
        ),
    ),
    Substitution(
        "bidirectional-lstm",
        "Bidirectional(SimpleRNN) in the laws",
        "Bidirectional(LSTM)",
        ("law.padding", "law.garbage", "law.permutation", "law.single-sample", "law.all-true"),
        (
            (
                r'"Bidirectional": \{"layer": keras\.layers\.SimpleRNN\(',
                '"Bidirectional": {"layer": keras.layers.LSTM(recurrent_activation="sigmoid", units=',
            ),
        ),
    ),
    Substitution(
        "evaluate",
        "`test_on_batch`",
        "`evaluate`",
        (
            *("loss.masked.normalisation", "loss.masked.sample-weight", "loss.masked.reduction-sum"),
            *("loss.masked.steps-ignored", "metrics.compile-unweighted", "metrics.compile-weighted", "law.masked-loss"),
        ),
        ((r"run\.test_on_batch\(", "evaluated(run, "),),
        ON_ONE_BATCH.format(name="evaluated", call="run.evaluate(model, x, y, batch_size=len(y), **arguments)"),
    ),
    Substitution(
        "fit",
        "`train_on_batch`",
        "`fit`",
        ("loss.masked.all-masked", "loss.masked.nan-prediction"),
        ((r"run\.train_on_batch\(", "fitted(run, "),),
        ON_ONE_BATCH.format(
            name="fitted", call='run.fit(model, x, y, batch_size=len(y), **arguments).history["loss"][0]'
        ),
    ),
)
