"""Authors' layers on columns, as the cases of a run."""
