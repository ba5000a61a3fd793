"""Profiles: what is shipped, what a user's own may say, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import ProfileError, UsageError
from xenvm.model.domain_rules.limits import LIMIT_RULES
from xenvm.model.profile import CheckKind, LimitKind
from xenvm.spec import list_profiles, load_host_profile, load_profile, requirement, requirements
from xenvm.spec.limits import LIMITS, ValueKind, limit_of, number_of, words_of

LIMIT = """
[limits.guests_per_core]
value = 3
unit = "guests"
kind = "supported"
source = "our own measurements"
"""


def written(folder: Path, text: str, name: str = "ours.toml") -> str:
    """Write a profile and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_2008_profile_says_what_the_white_paper_says() -> None:
    profile = load_profile("fujitsu-2008")
    assert number_of(profile, "guests_per_core") == 4
    assert number_of(profile, "dom0_memory_min_mib") == 1024
    assert number_of(profile, "bridges_max") == 128
    assert number_of(profile, "vnifs_per_bridge_max") == 64
    assert words_of(profile, "disk_backings") == ("disk", "partition", "lvm", "file")
    assert limit_of(profile, "dom0_memory_min_mib").kind is LimitKind.RECOMMENDED
    assert all(limit.source for limit in profile.limits.values())


def test_every_shipped_profile_loads_under_its_own_name() -> None:
    assert "fujitsu-2008" in list_profiles()
    assert [load_profile(name).name for name in list_profiles()] == list(list_profiles())


def test_a_users_own_profile_inherits_and_changes_one_limit(tmp_path: Path) -> None:
    path = written(tmp_path, f'inherit = "fujitsu-2008"\ntitle = "ours"\n{LIMIT}')
    ours, theirs = load_profile(path), load_profile("fujitsu-2008")
    assert (ours.name, ours.title) == ("ours", "ours")
    assert number_of(ours, "guests_per_core") == 3
    assert ours.requirement_ids == theirs.requirement_ids
    assert {**ours.limits, "guests_per_core": None} == {**theirs.limits, "guests_per_core": None}


def test_a_profile_may_inherit_a_file_beside_it(tmp_path: Path) -> None:
    written(tmp_path, 'inherit = "fujitsu-2008"\ntitle = "parent"\n', "parent.toml")
    child = written(tmp_path, 'inherit = "parent.toml"\nrequirements = ["WP-3.4-12"]\n')
    assert load_profile(child).title == "parent"
    assert load_profile(child).requirement_ids == ("WP-3.4-12",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inherits = 1", "unknown key 'inherits': did you mean inherit?"),
        ('inherit = "ours.toml"', "inherits from itself"),
        ('inherit = "fujitsu-2009"', "no profile is named fujitsu-2009: did you mean fujitsu-2008"),
        ("title =", "no TOML"),
        ("title = 3", "title must be a string"),
        ('requirements = ["WP-3.4-99"]', "requirements: no WP-3.4-99: did you mean"),
        ('requirements = "WP-3.4-01"', "must be a list"),
        (LIMIT.replace("_core", "_cpu"), "[limits.guests_per_cpu]: no such limit: did you mean"),
        (LIMIT.replace('"guests"', '"MiB"'), "[limits.guests_per_core] unit must be 'guests'"),
        (LIMIT.replace("supported", "suported"), "kind 'suported' is unknown: did you mean"),
        (LIMIT.replace("3", "-3"), "value must be a whole number"),
        (LIMIT.replace("3", "true"), "value must be a whole number"),
        (LIMIT.replace("3", '"3"'), "value must be a whole number"),
        (LIMIT.replace("value", "values"), "unknown key 'values': did you mean value?"),
        (LIMIT.replace('source = "our own measurements"', ""), "source is missing"),
        ("limits = 3", "[limits] must be a table"),
    ],
)
def test_a_wrong_profile_names_the_file_the_place_and_the_way_out(
    tmp_path: Path, text: str, says: str
) -> None:
    inherit = "" if "inherit" in text else 'inherit = "fujitsu-2008"\n'
    path = written(tmp_path, inherit + text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "ours" in str(caught.value) or "fujitsu" in str(caught.value)


def test_a_profile_that_does_not_inherit_must_be_whole(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="requirements must be a list"):
        load_profile(written(tmp_path, 'title = "t"\nsource = "s"\n'))


def test_a_file_that_is_not_there_and_one_that_is_too_big_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(str(tmp_path / "none.toml"))
    with pytest.raises(ProfileError, match="at most"):
        load_profile(written(tmp_path, "#" * (1 << 20) + "\n"))


def test_every_limit_is_set_by_a_shipped_profile() -> None:
    assert {key for name in list_profiles() for key in load_profile(name).limits} == set(LIMITS)


def test_a_profile_that_asks_nothing_of_a_host_is_none_for_a_host() -> None:
    assert load_host_profile("fujitsu-2008").requirement_ids
    assert set(load_profile("rhel5-xen-pv").limits) <= set(LIMIT_RULES)
    with pytest.raises(ProfileError, match="xenvm domain check FILE --profile rhel5-xen-pv"):
        load_host_profile("rhel5-xen-pv")


def test_asking_for_a_limit_of_another_kind_is_an_error() -> None:
    profile = load_profile("fujitsu-2008")
    assert LIMITS["smt"][1] is ValueKind.WORD
    for ask in (number_of, words_of):
        with pytest.raises(ProfileError, match="smt"):
            ask(profile, "smt")
    with pytest.raises(ProfileError, match="sets no"):
        limit_of(profile, "absent")


def test_an_unknown_requirement_names_the_closest() -> None:
    with pytest.raises(UsageError, match=r"did you mean .*WP-3\.4-12"):
        requirement("WP-3.4-12x")


def test_every_requirement_is_complete() -> None:
    for one in requirements().values():
        assert one.title
        assert one.statement.endswith(".")
        assert one.quote
        assert one.by_hand
        assert one.id.startswith(f"WP-{one.section}-")
    assert requirement("WP-3.4-15").check is CheckKind.LIVE
