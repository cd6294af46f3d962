"""Inspects a user's own model: `trace` follows its masks, `advise` says which changes between versions affect them.

The client on the host (`client`) starts a process in the user's environment (`inside`), which returns a `Trace`.
"""
