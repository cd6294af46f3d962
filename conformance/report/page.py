from conformance.results import Results


def render(results: Results) -> str:
    return "<!doctype html>"
