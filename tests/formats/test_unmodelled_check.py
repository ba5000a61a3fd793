"""Elements without a field that the Xen driver refuses or drops."""

from __future__ import annotations

import pytest

from xenvm import formats
from xenvm.formats.unmodelled_check import check_unmodelled
from xenvm.model.findings import Finding, Severity

DOMAIN = """<domain type="{hypervisor}"><name>web1</name><memory>1024</memory>
  <os><type>linux</type></os>{top}
  <devices>
    <disk type="block"><source dev="/dev/a"/><target dev="xvda"/>{disk}</disk>
    <interface type="bridge"><mac address="00:16:3e:00:00:01"/>{nic}</interface>
    <hostdev mode="subsystem" type="pci">{hostdev}</hostdev>{device}
  </devices>
</domain>"""


def findings(hypervisor: str = "xen", **where: str) -> list[Finding]:
    """Return what is wrong with a domain that has this XML in it, beyond the model."""
    nothing = dict.fromkeys(("top", "disk", "nic", "hostdev", "device"), "")
    text = DOMAIN.format(hypervisor=hypervisor, **{**nothing, **where})
    return check_unmodelled(formats.parse_domain_xml(text))


@pytest.mark.parametrize(
    ("where", "xml", "path", "severity"),
    [
        ("device", '<watchdog model="i6300esb" action="reset"/>', "devices/watchdog", "error"),
        ("device", '<rng model="virtio"><rate bytes="1"/></rng>', "devices/rng", "error"),
        ("disk", "<transient/>", "devices/disk[xvda]/transient", "error"),
        (
            "disk",
            "<iotune><total_iops_sec>9</total_iops_sec></iotune>",
            "devices/disk[xvda]/iotune",
            "warning",
        ),
        (
            "nic",
            '<filterref filter="clean-traffic"/>',
            "devices/interface[00:16:3e:00:00:01]/filterref",
            "error",
        ),
        ("hostdev", '<driver name="vfio"/>', "devices/hostdev[0]/driver", "error"),
        ("top", '<numatune><memory mode="strict"/></numatune>', "numatune", "warning"),
        ("top", "<cputune><quota>1000</quota></cputune>", "cputune/quota", "warning"),
    ],
)
def test_what_the_driver_does_not_take_is_found_once(
    where: str, xml: str, path: str, severity: str
) -> None:
    (finding,) = findings(**{where: xml})
    assert (finding.path, finding.severity) == (path, Severity(severity))
    assert ": " in finding.message
    assert "libvirt" in finding.source


def test_two_of_a_kind_are_two_findings() -> None:
    two = findings(device='<panic model="isa"/><panic model="hyperv"/>')
    assert [finding.path for finding in two] == ["devices/panic[1]", "devices/panic[2]"]


def test_what_is_unknown_and_harmless_is_not_found() -> None:
    assert findings(hostdev='<driver name="xen"/>', disk="<serial>1</serial>", top="<x/>") == []


def test_another_hypervisors_domain_is_let_be() -> None:
    assert findings("kvm", disk="<transient/>") == []
