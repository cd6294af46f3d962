"""What the results do not cover, in the words of the page, of `advise` and of the README."""

NOT_MEASURED = (
    "GPUs (every target runs on a CPU, so the cuDNN kernels of LSTM and GRU never run).",
    "Every patch release (the newest one stands for its minor release).",
    "Other operating systems (all targets run on Linux).",
)
