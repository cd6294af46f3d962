"""Runs cells on targets: plan, scheduler, result cache, progress. `api.run` is the entry."""
