"""What Dom0 saw of a guest that moved."""

from __future__ import annotations

import pytest

from xenvm.errors import UsageError
from xenvm.model.verdict import Tier
from xenvm.qualify.crossing import read_watch
from xenvm.qualify.run import asked_requirements
from xenvm.spec import load_profile

MOVEMENT = {"WP-2-02", "WP-6.2-03", "WP-6.3-01", "WP-6.3-02", "WP-6.3-03"}


def reply(when_s: float) -> str:
    return f"[{when_s:.6f}] 64 bytes from 169.254.7.11: icmp_seq=1 ttl=64 time=0.4 ms\n"


def test_the_longest_silence_counts_less_the_pause_between_two_pings() -> None:
    text = "PING …\n" + "".join(map(reply, (100.0, 100.1, 100.85, 100.95)))
    watch = read_watch(text + "[101.0] no answer yet for icmp_seq=9\n")
    assert watch.replies == 4
    assert watch.gap_s == pytest.approx(0.65)


@pytest.mark.parametrize("text", ["", "PING …\n", reply(1.0)])
def test_who_never_answered_twice_has_no_gap(text: str) -> None:
    assert read_watch(text).gap_s == 0.0


def test_a_guest_that_answers_no_more_is_silent_until_the_end() -> None:
    text = "".join(map(reply, (100.0, 100.1)))
    watch = read_watch(text + "[130.500000] the end\n")
    assert watch.gap_s == pytest.approx(30.3)
    assert watch.silent_s == pytest.approx(30.4)
    assert not watch.is_answered
    assert read_watch(text + "[100.150000] the end\n").is_answered
    assert not read_watch("PING …\n[100.150000] the end\n").is_answered


def test_movement_is_asked_of_two_hosts_only() -> None:
    profile = load_profile("fujitsu-2008")
    alone = {r.id for r in asked_requirements(profile, Tier.FULL, ())}
    paired = {r.id for r in asked_requirements(profile, Tier.FULL, (), hosts=2)}
    assert paired - alone == MOVEMENT
    assert not MOVEMENT & {r.id for r in asked_requirements(profile, Tier.QUICK, (), hosts=2)}
    with pytest.raises(UsageError, match="add --to HOST"):
        asked_requirements(profile, Tier.FULL, ("WP-6.3-01",))
