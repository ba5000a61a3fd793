"""The fingerprint out of what a Dom0 printed, whole and in pieces."""

from __future__ import annotations

import pytest

from xenvm.formats.dom0_fingerprint import CPU, DISKS, DMI, INFO, KERNEL, NIC, read_fingerprint
from xenvm.formats.dom0_sections import Section
from xenvm.model.baseline import DeviceClass, Fingerprint

SAID = {
    DMI: "/sys/class/dmi/id/sys_vendor: FUJITSU\n/sys/class/dmi/id/product_name: PRIMERGY  RX300\n"
    "/sys/class/dmi/id/bios_vendor: AMI\n/sys/class/dmi/id/bios_version: R1.2\n",
    CPU: "model name\t: Intel(R) Xeon(R)  E5450\n",
    KERNEL: "6.1.0-44-amd64\n",
    INFO: "nr_cpus                : 8\ntotal_memory           : 16383\n"
    "xen_version            : 4.17.5\n",
    DISKS: 'KNAME="dm-0" TYPE="lvm" TRAN="" ROTA="1" VENDOR="" MODEL=""\n'
    'KNAME="sda" TYPE="disk" TRAN="sas" ROTA="1" VENDOR="SEAGATE " MODEL="ST3300"\n',
    NIC: "/sys/class/net/eth0/device/vendor: 0x8086\n/sys/class/net/eth0/device/device: 0x10c9\n"
    "/sys/class/net/eth0/speed: 1000\n/sys/class/net/eth0/driver: igb\n",
}


def read(**other: str) -> Fingerprint:
    said = SAID | other
    return read_fingerprint({name: Section(output=text, status=0) for name, text in said.items()})


def test_all_is_read() -> None:
    assert read() == Fingerprint(
        machine="FUJITSU PRIMERGY RX300",
        firmware="AMI R1.2",
        cpu="Intel(R) Xeon(R) E5450",
        pcpus=8,
        memory_mib=16383,
        disk="SEAGATE ST3300",
        disk_class=DeviceClass.HDD,
        nic="0x8086 0x10c9 igb",
        link_mbit_s=1000,
        xen="4.17.5",
        kernel="6.1.0-44-amd64",
    )


def disk(name: str, transport: str, rotates: int, model: str) -> str:
    return (
        f'KNAME="{name}" TYPE="disk" TRAN="{transport}" ROTA="{rotates}" VENDOR="" MODEL="{model}"'
    )


@pytest.mark.parametrize(
    ("disks", "models", "kind"),
    [
        ([disk("nvme0n1", "nvme", 0, "P320h")], "P320h", DeviceClass.NVME),
        ([disk("sda", "sata", 0, "MZ7")], "MZ7", DeviceClass.SSD),
        ([disk("sda", "", 0, "B"), disk("nvme0n1", "nvme", 0, "A")], "A, B", DeviceClass.SSD),
        ([disk("sda", "", 1, "A"), disk("sdb", "", 0, "A")], "A", DeviceClass.HDD),
        ([], "", None),
    ],
)
def test_the_slowest_disk_under_a_device_names_its_class(
    disks: list[str], models: str, kind: DeviceClass | None
) -> None:
    found = read(disks="\n".join(disks))
    assert (found.disk, found.disk_class) == (models, kind)


@pytest.mark.parametrize("speed", ["-1", "", "fast"])
def test_a_link_that_is_down_has_no_speed(speed: str) -> None:
    assert read(nic=f"/sys/class/net/eth0/speed: {speed}").link_mbit_s is None


def test_a_dom0_that_says_nothing_has_an_empty_fingerprint() -> None:
    assert read_fingerprint({}) == Fingerprint()
    failed = {name: Section(output="", status=127) for name in SAID}
    assert read_fingerprint(failed) == Fingerprint()
