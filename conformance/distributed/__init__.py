"""Runs on several machines: shards of a plan, and merging their results."""
