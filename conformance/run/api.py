"""The one way to run cells on targets."""

from conformance.results import Results
from conformance.run import scheduler
from conformance.run.collector import ResultCollector
from conformance.run.plan import make_plan
from conformance.run.request import RunRequest
from conformance.run.result_cache import ResultCache

__all__ = ["RunRequest", "run"]


def run(request: RunRequest) -> Results:
    """Run cases on targets; what the result cache has is not measured again.

    Returns:
        Results with a cell for everything that was planned. `problems` says what went wrong with the run itself.

    Raises:
        UsageError: No cell is left to run.
    """
    plan = make_plan(request.cases, [prepared.target for prepared in request.targets], request.modes)
    cache = ResultCache(request.cache, request.bundle, request.fresh)
    with request.progress(plan) as progress:
        collector = ResultCollector(plan, request, cache, progress)
        seconds = scheduler.execute(plan, request, cache, collector)
    return collector.close(seconds)
