"""What the probe guest and xenvm say to each other: JSON lines on the PV console.

A request is one flat JSON object whose values hold no space, comma, quote or brace, because the
agent's shell takes it apart without a JSON parser.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xenvm.errors import GuestError

PROTOCOL = 1
VALUE = re.compile(r"[A-Za-z0-9_.:;=/+-]+")
PATTERN_LINE_BYTES = 32
SEED_CHARACTERS = 20
_DEATH = re.compile(r"^.*(?:Kernel panic|Oops|BUG:|general protection|invalid opcode).*$", re.M)
_LAST_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDisk:
    """A disk as the guest sees it."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestNic:
    """A network interface as the guest sees it."""

    name: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What the guest sees of itself; said once at boot, and on request.

    Attributes:
        boot_id: The kernel's random id of this boot.
        release: The kernel's release.
        vcpus: How many CPUs are online.
        vcpus_online: Which, as the kernel says it: ``0-1,3``.
        memory_kib: MemTotal.
        available_kib: MemAvailable, what it could still give to a program.
        swap_kib: SwapTotal.
        uptime_s: Seconds since boot.
        guest_type: ``PV``, ``PVH`` or ``HVM`` by the guest's own hypervisor folder in sysfs.
        disks: Its disks.
        nics: Its network interfaces.
    """

    boot_id: str
    release: str
    vcpus: int
    vcpus_online: str
    memory_kib: int
    available_kib: int
    swap_kib: int
    uptime_s: float
    guest_type: str
    disks: tuple[GuestDisk, ...]
    nics: tuple[GuestNic, ...]

    def nic(self, mac: str) -> GuestNic:
        """Return the interface with a MAC address.

        Raises:
            GuestError: The guest has none such.
        """
        for nic in self.nics:
            if nic.mac == mac:
                return nic
        raise GuestError(f"the guest sees no NIC {mac}, only {[nic.mac for nic in self.nics]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A heartbeat: the n-th, and the guest's uptime."""

    n: int
    uptime_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a request.

    Attributes:
        id: The request's number.
        ok: Whether it was done.
        fields: What the answer carries.
    """

    id: int
    ok: bool
    fields: Mapping[str, object]

    def number(self, field: str) -> float:
        """Return a field that is a number.

        Raises:
            GuestError: It is not there, or is none.
        """
        value = self.fields.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise GuestError(f"the probe guest answered without the number {field}: {self.fields}")
        return float(value)


Message = Hello | Beat | Reply


def encode_request(number: int, verb: str, values: Mapping[str, str | int]) -> bytes:
    """Return a request as one line.

    Raises:
        GuestError: A value holds a character that the agent's shell cannot take.
    """
    for name, value in values.items():
        if not VALUE.fullmatch(str(value)):
            raise GuestError(f"{name}={value!r} cannot be said to a probe guest")
    return json.dumps({"id": number, "do": verb, **values}).encode() + b"\n"


def parse_message(line: str) -> Message | None:
    """Return what a console line says, or None when it is no message of the agent's.

    The kernel writes to the same console, and a line may be cut: neither is an error.
    """
    start = line.find('{"say":')
    if start < 0:
        return None
    try:
        said = json.loads(line[start:])
        return _message(said)
    except (ValueError, KeyError, TypeError):
        return None


def _message(said: Mapping[str, object]) -> Message | None:
    match said:
        case {"say": "beat", "n": int(n), "uptime_s": float() | int() as uptime_s}:
            return Beat(n=n, uptime_s=float(uptime_s))
        case {"say": "hello"}:
            return parse_facts(said)
        case {"say": "done" | "failed" as how, "id": int(number)}:
            fields = {key: value for key, value in said.items() if key not in {"say", "id"}}
            return Reply(id=number, ok=how == "done", fields=fields)
        case _:
            return None


def parse_facts(said: Mapping[str, object]) -> Hello:
    """Return the facts that a hello, or the answer to ``facts``, carries.

    Raises:
        KeyError, TypeError, ValueError: One is missing or of another type.
    """
    return Hello(
        boot_id=str(said["boot_id"]),
        release=str(said["release"]),
        vcpus=int(str(said["vcpus"])),
        vcpus_online=str(said["vcpus_online"]),
        memory_kib=int(str(said["memory_kib"])),
        available_kib=int(str(said["available_kib"])),
        swap_kib=int(str(said["swap_kib"])),
        uptime_s=float(str(said["uptime_s"])),
        guest_type=str(said["guest_type"]),
        disks=tuple(
            GuestDisk(name=str(d["name"]), bytes=int(d["bytes"])) for d in _rows(said, "disks")
        ),
        nics=tuple(GuestNic(name=str(n["name"]), mac=str(n["mac"])) for n in _rows(said, "nics")),
    )


def _rows(said: Mapping[str, object], key: str) -> Iterable[Mapping[str, str]]:
    rows = said[key]
    if not isinstance(rows, list):
        raise TypeError(key)
    return rows


def pattern(seed: str, length_kib: int) -> bytes:
    """Return the bytes that ``write`` writes: numbered lines of 32 bytes with the seed in each.

    A block that is lost, stale or in the wrong place does not match.
    """
    lines = length_kib * 1024 // PATTERN_LINE_BYTES
    name = seed[:SEED_CHARACTERS].ljust(SEED_CHARACTERS)
    return "".join(f"{name} {number:010d}\n" for number in range(lines)).encode()


def pattern_sha256(seed: str, length_kib: int) -> str:
    """Return the hash of :func:`pattern` in hex."""
    return hashlib.sha256(pattern(seed, length_kib)).hexdigest()


def last_words(transcript: str) -> str:
    """Return what the end of a console says of its guest's end: the kernel's own words, if any."""
    found = [line.strip() for line in _DEATH.findall(transcript)]
    return " / ".join(found) or transcript[-_LAST_CHARACTERS:] or "nothing"
