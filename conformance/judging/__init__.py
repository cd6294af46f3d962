"""Verdicts on observations, changes between targets, and the reviewed expectations that explain deviations."""
