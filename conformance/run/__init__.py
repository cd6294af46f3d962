"""A run: what is planned, who does it, what is remembered."""
