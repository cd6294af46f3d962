"""From observations to verdicts, to steps between columns, and what is known of them."""
