"""Looks at a user's own model: `trace` follows its masks, `advise` says which steps between versions touch them.

The host asks (`ask`), a process in the user's environment answers (`inside`), as a `Trace`.
"""
