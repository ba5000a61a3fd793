"""Name, kind, size and end of a domain in xl.cfg."""

from __future__ import annotations

from uuid import UUID

from xenvm.formats.xl import XlDocument
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import GuestType, LifecycleAction

from .lens import Fields, Keys, Lens, number_key, one_key, text_key
from .source import Source

KIB_PER_MIB = 1024
DEFAULT_MEMORY_MIB = 32
"""What a domain has that says nothing of memory; libvirt's converter gives it 128."""

_BUILDERS = {"hvm": GuestType.HVM}
"""Other words, ``generic`` and xm's ``linux``, make a PV guest."""


def read_guest_type(source: Source) -> GuestType:
    """Return the kind of guest: of ``type``, else of ``builder``, which Xen 4.10 deprecated.

    xl refuses a file in which both stand and differ; here and in libvirt, ``type`` counts.

    Raises:
        ParseError: There is no such kind; names the line.

    Source:
        xen 4.17 tools/xl/xl_parse.c; libvirt 9.0.0 src/libxl/xen_common.c.
    """
    word = source.string("type")
    if word is None:
        return _BUILDERS.get(source.string("builder") or "", GuestType.PV)
    try:
        return GuestType(word)
    except ValueError as exc:
        known = ", ".join(GuestType)
        source.refuse("type", f"{word[:40]!r} is no kind of guest: write {known}", exc)


def _write_guest_type(config: DomainConfig, document: XlDocument) -> Keys:
    """Return ``type``; a document that only has ``builder`` keeps it where that can say it."""
    if "type" in document or "builder" not in document or config.guest_type == GuestType.PVH:
        return {"type": str(config.guest_type)}
    return {"builder": "hvm" if config.guest_type == GuestType.HVM else "generic"}


def _read_name(source: Source, key: str) -> str:
    name = source.string(key)
    if name is None:
        source.refuse(key, 'it is missing, and xl starts no domain without: write name = "…"')
    return name


def _read_uuid(source: Source, key: str) -> UUID | None:
    text = source.string(key)
    try:
        return None if text is None else UUID(text.strip())
    except ValueError as exc:
        source.refuse(key, f"{text[:60] if text else ''!r} is no UUID", exc)


def _size_kib(source: Source, key: str) -> int:
    """Return a size in KiB of a key in MiB; 0 when it is not there."""
    size_mib = source.integer(key) or 0
    if size_mib < 0:
        source.refuse(key, f"{size_mib} is less than nothing")
    return size_mib * KIB_PER_MIB


def in_mib(size_kib: int) -> int:
    """Return a size in whole MiB, rounded up as libvirt does."""
    return -(-size_kib // KIB_PER_MIB)


def _read_memory(source: Source) -> Fields:
    """Return what it has at the start and at most; each is the other where only one is there."""
    memory_kib, most_kib = _size_kib(source, "memory"), _size_kib(source, "maxmem")
    default_kib = DEFAULT_MEMORY_MIB * KIB_PER_MIB
    return {
        "memory_kib": memory_kib or most_kib or default_kib,
        "max_memory_kib": most_kib or memory_kib or default_kib,
    }


def _write_memory(config: DomainConfig, _: XlDocument) -> Keys:
    return {"maxmem": in_mib(config.max_memory_kib), "memory": in_mib(config.memory_kib)}


def _read_vcpus(source: Source) -> Fields:
    vcpus = source.integer("vcpus") or 1
    return {"vcpus": vcpus, "max_vcpus": source.integer("maxvcpus") or vcpus}


def _write_vcpus(config: DomainConfig, _: XlDocument) -> Keys:
    most = config.max_vcpus if config.max_vcpus != config.vcpus else None
    return {"maxvcpus": most, "vcpus": config.vcpus}


def _action(source: Source, key: str) -> LifecycleAction | str | None:
    word = source.string(key)
    return LifecycleAction(word) if word in set(LifecycleAction) else word


def _strings(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, tuple) and value else None


GENERAL = (
    one_key("name", "name", _read_name, str),
    one_key("uuid", "uuid", _read_uuid, lambda uuid: str(uuid) if uuid else None),
    Lens(
        fields=("guest_type",),
        keys=("type", "builder"),
        read=lambda source: {"guest_type": source.guest_type},
        write=_write_guest_type,
    ),
    Lens(
        fields=("memory_kib", "max_memory_kib"),
        keys=("maxmem", "memory"),
        read=_read_memory,
        write=_write_memory,
    ),
    Lens(
        fields=("vcpus", "max_vcpus"),
        keys=("maxvcpus", "vcpus"),
        read=_read_vcpus,
        write=_write_vcpus,
    ),
    number_key("weight", "cpu_weight"),
    number_key("cap_percent", "cap"),
)

ENDS = tuple(one_key(key, key, _action, str) for key in ("on_poweroff", "on_reboot", "on_crash"))
"""What is done when it ends. Where ``on_crash`` is missing, xl destroys and libvirt restarts."""

DEVICE_MODEL = (
    text_key("emulator", "device_model_override"),
    one_key(
        "device_model_args",
        "device_model_args",
        lambda source, key: source.strings(key) or None,
        _strings,
    ),
)
"""The program that emulates a guest's devices, and what it is told."""
