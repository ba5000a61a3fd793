"""fio, iperf3 and sockperf: what they really said is read, what they failed at is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.errors import BlockedError, ParseError
from xenvm.formats import iperf3_json, sockperf_text
from xenvm.formats.fio_job import LOADS, check_version, fill_argv, load_argv
from xenvm.formats.fio_json import parse_fio, parse_speeds
from xenvm.formats.iperf3_json import STREAMS, parse_iperf3
from xenvm.formats.sockperf_text import parse_sockperf

DATA = Path(__file__).parent / "data" / "bench"


def said(name: str) -> str:
    return (DATA / name).read_text("utf-8")


def test_fio_tells_of_the_ramp_and_of_what_counts() -> None:
    ramp, counted = parse_fio(said("fio-3.33-randread.json"))
    assert ramp.moved_bytes == 243769344
    assert (counted.moved_bytes, counted.requests) == (430845952, 105187)
    assert counted.runtime_s == pytest.approx(2.004)
    assert counted.requests_per_s == pytest.approx(52488.5, abs=0.1)
    assert counted.latency_s[50.0] == pytest.approx(0.00192512)


def test_a_guest_that_writes_is_read_like_dom0() -> None:
    ramp, counted = parse_fio(said("fio-3.33-guest-randwrite.json"))
    assert (ramp.name, counted.name) == ("ramp", "counted")
    assert counted.moved_bytes == 4169728
    assert counted.requests_per_s == pytest.approx(1018 / 2.021)


def test_remarks_before_fios_json_are_passed_over() -> None:
    text = "fio: file is small\n" + said("fio-3.33-randread.json")
    assert len(parse_fio(text)) == 2


@pytest.mark.parametrize(
    ("change", "cause"),
    [({"error": 5}, "failed with error 5"), ({"read": {"io_bytes": 0}}, "moved nothing")],
)
def test_a_job_that_failed_or_did_nothing_is_an_error(
    change: dict[str, object], cause: str
) -> None:
    document = json.loads(said("fio-3.33-randread.json"))
    document["jobs"][1].update(change)
    with pytest.raises(ParseError, match=cause):
        parse_fio(json.dumps(document))


@settings(max_examples=25)
@pytest.mark.parametrize("parse", [parse_fio, parse_iperf3, parse_sockperf, parse_speeds])
@given(
    text=st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)
)
def test_what_is_no_output_of_theirs_is_a_parse_error(
    parse: Callable[[str], object], text: str
) -> None:
    with pytest.raises(ParseError):
        parse(text)


def test_fios_own_kernels_tell_their_speed() -> None:
    assert parse_speeds(said("fio-3.33-crctest.txt"))["sha256"] > 1e6
    assert parse_speeds(said("fio-3.33-memcpytest.txt"))["524288 bytes"] > 1e8


@pytest.mark.parametrize("name", LOADS)
def test_both_legs_of_a_pair_are_told_the_same_but_for_the_device(name: str) -> None:
    def argv(device: str) -> tuple[str, ...]:
        return load_argv(LOADS[name], device=device, span_bytes=1 << 28, lengths_s=(1, 3), seed=4)

    guest, dom0 = argv("/dev/xvdb"), argv("/dev/vg/lv0")
    assert [(a, b) for a, b in zip(guest, dom0, strict=True) if a != b] == [
        ("--filename=/dev/xvdb", "--filename=/dev/vg/lv0")
    ]
    assert "--direct=1" in guest
    assert "--randseed=4" in guest


def test_a_device_with_a_colon_in_its_name_is_one_device() -> None:
    assert "--filename=/dev/disk/by-path/pci-0000\\:00" in fill_argv(
        device="/dev/disk/by-path/pci-0000:00", span_bytes=1
    )


def test_a_span_is_filled_as_often_as_asked() -> None:
    twice = fill_argv(device="/dev/vg/lv0", span_bytes=1 << 28, passes=2)
    assert {"--loops=2", "--rw=write", "--direct=1", f"--size={1 << 28}"} <= {*twice}


def test_a_version_that_is_none_is_an_error() -> None:
    check_version("fio-3.33\n")
    with pytest.raises(BlockedError, match=r"3\.0 or newer"):
        check_version("fio-2.99")
    with pytest.raises(ParseError):
        check_version("flexible")


def test_iperf3_tells_what_arrived() -> None:
    out = parse_iperf3(said("iperf3-3.12-tcp-tx-4.json"))
    assert (out.received_bytes, out.seconds, out.retransmits) == (4195811381, 2.003179, 10)
    back = parse_iperf3(said("iperf3-3.12-tcp-rx-1.json"))
    assert back.bytes_per_s == pytest.approx(3984523211 / 1.998335)


def test_packets_that_were_lost_did_not_arrive() -> None:
    udp = parse_iperf3(said("iperf3-3.12-udp.json"))
    assert udp.received_bytes == 12137536 == 64 * udp.packets
    assert udp.packets + udp.lost_packets == 328640
    assert udp.packets_per_s == pytest.approx(12137536 / 64 / 1.998682)
    newer = parse_iperf3(said("iperf3-3.18-udp.json"))
    assert (newer.packets, newer.packets + newer.lost_packets) == (27968, 28025)


def test_an_iperf3_that_does_not_tell_what_arrived_is_refused() -> None:
    """Its count of lost packets may be that of more seconds than the others."""
    text = said("iperf3-3.12-udp.json").replace('"sum_received"', '"sum_else"')
    with pytest.raises(ParseError, match=r"does not tell what arrived; 3\.12 does"):
        parse_iperf3(text)


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ParseError, match="unable to connect to server: Connection refused"):
        parse_iperf3(said("iperf3-3.12-refused.json"))
    with pytest.raises(ParseError, match="Connection refused"):
        parse_sockperf("sockperf: ERROR: Can`t connect socket (errno=111 Connection refused)\n")


def test_what_comes_in_is_sent_by_the_server() -> None:
    lengths_s = (1, 3)
    sent = iperf3_json.client_argv(STREAMS["tcp-tx-4"], "192.0.2.1", 5201, lengths_s=lengths_s)
    came = iperf3_json.client_argv(STREAMS["tcp-rx-4"], "192.0.2.1", 5201, lengths_s=lengths_s)
    assert [word for word in came if word not in sent] == ["--reverse"]
    udp = iperf3_json.client_argv(STREAMS["udp-64b"], "192.0.2.1", 5201, lengths_s=lengths_s)
    assert udp[-5:] == ("--udp", "--bitrate", "0", "--length", "64")


def test_sockperf_tells_the_median_of_whole_round_trips() -> None:
    trips = parse_sockperf(said("sockperf-3.7-tcp-rr.txt"))
    assert trips.count == 85040
    assert trips.median_s == pytest.approx(16.119e-6)
    assert trips.latency_s[99.0] == pytest.approx(29.334e-6)
    assert "--full-rtt" in sockperf_text.client_argv("192.0.2.1", 11111, length_s=3)
