"""The columns: which there are, what they are made of, and how their environments are built."""
