"""The counters of Dom0's back-ends."""

from __future__ import annotations

from xenvm.formats.dom0_counters import parse_counters
from xenvm.model.statistics import Source, VbdCounters, VnifCounters

SAID = """\
/sys/class/net/vif3.0/statistics/rx_bytes:1000
/sys/class/net/vif3.0/statistics/rx_packets:10
/sys/class/net/vif3.0/statistics/tx_bytes:2000
/sys/class/net/vif3.0/statistics/tx_packets:20
/sys/class/net/vif3.0-emu/statistics/rx_bytes:7
/sys/class/net/vif4.1/statistics/rx_bytes:7
/sys/bus/xen-backend/devices/vbd-3-51712/statistics/rd_req:1
/sys/bus/xen-backend/devices/vbd-3-51712/statistics/rd_sect:8
/sys/bus/xen-backend/devices/vbd-3-51712/statistics/wr_req:2
/sys/bus/xen-backend/devices/vbd-3-51712/statistics/wr_sect:16
nonsense
"""


def test_each_device_is_told_under_its_domain() -> None:
    told = parse_counters(SAID)
    assert told.vbds == {
        3: (
            VbdCounters(
                target="xvda",
                read_requests=1,
                read_bytes=4096,
                write_requests=2,
                write_bytes=8192,
                source=Source.SYSFS,
            ),
        )
    }


def test_what_dom0_sends_the_guest_receives_and_half_a_device_is_none() -> None:
    assert parse_counters(SAID).vnifs == {
        3: (
            VnifCounters(
                number=0,
                received_packets=20,
                received_bytes=2000,
                sent_packets=10,
                sent_bytes=1000,
                source=Source.SYSFS,
            ),
        )
    }


def test_a_host_without_guests_counts_nothing() -> None:
    told = parse_counters("")
    assert (told.vbds, told.vnifs) == ({}, {})


def test_a_vbd_that_no_name_fits_is_told_by_its_number() -> None:
    path = f"/sys/bus/xen-backend/devices/vbd-3-{99 << 8}/statistics"
    said = "".join(f"{path}/{name}:1\n" for name in ("rd_req", "rd_sect", "wr_req", "wr_sect"))
    assert [vbd.target for vbd in parse_counters(said).vbds[3]] == [str(99 << 8)]
