"""A run on more than one machine: shards of a plan, and one set of results from several."""
