"""Laws of versions: nightlies in ranges, spellings, and the declared target that is nearest."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from conformance.local.errors import UsageError
from conformance.targets import nearest, registry, versions
from conformance.targets.naming import ResolvedTarget, make_target
from conformance.vocabulary import FRONT_ENDS, MODES

DECLARED = registry.load()
NUMBERS = st.integers(0, 30)
RELEASES = st.builds("{}.{}.{}".format, NUMBERS, NUMBERS, NUMBERS)
EARLY = st.sampled_from([".dev2026102704", "a1", "b2", "rc0", "rc1.dev3"])
OPERATORS = st.sampled_from([">=", ">", "<=", "<", "==", "!="])
RELEASED = [t for t in DECLARED if t.base.tensorflow and not Version(t.base.tensorflow).is_prerelease]
ON_TENSORFLOW = sorted({Version(t.base.tensorflow) for t in RELEASED})


@given(RELEASES, EARLY, st.lists(st.builds("{}{}".format, OPERATORS, RELEASES), max_size=3).map(",".join))
def test_a_nightly_is_where_its_release_is(release: str, early: str, range_: str) -> None:
    specifier = SpecifierSet(range_)
    assert versions.within(release + early, specifier) == versions.within(release, specifier)


@given(RELEASES, RELEASES)
def test_a_version_is_below_a_bound_or_from_it_on(version: str, bound: str) -> None:
    below, above = SpecifierSet(f"<{bound}"), SpecifierSet(f">={bound}")
    assert versions.within(version + ".dev1", below) != versions.within(version + ".dev1", above)


@given(st.text(string.printable, max_size=20), st.text(string.printable, max_size=20))
def test_any_text_can_be_asked_about(one: str, other: str) -> None:
    assert versions.same(one, one)
    assert versions.same(one, other) == versions.same(other, one)
    if versions.parse(one) is None:
        assert not versions.within(one, SpecifierSet())


def test_spellings_of_one_version() -> None:
    assert versions.same("2.22.0-dev20261101", "2.22.0.dev20261101")
    assert versions.same("2.2.4-tf", "2.2.4-tf")
    assert not versions.same("2.2.4-tf", "2.2.4")
    assert not versions.within(None, SpecifierSet())


@given(st.sampled_from(ON_TENSORFLOW), st.integers(0, 9), EARLY | st.just(""))
def test_a_pinned_tensorflow_is_nearest_to_the_column_of_its_minor(declared: Version, patch: int, early: str) -> None:
    pin = SpecifierSet(f"=={declared.major}.{declared.minor}.{patch}{early}")
    found = Version(nearest.by_tensorflow(DECLARED, pin, None).base.tensorflow)
    assert found.release[:2] == declared.release[:2]


@given(RELEASES, RELEASES)
def test_a_newer_version_is_never_nearer_to_an_older_column(one: str, other: str) -> None:
    older, newer = sorted([one, other], key=Version)
    found = [nearest.by_tensorflow(DECLARED, SpecifierSet(f"=={v}"), None).base.tensorflow for v in (older, newer)]
    assert Version(found[0]) <= Version(found[1])


@pytest.mark.parametrize(
    ("front_end", "range_", "column"),
    [
        ("keras", "", "keras-3.15"),
        ("keras", "==3.12.4", "keras-3.12"),
        ("keras", ">=3.5,<3.9", "keras-3.8"),
        ("keras", "==3.8.0.dev2025010103", "keras-3.8"),
        ("keras", "==4.0", "keras-3.15"),
        ("keras", "==2.3.1", "keras-2.3.1+tf-1.15"),
        ("keras", "==2.3.*", "keras-2.3.1+tf-1.15"),
        ("keras", "==2.10.0", "tf-2.10"),
        ("keras", "==1.2.2", "keras-2.2.4+tf-1.13"),
        ("tf.keras", "<2.10", "tf-2.9"),
        ("tf.keras", "==1.12.3", "tf-1.13"),
        ("tf_keras", "==2.15.1", "tf-2.15"),
        ("tf_keras", "~=2.17.0", "tf-keras-2.17"),
        ("tf_keras", "", "tf-keras-2.21"),
    ],
)
def test_the_nearest_column(front_end: str, range_: str, column: str) -> None:
    assert nearest.by_keras(DECLARED, front_end, "tensorflow", SpecifierSet(range_)).id == column


@pytest.mark.parametrize("front_end", FRONT_ENDS)
@given(st.data())
def test_a_column_that_is_made_has_an_id_of_its_own(front_end: str, data: st.DataObject) -> None:
    keras = st.sampled_from([t.keras.removesuffix("-tf") for t in DECLARED]) | RELEASES | st.sampled_from(["3.15", "3"])
    library = st.sampled_from([t.base.tensorflow for t in DECLARED if t.base.tensorflow] + ["2.15", "1.13"]) | RELEASES
    resolved = ResolvedTarget(front_end, data.draw(keras), "tensorflow", data.draw(library), "3.11")
    made = make_target(resolved, DECLARED)
    assert made.id not in {t.id for t in DECLARED}
    assert made.tier == registry.AD_HOC
    assert sorted([*made.modes, *made.lacks]) == sorted(MODES)


def test_what_no_column_is_like_is_named() -> None:
    with pytest.raises(UsageError, match="^no declared target has tf_keras on jax$"):
        nearest.by_keras(DECLARED, "tf_keras", "jax", SpecifierSet())
