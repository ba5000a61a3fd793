"""xenvm schedule and domain set on libvirt's test driver, which has no weights and no caps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xenvm.cli import schedule as schedule_module
from xenvm.cli import xenvm
from xenvm.errors import SpecError

NODE = """<node>
  <memory>4194304</memory>
  <domain type='xen'><name>shop</name><memory>1048576</memory><currentMemory>524288</currentMemory>
  <vcpu current='1'>2</vcpu><os><type>hvm</type></os></domain>
</node>"""
SCHEDULE = """
[day]
start = "08:00"
domains.shop = { vcpus = 2, memory_mib = 512 }
[night]
start = "20:00"
domains.shop = { vcpus = 1, memory_mib = 256 }
"""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(xenvm, arguments)


@pytest.fixture
def host(tmp_path: Path) -> str:
    (tmp_path / "node.xml").write_text(NODE)
    return f"test://{tmp_path}/node.xml"


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    path = tmp_path / "day and night.toml"
    path.write_text(SCHEDULE)
    return path


def test_a_schedule_that_the_host_can_give_is_checked(host: str, schedule: Path) -> None:
    done = call("schedule", "check", str(schedule), host)
    assert (done.exit_code, done.output) == (0, f"{host} can give all of it\n")


def test_a_schedule_that_the_host_cannot_give_is_status_1_and_named(
    host: str, schedule: Path
) -> None:
    schedule.write_text(
        SCHEDULE.replace("512", "600").replace("shop = { vcpus = 1", "shop = { vcpus = 3")
    )
    done = call("schedule", "check", str(schedule), host, "--json")
    assert done.exit_code == 1
    paths = [finding["path"] for finding in json.loads(done.stdout)["findings"]]
    assert paths == ["day.domains", "night.domains.shop.vcpus"]
    assert "600 MiB" in call("schedule", "check", str(schedule), host).output


@pytest.mark.parametrize(
    ("clock", "period", "steps"),
    [
        ("09:00", "day", [("vcpus", 1, 2)]),
        ("21:00", "night", [("memory_mib", 512, 256)]),
        ("03:00", "night", [("memory_mib", 512, 256)]),
    ],
)
def test_a_schedule_is_applied_for_a_time_of_day(
    host: str, schedule: Path, clock: str, period: str, steps: list[tuple[str, int, int]]
) -> None:
    done = call("schedule", "apply", str(schedule), host, "--at", clock, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["period"] == period
    assert [(step["name"], step["old"], step["new"]) for step in document["steps"]] == steps


def test_what_was_done_is_said_for_people(host: str, schedule: Path) -> None:
    done = call("schedule", "apply", str(schedule), host, "--at", "21:00")
    assert done.output == "night: memory_mib of shop from 512 to 256\n"
    done = call("schedule", "apply", str(schedule), "test:///default", "--at", "21:00")
    assert (done.exit_code, "shop: the host has no such domain" in done.stderr) == (2, True)


def test_a_run_looks_again_and_goes_on_after_a_failure(
    host: str, schedule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(schedule_module, "pause", waits.append)
    done = call("schedule", "run", str(schedule), host, "--at", "09:00", "--rounds", "2")
    assert done.exit_code == 0, done.output
    assert waits == [schedule_module.EVERY_S]
    assert done.stdout.startswith("day: vcpus of shop from 1 to 2")
    schedule.write_text(SCHEDULE.replace("memory_mib", "weight"))
    done = call("schedule", "run", str(schedule), host, "--at", "09:00", "--rounds", "2")
    assert done.exit_code == 0
    assert done.stderr.count("trying again") == 2


def test_a_run_outlives_a_domain_that_goes_and_not_one_that_never_was(
    host: str, schedule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(_: float) -> None:
        monkeypatch.setattr(schedule_module, "apply_period", gone)

    def gone(_period: object, _host: str) -> None:
        raise SpecError("shop: the host has no such domain")

    monkeypatch.setattr(schedule_module, "pause", forget)
    done = call("schedule", "run", str(schedule), host, "--at", "09:00", "--rounds", "2")
    assert (done.exit_code, done.stderr.count("trying again")) == (0, 1)
    done = call("schedule", "run", str(schedule), host, "--at", "09:00", "--rounds", "2")
    assert (done.exit_code, "no such domain" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "9:00"], "--at: '9:00' is no time of day"),
        (["--at", "25:00"], "--at"),
    ],
)
def test_a_wrong_time_is_one_clear_line_and_status_2(
    host: str, schedule: Path, arguments: list[str], said: str
) -> None:
    done = call("schedule", "apply", str(schedule), host, *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_file_that_is_no_schedule_is_one_clear_line_and_status_2(tmp_path: Path) -> None:
    bad = tmp_path / "s.toml"
    bad.write_bytes(b"\xff\xfe")
    for words in (["check", str(bad)], ["unit", str(bad)], ["apply", str(tmp_path / "none.toml")]):
        done = call("schedule", *words, "test:///default")
        assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1), done.output
        assert ".toml" in done.stderr


def test_a_unit_runs_the_schedule_from_boot_on(schedule: Path) -> None:
    done = call("schedule", "unit", str(schedule), "xen:///system")
    assert done.exit_code == 0
    assert f'schedule run "{schedule}" xen:///system\n' in done.stdout
    assert "@" not in done.stdout
    assert "WantedBy=multi-user.target" in done.stdout


def test_a_domain_is_given_vcpus_and_memory(host: str) -> None:
    done = call("domain", "set", "shop", host, "--vcpus", "2", "--memory-mib", "400", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["before"]["has"]["vcpus"] == 1
    assert document["after"]["has"]["vcpus"] == 2
    assert document["after"]["has"]["memory_mib"] == 400
    shown = call("domain", "set", "shop", host, "--memory-mib", "400").output
    assert [line.split() for line in shown.splitlines() if "memory" in line] == [
        ["memory_mib", "512", "400"]
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to set"),
        (["--pin", "0"], "--pin 0: write it as VCPU=PCPUS"),
        (["--pin", "0=x"], "--pin 0=x: 'x' is no list of CPUs"),
        (["--vcpus", "3"], "vcpus: 3 is not between 1 and 2"),
        (["--cap", "201"], "cap_percent: 201 is not between 0 and 200"),
    ],
)
def test_what_a_domain_cannot_have_is_one_clear_line_and_status_2(
    host: str, arguments: list[str], said: str
) -> None:
    done = call("domain", "set", "shop", host, *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


def test_what_stands_when_a_pin_fails_is_named(host: str) -> None:
    done = call("domain", "set", "shop", host, "--vcpus", "2", "--pin", "0=0")
    assert done.exit_code == 3
    assert "could not change the pin of vCPU 0 to 0: a simulated host" in done.stderr
    assert "these stand, undo them by hand: vcpus of shop from 1 to 2" in done.stderr
    done = call("domain", "set", "shop", host, "--pin", "0=99")
    assert (done.exit_code, "pin to some of them, not 99" in done.stderr) == (2, True)


def test_a_change_that_fails_half_way_is_undone_and_status_3(host: str) -> None:
    done = call("domain", "set", "shop", host, "--memory-mib", "400", "--weight", "512")
    assert done.exit_code == 3
    assert "could not change weight of shop from 50 to 512" in done.stderr
