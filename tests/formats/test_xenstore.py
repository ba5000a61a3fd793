"""What xenstore-ls -f prints, as devices."""

from __future__ import annotations

from xenvm.formats.xenstore import parse_xenstore, xen_devices
from xenvm.model.xenbus import XenbusState

TEXT = r"""
/local/domain/5/device = ""
/local/domain/5/device/vbd = ""
/local/domain/5/device/vbd/51712 = ""
/local/domain/5/device/vbd/51712/backend = "/local/domain/0/backend/qdisk/5/51712"
/local/domain/5/device/vbd/51712/state = "4"
/local/domain/5/device/vif/0/backend = "/local/domain/0/backend/vif/5/0"
/local/domain/5/device/vif/0/state = "3"
/local/domain/55/device/vif/0/state = "4"
/local/domain/0/backend/qdisk/5/51712/params = "qcow2:/srv/a \"b\".img"
/local/domain/0/backend/qdisk/5/51712/state = "4"
/local/domain/0/backend/vif/5/0/state = "4"
/local/domain/0/backend/vif/5/0/mac = "00:16:3e:00:00:01"
/local/domain/0/backend/vbd/5/51728/state = "6"
/local/domain/0/backend/vbd/55/51728/state = "4"
not a line of xenstore's
"""


def test_each_device_has_both_its_ends() -> None:
    disk, lost, nic = xen_devices(parse_xenstore(TEXT), 5)
    assert (disk.kind, disk.number, disk.served_by) == ("vbd", 51712, "qdisk")
    assert disk.is_connected
    assert disk.back["params"] == 'qcow2:/srv/a "b".img'
    assert (nic.kind, nic.back["mac"]) == ("vif", "00:16:3e:00:00:01")
    assert (nic.front_state, nic.back_state) == (XenbusState.INITIALISED, XenbusState.CONNECTED)
    assert not nic.is_connected
    assert (lost.number, lost.front_state, lost.back_state) == (51728, None, XenbusState.CLOSED)


def test_another_guests_devices_are_not_its_own() -> None:
    assert [d.number for d in xen_devices(parse_xenstore(TEXT), 55)] == [51728, 0]
    assert xen_devices(parse_xenstore(TEXT), 6) == ()


def test_what_cannot_be_printed_is_unescaped() -> None:
    text = '/a = "one\\ntwo\\t\\\\three\\x07\\101"\n/b = "x"   (n0,r5)'
    assert parse_xenstore(text) == {"/a": "one\ntwo\t\\three\x07A", "/b": "x"}
