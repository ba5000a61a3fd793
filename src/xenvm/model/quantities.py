"""Values that need care to compare: MAC addresses, sets of CPUs, PCI addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xenvm.errors import SpecError

XEN_OUI = "00:16:3e"
"""The address block that the IEEE registered for Xen guests."""

CPU_NUMBER_LIMIT = 1 << 14
"""No CPU of a :class:`CpuSet` has this number or a higher one; libvirt's VIR_DOMAIN_CPUMASK_LEN."""

_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
XEN_SERIALS = 1 << 24
"""How many addresses Xen's block has."""
_CPU_ITEM = re.compile(
    r"[ \t]*(?P<without>\^)?(?P<first>[0-9]{1,9})(?:[ \t]*-[ \t]*(?P<last>[0-9]{1,9}))?[ \t]*"
)
_CPU_TEXT_CHARACTERS = 1 << 17
_SHOWN_CHARACTERS = 60
_PCI = re.compile(
    r"(?:(?P<domain>[0-9a-f]{1,8}):)?(?P<bus>[0-9a-f]{1,2}):(?P<slot>[0-9a-f]{1,2})"
    r"\.(?P<function>[0-7])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class MacAddress:
    """An Ethernet address, kept as ``00:16:3e:00:00:01``: lower case, colons.

    Attributes:
        text: Any case, with colons or hyphens, when made; canonical afterwards.
    """

    text: str

    def __post_init__(self) -> None:
        canonical = self.text.strip().lower().replace("-", ":")
        if not _MAC.fullmatch(canonical):
            raise SpecError(f"{self.text!r} is no MAC address: write it as 00:16:3e:12:34:56")
        object.__setattr__(self, "text", canonical)

    @classmethod
    def xen(cls, serial: int) -> MacAddress:
        """Return the address with ``serial`` (0 ≤ serial < 2²⁴) in Xen's own block.

        Raises:
            SpecError: ``serial`` is out of range.
        """
        if not 0 <= serial < XEN_SERIALS:
            raise SpecError(
                f"Xen's MAC block has numbers from 0 to {XEN_SERIALS - 1}, not {serial}"
            )
        digits = f"{serial:06x}"
        return cls(f"{XEN_OUI}:{digits[:2]}:{digits[2:4]}:{digits[4:]}")

    @property
    def is_multicast(self) -> bool:
        """Return whether it names a group; no NIC may have one."""
        return bool(self._first_octet & 1)

    @property
    def is_locally_administered(self) -> bool:
        """Return whether nobody registered it with the IEEE."""
        return bool(self._first_octet & 2)

    @property
    def is_xen(self) -> bool:
        """Return whether it lies in Xen's own block."""
        return self.text.startswith(XEN_OUI)

    @property
    def _first_octet(self) -> int:
        return int(self.text[:2], 16)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class CpuSet:
    """A set of CPU numbers, physical or virtual; ``str()`` writes it as ``0-1,3``.

    Attributes:
        cpus: The numbers, each 0 ≤ number < :data:`CPU_NUMBER_LIMIT`; may be empty.

    Source:
        libvirt 9.0.0 src/util/virbitmap.c; ``<vcpupin cpuset='…'/>`` of its domain XML.
    """

    cpus: frozenset[int]

    def __post_init__(self) -> None:
        wrong = [cpu for cpu in self.cpus if not 0 <= cpu < CPU_NUMBER_LIMIT]
        if wrong:
            raise SpecError(f"CPU {min(wrong)} is not between 0 and {CPU_NUMBER_LIMIT - 1}")

    @classmethod
    def of(cls, cpus: Iterable[int]) -> CpuSet:
        """Return the set of ``cpus``, which may repeat and come in any order."""
        return cls(frozenset(cpus))

    @classmethod
    def parse(cls, text: str) -> CpuSet:
        """Return the set that ``text`` writes, such as ``0-3,^2,8``.

        Items count from left to right: ``^2`` takes out what an item before it put in.

        Raises:
            SpecError: ``text`` is empty, no such list, or has a number that is too high.
        """
        if len(text) > _CPU_TEXT_CHARACTERS:
            raise SpecError(f"a list of CPUs has at most {_CPU_TEXT_CHARACTERS} characters")
        chosen = 0
        for item in text.split(","):
            first, last, without = _cpu_item(item, text)
            bits = (1 << last + 1) - (1 << first)
            chosen = chosen & ~bits if without else chosen | bits
        return cls(frozenset(cpu for cpu, bit in enumerate(f"{chosen:b}"[::-1]) if bit == "1"))

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Return the (first, last) of each run of neighbours, in order."""
        runs: list[tuple[int, int]] = []
        for cpu in sorted(self.cpus):
            if runs and runs[-1][1] == cpu - 1:
                runs[-1] = (runs[-1][0], cpu)
            else:
                runs.append((cpu, cpu))
        return tuple(runs)

    def __contains__(self, cpu: object) -> bool:
        return cpu in self.cpus

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self.cpus))

    def __len__(self) -> int:
        return len(self.cpus)

    def __str__(self) -> str:
        return ",".join(f"{a}" if a == z else f"{a}-{z}" for a, z in self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PciAddress:
    """Where a PCI function sits; ``str()`` writes it as ``0000:0a:1f.7``.

    Attributes:
        domain: The PCI segment, 0 ≤ domain < 2³²; firmware's have 16 bits, Linux makes more.
        bus: 0 to 255.
        slot: 0 to 31; Linux calls it the device.
        function: 0 to 7.

    Source:
        libvirt 9.0.0 src/util/virpci.c (which bounds bus, slot and function); lspci -D.
    """

    domain: int = 0
    bus: int
    slot: int
    function: int = 0

    def __post_init__(self) -> None:
        for name, value, most in (
            ("domain", self.domain, 0xFFFF_FFFF),
            ("bus", self.bus, 0xFF),
            ("slot", self.slot, 0x1F),
            ("function", self.function, 7),
        ):
            if not 0 <= value <= most:
                raise SpecError(f"the {name} of a PCI address is 0 to {most:#x}, not {value:#x}")

    @classmethod
    def parse(cls, text: str) -> PciAddress:
        """Return the address that ``text`` writes in hexadecimal, such as ``0000:0a:1f.7``.

        Args:
            text: Any case; without a domain it is domain 0.

        Raises:
            SpecError: ``text`` is no such address.
        """
        found = _PCI.fullmatch(text)
        if found is None:
            shown = text[:_SHOWN_CHARACTERS]
            raise SpecError(f"{shown!r} is no PCI address: write it as 0000:0a:1f.7")
        return cls(
            domain=int(found["domain"] or "0", 16),
            bus=int(found["bus"], 16),
            slot=int(found["slot"], 16),
            function=int(found["function"]),
        )

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function}"


def _cpu_item(item: str, text: str) -> tuple[int, int, bool]:
    """Return (first, last, whether it takes them out) of one item of a list of CPUs.

    Raises:
        SpecError: It is no such item, or has a number that is too high.
    """
    found = _CPU_ITEM.fullmatch(item)
    if found is None or (found["without"] and found["last"]):
        shown = text[:_SHOWN_CHARACTERS]
        raise SpecError(f"{shown!r} is no list of CPUs: write it as 0-3,^2")
    first = int(found["first"])
    last = int(found["last"] or first)
    if last < first:
        raise SpecError(f"{item.strip()!r} counts downwards: write the lower CPU first")
    if last >= CPU_NUMBER_LIMIT:
        raise SpecError(f"CPU {last} is not between 0 and {CPU_NUMBER_LIMIT - 1}")
    return first, last, bool(found["without"])
