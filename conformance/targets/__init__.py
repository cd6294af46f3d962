"""The targets: which are declared, what they are made of, and how their environments are built."""
