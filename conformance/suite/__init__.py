"""The suite as the host sees it: which cases there are, their sources, and the copy that enters a target."""
