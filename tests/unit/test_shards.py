"""How a plan is split: every column once, the same everywhere, no shard heavier than need be."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.distributed import shards
from conformance.distributed.shards import BASE_WEIGHT
from conformance.local.errors import UsageError
from conformance.run.plan import Plan, ProcessGroup
from conformance.targets import registry
from conformance.targets.registry import Target
from tests.support.fakes import fake_base, fake_target

BASES = [fake_base(id=name) for name in "abc"]


def planned(columns: list[tuple[int, int]]) -> tuple[Plan, list[Target]]:
    """Columns as (number of their base, cells that execute something)."""
    chosen = [fake_target(f"column-{i}", base=BASES[base]) for i, (base, _) in enumerate(columns)]
    work = zip(chosen, columns, strict=True)
    return Plan(
        [], [ProcessGroup(t, ["eager"], [(str(n), "eager") for n in range(cells)]) for t, (_, cells) in work]
    ), chosen


def weight(plan: Plan, columns: list[Target]) -> int:
    cells = shards.work(plan)
    return sum(cells[t.id] for t in columns) + BASE_WEIGHT * len({t.base.id for t in columns})


plans = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2000)), min_size=1, max_size=7)


@given(plans, st.data())
def test_every_column_is_in_one_shard(columns: list[tuple[int, int]], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(columns)))
    plan, chosen = planned(columns)
    split = shards.split(plan, chosen, count)
    assert len(split) == count and all(split)
    assert sorted(t.id for shard in split for t in shard) == sorted(t.id for t in chosen)
    for shard in split:
        assert shard == [t for t in chosen if t in shard]  # in the order of the page


@given(plans, st.data())
def test_no_shard_is_heavier_than_a_share_and_the_heaviest_column(
    columns: list[tuple[int, int]], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(columns)))
    plan, chosen = planned(columns)
    alone = [weight(plan, [t]) for t in chosen]
    heaviest = max(weight(plan, shard) for shard in shards.split(plan, chosen, count))
    assert heaviest <= sum(alone) / count + max(alone)


@given(plans, st.data())
def test_no_other_cut_of_the_line_is_better(columns: list[tuple[int, int]], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(columns)))
    columns = sorted(columns, key=lambda column: column[0])  # base by base
    plan, chosen = planned(columns)
    cuts = itertools.combinations(range(1, len(chosen)), count - 1)
    lines = ([chosen[a:b] for a, b in itertools.pairwise((0, *inner, len(chosen)))] for inner in cuts)
    best = min(max(weight(plan, shard) for shard in line) for line in lines)
    assert max(weight(plan, shard) for shard in shards.split(plan, chosen, count)) == best


def test_columns_that_share_a_base_stay_together() -> None:
    plan, chosen = planned([(0, 100), (1, 100), (0, 100), (1, 100)])
    assert [[t.base.id for t in shard] for shard in shards.split(plan, chosen, 2)] == [["a", "a"], ["b", "b"]]


def test_a_large_base_is_cut_where_balance_asks_for_it() -> None:
    plan, chosen = planned([(0, 1000), (0, 1000), (0, 1000), (0, 1000), (1, 100)])
    assert [[t.id[-1] for t in shard] for shard in shards.split(plan, chosen, 2)] == [["0", "1"], ["2", "3", "4"]]


@pytest.mark.parametrize("count", [1, 2, 8, 20, 50])
def test_the_history_is_split_evenly(count: int) -> None:
    chosen = registry.choose(registry.load(), [], "history")
    plan = Plan([], [ProcessGroup(t, t.modes, [(str(n), m) for n in range(450) for m in t.modes]) for t in chosen])
    loads = [weight(plan, shard) for shard in shards.split(plan, chosen, count)]
    assert max(loads) <= sum(loads) / count + max(weight(plan, [t]) for t in chosen)


def test_modes_that_a_column_lacks_cost_nothing() -> None:
    probe = ProcessGroup(fake_target(), ["jit"], [], probe=True)
    assert shards.work(Plan([("case", "fake-0.1", "jit")], [probe])) == {"fake-0.1": 0}


def test_more_shards_than_columns_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"^cannot split 2 targets into 3 shards$"):
        shards.split(*planned([(0, 1), (1, 1)]), 3)


def test_a_shard_knows_the_whole_plan() -> None:
    shard, columns = shards.choose("2/2", *planned([(0, 5), (0, 5), (1, 5)]), modes=["jit"], complete=True)
    assert (shard.number, shard.modes, shard.complete) == (2, ["jit"], True)
    assert [[t.id for t in part] for part in shard.plan] == [["column-0", "column-1"], ["column-2"]]
    assert [t.id for t in columns] == ["column-2"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match=f"there is no shard '{text}'"):
        shards.choose(text, *planned([(0, 1), (1, 1)]), modes=["jit"], complete=True)
