"""Modes that are skipped where they were seen to agree with another one: the evidence for `thinned=` (docs/modes.md).

All cells of the cases with such a mark had the same verdict in both modes on all of `TARGETS`, when they last ran in
all modes. A target that is not named here runs them in all modes: a new release, a nightly, one that was asked for.
"""

TARGETS = [
    "keras-2.2.4+tf-1.13",
    "keras-2.2.5+tf-1.14",
    "keras-2.3.1+tf-1.15",
    "keras-2.3.1+tf-2.2",
    "tf-1.13",
    "tf-1.14",
    "tf-1.15",
    "tf-2.0",
    "tf-2.1",
    "tf-2.2",
    "tf-2.3",
    "tf-2.4",
    "tf-2.5",
    "tf-2.6",
    "tf-2.7",
    "tf-2.8",
    "tf-2.9",
    "tf-2.10",
    "tf-2.11",
    "tf-2.12",
    "tf-2.13",
    "tf-2.14",
    "tf-2.15",
    "tf-keras-2.16",
    "tf-keras-2.17",
    "tf-keras-2.18",
    "tf-keras-2.19",
    "tf-keras-2.20",
    "tf-keras-2.21",
    "keras-3.0",
    "keras-3.1",
    "keras-3.2",
    "keras-3.3",
    "keras-3.4",
    "keras-3.5",
    "keras-3.6",
    "keras-3.7",
    "keras-3.8",
    "keras-3.9",
    "keras-3.10",
    "keras-3.11",
    "keras-3.12+tf-2.17",
    "keras-3.12",
    "keras-3.13",
    "keras-3.14",
    "keras-3.15",
    "keras-3.15+jax",
    "keras-3.15+torch",
    "keras-3.15+numpy",
    "keras-3.15+openvino",
]

# 1,830 cells: the same Python code of Keras builds the graph that XLA then compiles.
GRAPH_FOR_JIT = {"mode": "jit", "covered_by": "graph", "seen": "2026-11-29", "targets": TARGETS}
# 1,459 cells: the same Python code of Keras builds both graphs.
GRAPH_FOR_SESSION = {"mode": "session", "covered_by": "graph", "seen": "2026-11-29", "targets": TARGETS}
