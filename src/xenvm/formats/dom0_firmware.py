"""What the firmware tells Dom0: processors, memory, and whose machine it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xenvm.model.inventory import FirmwareFacts
from xenvm.model.verdict import EvidenceClass

_MADT_HEADER_BYTES = 44
"""ACPI 6.4, table 5.43: a 36-byte header, the local APIC's address, flags."""

_MADT_LAPIC, _MADT_X2APIC = bytes((0, 8)), bytes((9, 16))
"""How a processor's entry begins: its type and its length, tables 5.46 and 5.58."""

_MADT_ENABLED = 1

_MIB = {"kB": 1 / 1024, "MB": 1, "GB": 1024, "TB": 1024 * 1024}
"""dmidecode's binary units, in MiB."""

_HYPERVISOR_BIT = 1 << 31
"""CPUID leaf 1, ECX: set by hypervisors and emulators, never by a processor."""

_DMI_SIGNS = re.compile(
    r"\b(?:QEMU|Bochs|SeaBIOS|KVM|VMware|VirtualBox|innotek|Parallels|bhyve|OpenStack|KubeVirt|AHV|"
    r"HVM domU|Google Compute Engine|Virtual Machine|RHEV Hypervisor|Firecracker)\b",
    re.IGNORECASE,
)
"""Names that only emulators and hypervisors give their machines."""

_PCI_SIGNS: Mapping[str, str] = {
    "0x1234": "QEMU", "0x1b36": "QEMU", "0x15ad": "VMware", "0x80ee": "VirtualBox",
    "0x1414": "Hyper-V", "0x5853": "Xen",
}  # fmt: skip
"""PCI vendors of emulated devices only. Virtio (0x1af4) is not among them: real cards offer it."""

_IOMMU_TABLES = frozenset({"DMAR", "RMAD", "IVRS"})
"""ACPI's tables of Intel's VT-d, the same as Xen renames it for Dom0, and of AMD-Vi."""

_RUNNING_ON = re.compile(r"^\(XEN\).*\bRunning on (.+)$", re.MULTILINE)


def firmware_facts(
    *,
    dmidecode: str | None,
    madt: str | None,
    signs: tuple[str, ...] | None,
    tables: str | None = None,
) -> FirmwareFacts:
    """Return what the firmware offers.

    Args:
        dmidecode: The output of ``dmidecode -t 4 -t 17``, or None.
        madt: The ACPI table APIC as hexadecimal bytes, or None.
        signs: What :func:`signs_of_emulation` found.
        tables: The names of ACPI's tables, or None.
    """
    blocks = list(_dmidecode_blocks(dmidecode or ""))
    sockets = [
        fields
        for kind, fields in blocks
        if kind == "Processor Information" and fields.get("Status", "").startswith("Populated")
    ]
    modules = [_module_mib(fields) for kind, fields in blocks if kind == "Memory Device"]
    threads = parse_madt(madt or "")
    return FirmwareFacts(
        cpu_threads=threads or _total(sockets, "Thread Count"),
        cpu_sockets=len(sockets) or None,
        cpu_cores=_total(sockets, "Core Enabled") or _total(sockets, "Core Count"),
        installed_memory_mib=round(sum(modules)) or None,
        signs=signs,
        iommu=None if tables is None else bool(_IOMMU_TABLES & {*tables.split()}),
    )


def parse_dmi(text: str) -> dict[str, str]:
    """Return lines ``/sys/class/dmi/id/KEY: VALUE`` as a mapping."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {key.rpartition("/")[2]: value.strip() for key, found, value in pairs if found}


def parse_madt(text: str) -> int | None:
    """Return how many processors the ACPI MADT enables, or None when the text is no MADT.

    A processor listed both with an APIC id and with an x2APIC id counts once.

    Args:
        text: The table as hexadecimal bytes, as ``od -tx1`` prints it.
    """
    try:
        table = bytes.fromhex(text)
    except ValueError:
        return None
    if table[:4] != b"APIC":
        return None
    ids = set()
    for entry in _madt_entries(table):
        if entry[:2] == _MADT_LAPIC and entry[4] & _MADT_ENABLED:
            ids.add(entry[3])
        if entry[:2] == _MADT_X2APIC and entry[8] & _MADT_ENABLED:
            ids.add(int.from_bytes(entry[4:8], "little"))
    return len(ids) or None


def signs_of_emulation(
    *, dmi: str | None, cpuid: str | None, pci_vendors: str | None, log: str | None
) -> tuple[str, ...] | None:
    """Return the signs of an emulator or hypervisor underneath Xen, in words.

    Args:
        dmi: Lines ``/sys/class/dmi/id/KEY: VALUE``, or None.
        cpuid: The output of ``xen-cpuid``, or None.
        pci_vendors: PCI vendor ids in Dom0, or None.
        log: The output of ``xl dmesg``, or None.

    Returns:
        The signs; empty when the machine was looked at and shows none; None when nobody could
        look at its DMI strings and nothing else gave it away.
    """
    signs = [
        f"DMI {key} is {value}"
        for key, value in parse_dmi(dmi or "").items()
        if _DMI_SIGNS.search(value)
    ]
    if _hypervisor_bit(cpuid or ""):
        signs.append("CPUID has the hypervisor bit")
    vendors = set(re.findall(r"0x[0-9a-f]{4}", pci_vendors or ""))
    signs += [f"a PCI device of {_PCI_SIGNS[id_]}" for id_ in sorted(vendors & {*_PCI_SIGNS})]
    signs += [f"Xen says it runs on {found}" for found in _RUNNING_ON.findall(log or "")]
    return tuple(signs) if signs or dmi else None


def evidence_class(signs: tuple[str, ...] | None) -> EvidenceClass:
    """Return the class of a Xen host: hardware only where one looked and found no sign."""
    return EvidenceClass.HARDWARE if signs == () else EvidenceClass.NESTED


def _hypervisor_bit(cpuid: str) -> bool:
    raw = re.search(r"^Raw\s+[0-9a-f]{8}:([0-9a-f]{8})", cpuid, re.MULTILINE)
    return raw is not None and bool(int(raw[1], 16) & _HYPERVISOR_BIT)


def _madt_entries(table: bytes) -> Iterator[bytes]:
    rest = table[_MADT_HEADER_BYTES:]
    while len(rest) > 1 and 0 < rest[1] <= len(rest):
        yield rest[: rest[1]]
        rest = rest[rest[1] :]


def _dmidecode_blocks(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        for number, line in enumerate(lines[:-1]):
            if line.startswith("Handle "):
                pairs = (field.strip().partition(": ") for field in lines[number + 2 :])
                yield lines[number + 1].strip(), {key: value for key, _, value in pairs}
                break


def _module_mib(fields: Mapping[str, str]) -> float:
    size = re.fullmatch(r"(\d{1,15}) ([kMGT]B)", fields.get("Size", ""))
    return int(size[1]) * _MIB[size[2]] if size else 0


def _total(sockets: list[dict[str, str]], key: str) -> int | None:
    counts = [fields.get(key, "") for fields in sockets]
    known = counts and all(re.fullmatch(r"\d{1,9}", count) for count in counts)
    return sum(map(int, counts)) if known else None
