"""Checks authors' layers on targets, as the cases of a run."""
