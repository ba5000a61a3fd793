"""What Dom0 says of the hardware under a benchmark → its fingerprint; pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xenvm.model.baseline import DeviceClass, Fingerprint

from .dom0_firmware import parse_dmi
from .dom0_sections import Sections, output_of
from .dom0_xl import parse_info

DMI, CPU, KERNEL, INFO, DISKS, NIC = "dmi", "cpu", "kernel", "xl info", "disks", "nic"
"""The sections of ``fingerprint.sh``."""

_PAIR = re.compile(r'([A-Z]+)="([^"]*)"')
_NUMBER = re.compile(r"\d{1,9}")


def read_fingerprint(sections: Sections) -> Fingerprint:
    """Return the fingerprint; what Dom0 did not say is empty."""
    said = {name: output_of(sections, name) or "" for name in (DMI, CPU, KERNEL, INFO, DISKS, NIC)}
    dmi, info, nic = parse_dmi(said[DMI]), parse_info(said[INFO]), parse_dmi(said[NIC])
    disks = _disks(said[DISKS])
    return Fingerprint(
        machine=_joined(dmi, "sys_vendor", "product_name"),
        firmware=_joined(dmi, "bios_vendor", "bios_version", "bios_date"),
        cpu=" ".join(said[CPU].partition(":")[2].split()),
        pcpus=_number(info.get("nr_cpus")),
        memory_mib=_number(info.get("total_memory")),
        disk=", ".join(sorted({_joined(disk, "VENDOR", "MODEL") for disk in disks} - {""})),
        disk_class=_disk_class(disks),
        nic=_joined(nic, "vendor", "device", "driver"),
        link_mbit_s=_number(nic.get("speed")),
        xen=info.get("xen_version", ""),
        kernel=said[KERNEL].strip(),
    )


def _disks(text: str) -> list[dict[str, str]]:
    """Return the disks under a device, each once, of what ``lsblk -s -P`` printed."""
    rows = [dict(_PAIR.findall(line)) for line in text.splitlines()]
    return [*{row["KNAME"]: row for row in rows if row.get("TYPE") == "disk"}.values()]


def _disk_class(disks: list[dict[str, str]]) -> DeviceClass | None:
    """Return the slowest class among the disks, as that one limits them all."""
    if not disks:
        return None
    if any(disk.get("ROTA") == "1" for disk in disks):
        return DeviceClass.HDD
    is_nvme = all(disk.get("TRAN") == "nvme" for disk in disks)
    return DeviceClass.NVME if is_nvme else DeviceClass.SSD


def _joined(said: Mapping[str, str], *keys: str) -> str:
    return " ".join(" ".join(said.get(key, "").split()) for key in keys).strip()


def _number(text: str | None) -> int | None:
    return int(text) if text and _NUMBER.fullmatch(text.strip()) else None
