"""Presents results: the page, the files beside it, documents and tables."""
