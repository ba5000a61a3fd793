from __future__ import annotations

from xenvm.formats.vnif_offloads import ASK, parse_offloads

TOLD = """\
/local/domain/7/device/vif/0/backend = "/local/domain/0/backend/vif/7/0"
/local/domain/7/device/vif/0/feature-gso-tcpv4 = "1"
/local/domain/7/device/vif/0/feature-ipv6-csum-offload = "1"
/local/domain/7/device/vif/0/feature-rx-notify = "1"
/local/domain/7/device/vif/0/feature-sg = "1"
/local/domain/0/backend/vif/7/0/bridge = "xenbr0"
/local/domain/0/backend/vif/7/0/feature-gso-tcpv4 = "0"
/local/domain/0/backend/vif/7/0/feature-no-csum-offload = "1"
/local/domain/0/backend/vif/7/0/feature-split-event-channels = "1"
"""


def test_both_ends_say_what_they_take() -> None:
    assert parse_offloads(TOLD) == {
        "guest_gso_tcpv4": 1.0,
        "guest_ipv6_csum_offload": 1.0,
        "guest_sg": 1.0,
        "dom0_gso_tcpv4": 0.0,
        "dom0_no_csum_offload": 1.0,
    }


def test_an_end_that_says_nothing_has_nothing() -> None:
    assert parse_offloads("xenstore-ls: xs_directory (/local/domain/7): No such file") == {}
    assert "domain/7/device" in ASK % (7, 7)
