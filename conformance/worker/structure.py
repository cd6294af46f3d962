"""Nested lists, tuples and dicts of tensors, as a flat list and back."""


def flatten(structure, leaves):
    """Append the leaves of nested lists, tuples and dicts to `leaves`; return what `pack` needs to undo it."""
    if structure is None:
        return None
    if isinstance(structure, (list, tuple)):
        return [flatten(s, leaves) for s in structure]
    if isinstance(structure, dict):
        return {key: flatten(s, leaves) for key, s in structure.items()}
    leaves.append(structure)
    return len(leaves) - 1


def pack(layout, leaves):
    """Return the structure whose `flatten` gave `layout`; tuples come back as lists."""
    if layout is None:
        return None
    if isinstance(layout, list):
        return [pack(part, leaves) for part in layout]
    if isinstance(layout, dict):
        return {key: pack(part, leaves) for key, part in layout.items()}
    return leaves[layout]
