"""The bodies of the clauses."""
