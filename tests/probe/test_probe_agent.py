"""The agent's own shell, run under busybox: what it does where no Xen is needed for it."""

from __future__ import annotations

import base64
import contextlib
import gzip
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from xenvm.host.probe.protocol import (
    Beat,
    Hello,
    Reply,
    encode_request,
    parse_facts,
    parse_message,
    pattern_sha256,
)
from xenvm.waiting import wait_until

pytestmark = pytest.mark.skipif(not shutil.which("busybox"), reason="no busybox here to run it in")

AGENT = resources.files("xenvm.host.probe").joinpath("agent.sh").read_text()
FIRST, LAST = "# One line is one write", 'say "{\\"say\\":\\"hello\\"'
"""Between them the agent only defines functions; before, it makes itself a system."""
NO_NIC = "give_address() { :; }"
"""None of this machine's is touched."""


def functions(folder: Path) -> str:
    """Return the agent's functions, which keep their files in ``folder``."""
    subprocess.run(["busybox", "mkfifo", folder / "never"], check=True, timeout=30)
    (folder / "deeds").touch()
    found = AGENT[AGENT.index(FIRST) : AGENT.index(LAST)]
    return found.replace("/ram/", f"{folder}/").replace("/never", f"{folder}/never")


class Agent:
    """The agent's hand, as a process: what is written to it is obeyed."""

    def __init__(self, folder: Path):
        script = f'{functions(folder)}\n{NO_NIC}\nwhile read -r line; do obey "$line"; done'
        programs = folder / "bin"
        programs.mkdir()
        subprocess.run(["busybox", "--install", "-s", programs], check=True, timeout=30)
        self._shell = subprocess.Popen(
            ["busybox", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": str(programs)},
            start_new_session=True,
        )
        self._number = 0

    def ask(self, verb: str, **values: str | int) -> Reply:
        self._number += 1
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(encode_request(self._number, verb, values).decode())
        self._shell.stdin.flush()
        reply = parse_message(self._shell.stdout.readline())
        assert isinstance(reply, Reply)
        assert reply.id == self._number
        return reply

    def end(self) -> None:
        self.ask("rest")
        os.killpg(self._shell.pid, signal.SIGKILL)  # a stream and its listener do not rest
        self._shell.communicate(timeout=30)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    running = Agent(tmp_path)
    yield running
    running.end()


SESSION = 3
"""Where /proc/PID/stat has it, behind the name."""


def deeds(folder: Path) -> list[str]:
    """Return the command lines of the processes in the sessions that the agent's deeds are."""
    sessions = (folder / "deeds").read_text().split()
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            facts = (process / "stat").read_text().rpartition(")")[2].split()
            if facts[SESSION] in sessions and facts[0] != "Z":
                lines.append((process / "cmdline").read_text().replace("\0", " "))
    return lines


def test_facts_are_said_as_xenvm_reads_them(agent: Agent) -> None:
    facts = parse_facts(agent.ask("facts").fields)
    assert isinstance(facts, Hello)
    assert facts.memory_kib > 0
    assert facts.vcpus_online.startswith("0")


def test_cpu_time_passes(agent: Agent) -> None:
    before, after = agent.ask("cpu_time"), agent.ask("cpu_time")
    assert after.number("uptime_s") >= before.number("uptime_s") > 0
    assert after.number("busy_s") >= before.number("busy_s") > 0
    assert before.number("idle_s") > 0
    assert before.number("steal_s") >= 0


def test_what_spins_spins_until_it_may_rest(agent: Agent, tmp_path: Path) -> None:
    assert agent.ask("spin", cpus=2).fields["cpus"] == 2
    wait_until(
        "two loops",
        lambda: len([line for line in deeds(tmp_path) if "while" in line]) >= 2,
        deadline_s=20,
    )
    agent.ask("rest")
    assert not deeds(tmp_path)


def test_what_it_remembers_it_recalls(agent: Agent) -> None:
    agent.ask("remember", seed="k3x9-a", kib=8)
    assert agent.ask("recall").fields["sha256"] == pattern_sha256("k3x9-a", 8)


def test_memory_that_was_eaten_is_held_until_it_may_rest(agent: Agent, tmp_path: Path) -> None:
    assert agent.ask("eat_memory", kib=8192).fields["eaten_kib"] == 8192
    held = [pid for pid in Path("/proc").glob("[0-9]*") if resident_kib(pid) >= 8192 and of(pid)]
    assert held
    agent.ask("rest")
    assert not deeds(tmp_path)


def resident_kib(process: Path) -> int:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def of(process: Path) -> bool:
    try:
        return b"count=1" in (process / "cmdline").read_bytes()
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_stream_arrives_line_by_line(agent: Agent) -> None:
    port = free_port()
    here: dict[str, str | int] = {"nic": "lo", "address": "127.0.0.1/8", "port": port}
    agent.ask("listen", **here)
    agent.ask("stream", **here, peer="127.0.0.1")
    heard = sent = agent.ask("stream_status")
    while heard.fields.get("lines", 0) == 0 or sent.number("sent") < 3:
        heard, sent = agent.ask("heard"), agent.ask("stream_status")
    assert sent.fields["connected"] is True
    assert sent.fields["errors"] == 0
    assert heard.fields["wrong"] == 0


def test_a_stream_without_a_listener_is_an_error_of_its_own(agent: Agent) -> None:
    agent.ask("stream", nic="lo", address="127.0.0.1/8", port=free_port(), peer="127.0.0.1")
    status = agent.ask("stream_status")
    while status.fields["errors"] == 0:
        status = agent.ask("stream_status")
    assert status.fields["connected"] is False


def test_what_is_sent_to_everybody_is_counted_by_the_driver(agent: Agent) -> None:
    here: dict[str, str | int] = {"nic": "lo", "address": "127.0.0.1/8", "peer": "127.0.0.1"}
    sent = agent.ask("broadcast", **here, packets=3, seconds=5)
    assert sent.number("sent_packets") >= 3
    assert sent.number("sent_bytes") >= 3 * 1400


def test_lines_that_are_lost_are_counted(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "heard").write_text("1\n2\n4\n")
    assert agent.ask("heard").fields == {"lines": 3, "wrong": 1}


def test_its_devices_are_looked_at(agent: Agent) -> None:
    rows = agent.ask("pci").fields["pci"]
    assert isinstance(rows, list)
    assert all({*row} == {"address", "vendor", "device", "driver"} for row in rows)
    assert not agent.ask("disk", device="xvdz").ok
    assert not agent.ask("disk_flood", device="xvdz", seconds=1).ok


def test_a_program_runs_and_all_that_it_printed_comes_home(agent: Agent) -> None:
    reply = agent.ask("run", argv="seq;1;20000", seconds=20)
    assert reply.number("status") == 0
    assert unpacked(reply, "output").splitlines() == [str(n) for n in range(1, 20001)]


def test_a_program_that_fails_says_why(agent: Agent) -> None:
    reply = agent.ask("run", argv="cat;/nowhere", seconds=20)
    assert reply.number("status") == 1
    assert "No such file" in unpacked(reply, "complaints")


def test_words_of_a_program_are_taken_as_they_are(agent: Agent) -> None:
    reply = agent.ask("run", argv="echo;a=b:c/d;--e=-1", seconds=20)
    assert unpacked(reply, "output") == "a=b:c/d --e=-1\n"


def test_a_program_that_takes_too_long_is_killed(agent: Agent) -> None:
    assert agent.ask("run", argv="sleep;60", seconds=1).number("status") == KILLED


def test_a_server_is_ready_when_it_is_answered_for_and_rests(agent: Agent, tmp_path: Path) -> None:
    port = free_port()
    agent.ask("serve", argv=f"nc;-l;-p;{port}", port=port, seconds=60)
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    agent.ask("rest")
    assert not deeds(tmp_path)


KILLED = 137


def unpacked(reply: Reply, field: str) -> str:
    return gzip.decompress(base64.b64decode(str(reply.fields[field]))).decode()


def test_a_verb_that_it_does_not_know_fails(agent: Agent) -> None:
    reply = agent.ask("dance")
    assert not reply.ok
    assert reply.fields["why"] == "unknown verb"


def test_the_heart_beats_as_often_as_it_is_told_and_starts_no_process(tmp_path: Path) -> None:
    script = f"every_ms=50\n{functions(tmp_path)}\ndo_beat >/dev/null; PATH=; heart"
    with subprocess.Popen(
        ["busybox", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    ) as shell:
        assert shell.stdout
        beats = [parse_message(shell.stdout.readline()) for _ in range(6)]
        shell.kill()
    assert all(isinstance(beat, Beat) for beat in beats)
    ordered = [beat for beat in beats if isinstance(beat, Beat)]
    assert [beat.n for beat in ordered] == [1, 2, 3, 4, 5, 6]
    gaps_s = [after.uptime_s - before.uptime_s for before, after in itertools.pairwise(ordered)]
    assert 0.04 <= min(gaps_s) < 0.5


@pytest.mark.parametrize("verb", ["do_hang", "eval", "x;reboot"])
def test_a_verb_is_never_a_command(agent: Agent, verb: str) -> None:
    assert json.loads(encode_request(1, verb, {}))["do"] == verb
    assert not agent.ask(verb).ok
