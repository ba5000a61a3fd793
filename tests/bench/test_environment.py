"""What is asked of Dom0 around a leg, and in which order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from xenvm.bench.environment import look_after, look_before
from xenvm.host import CommandResult, Host
from xenvm.model.statistics import HostSample

TOLD = "clock 2.0 1.0\n"


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def host(asked: list[str]) -> Host:
    """A host whose Dom0 remembers what it was asked."""

    def run(command: str, *_args: str, **_how: object) -> CommandResult:
        asked.append(command)
        return CommandResult(command=command, returncode=0, stdout=TOLD, stderr="")

    def sample() -> HostSample:
        asked.append("sample")
        return HostSample(at_s=0.0, domains=())

    fake = SimpleNamespace(shell=SimpleNamespace(run=run), watch=SimpleNamespace(sample=sample))
    return cast("Host", fake)


def test_caches_are_dropped_by_themselves_before_anything_is_counted(
    host: Host, asked: list[str]
) -> None:
    look_before(host, ["254:0"])
    first, *others = asked
    assert "drop_caches" in first
    assert "stat" not in first
    assert not [script for script in others if "drop_caches" in script]
    assert "moved" in others[-1]


def test_caches_stay_where_a_leg_drives_no_device_and_after_every_leg(
    host: Host, asked: list[str]
) -> None:
    look_before(host)
    look_after(host, ["254:0"])
    assert not [script for script in asked if "drop_caches" in script]
