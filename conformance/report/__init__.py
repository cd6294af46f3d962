"""What is made of the results: the page, what stands beside it, documents, tables."""
