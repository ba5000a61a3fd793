"""What the probe guest and xenvm say to each other; the agent's own shell is run too."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import GuestError
from xenvm.host.probe.cpio import newc
from xenvm.host.probe.image import is_static
from xenvm.host.probe.protocol import (
    Beat,
    Hello,
    Reply,
    encode_request,
    last_words,
    parse_message,
    pattern,
    pattern_sha256,
)

# Said by a probe guest on a lab host: Xen 4.17, Linux 6.1.
HELLO = (
    '{"say":"hello","protocol":1,"boot_id":"88d976c1-c8a3-4e0c-a4c2-bace6cd135cb","release":'
    '"6.1.0-56-amd64","vcpus":1,"vcpus_online":"0","memory_kib":49424,"available_kib":38212,"swap_kib":0,"uptime_s":8.28,'
    '"guest_type":"PV","disks":[{"name":"xvdb","bytes":8388608}],"nics":[{"name":"eth0","mac":"00:16:3e:6e:dd:e7"}]}'
)
AGENT = resources.files("xenvm.host.probe").joinpath("agent.sh").read_text()


def agent_function(name: str) -> str:
    found = re.search(rf"^{name}\(\) \{{.*?^\}}", AGENT, re.MULTILINE | re.DOTALL)
    assert found
    return found[0]


def test_a_guests_hello_is_read() -> None:
    hello = parse_message(HELLO)
    assert isinstance(hello, Hello)
    assert (hello.vcpus, hello.guest_type, hello.disks[0].bytes) == (1, "PV", 8388608)
    assert hello.nic("00:16:3e:6e:dd:e7").name == "eth0"


def test_a_nic_that_the_guest_does_not_see_is_an_error() -> None:
    hello = parse_message(HELLO)
    assert isinstance(hello, Hello)
    with pytest.raises(GuestError, match="sees no NIC"):
        hello.nic("00:16:3e:00:00:00")


def test_beats_and_replies_are_read() -> None:
    assert parse_message('{"say":"beat","n":3,"uptime_s":10.57}') == Beat(n=3, uptime_s=10.57)
    assert parse_message('{"say":"done","id":7,"sha256":"ab"}') == Reply(
        id=7, ok=True, fields={"sha256": "ab"}
    )
    failed = parse_message('{"say":"failed","id":8,"why":"write did not work"}')
    assert isinstance(failed, Reply)
    assert not failed.ok


def test_what_the_kernel_says_before_it_on_the_line_does_no_harm() -> None:
    assert parse_message('[ 1.2] blkfront{"say":"beat","n":1,"uptime_s":1}') is not None


@given(st.text())
def test_any_line_is_a_message_or_nothing(line: str) -> None:
    parse_message(line)
    parse_message('{"say":' + line)


@given(st.integers(0, len(HELLO) - 1))
def test_a_line_that_was_cut_is_nothing(length: int) -> None:
    assert parse_message(HELLO[:length]) is None


@pytest.mark.parametrize("value", ["a b", "a,b", 'a"b', "{a}", "", "a\nb", "$(reboot)", "`x`"])
def test_a_word_that_the_agents_shell_cannot_take_is_refused(value: str) -> None:
    with pytest.raises(GuestError, match="cannot be said"):
        encode_request(1, "write", {"seed": value})


WORDS = st.text("abcXYZ019_.:;=/+-", min_size=1, max_size=40)


@given(st.dictionaries(st.sampled_from(["device", "seed", "targets"]), WORDS))
def test_the_agent_takes_a_request_apart_as_it_was_put_together(values: dict[str, str]) -> None:
    line = encode_request(7, "read", values)
    assert json.loads(line) == {"id": 7, "do": "read", **values}
    said = line.decode().strip()
    for mark in '{}" ':
        said = said.replace(mark, "")
    pairs = dict(pair.split(":", 1) for pair in said.split(","))
    assert pairs == {"id": "7", "do": "read", **values}


@pytest.mark.parametrize("kib", [4, 64])
def test_the_agent_and_xenvm_write_the_same_pattern(kib: int) -> None:
    script = f"{agent_function('pattern')}\npattern 'a-seed' {kib}"
    said = subprocess.run(["sh", "-c", script], capture_output=True, check=True, timeout=30).stdout
    assert said == pattern("a-seed", kib)
    assert hashlib.sha256(said).hexdigest() == pattern_sha256("a-seed", kib)


@given(st.text("abc-", min_size=1, max_size=30), st.integers(1, 8))
def test_a_pattern_has_its_length_and_no_two_equal_lines(seed: str, kib: int) -> None:
    data = pattern(seed, kib)
    assert len(data) == kib * 1024
    assert len(set(data.splitlines())) == kib * 32


def test_the_agent_is_a_shell_script_without_a_mistake_of_syntax() -> None:
    subprocess.run(["sh", "-n"], input=AGENT.encode(), check=True, timeout=30)


FILES = st.dictionaries(
    st.text("abc/", min_size=1, max_size=12), st.binary(max_size=64), max_size=4
)


@given(FILES)
def test_an_initramfs_is_aligned_and_ends_with_its_trailer(files: dict[str, bytes]) -> None:
    archive = newc(files)
    assert len(archive) % 4 == 0
    assert archive.count(b"070701") >= len(files) + 1
    assert b"TRAILER!!!" in archive


@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio here to read it with")
def test_cpio_reads_the_initramfs() -> None:
    archive = newc({"init": b"#!/bin/sh\n", "bin/x": b"abc"}, directories=("bin", "dev"))
    said = subprocess.run(
        ["cpio", "-tv"], input=archive, capture_output=True, check=True, timeout=30
    ).stdout.decode()
    assert [line.split()[-1] for line in said.splitlines()] == ["bin", "dev", "init", "bin/x"]


def test_a_script_or_a_dynamic_program_is_no_static_busybox() -> None:
    assert not is_static(b"#!/bin/sh\n")
    assert not is_static(b"\x7fELF\x02" + b"\0" * 3)


def test_a_kernels_last_words_say_what_it_died_of() -> None:
    transcript = """[    6.1] Run /init as init process
[    6.2] Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
[    6.3] CPU: 0 UID: 0 PID: 1 Comm: swapper/0
[    6.4] Kernel panic - not syncing: Fatal exception in interrupt
[    6.5] ------------[ cut here ]------------
"""
    assert last_words(transcript) == (
        "[    6.2] Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"
        " / [    6.4] Kernel panic - not syncing: Fatal exception in interrupt"
    )


@pytest.mark.parametrize(("transcript", "said"), [("", "nothing"), ("bye", "bye")])
def test_without_a_panic_the_last_words_are_the_end_of_the_console(
    transcript: str, said: str
) -> None:
    assert last_words(transcript) == said
