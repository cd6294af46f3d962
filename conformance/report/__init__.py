"""What a reader sees of a results file: the page and the Markdown summary. Runs nothing."""
