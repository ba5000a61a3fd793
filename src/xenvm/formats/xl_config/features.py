"""What Xen's firmware and hypervisor show a guest, in xl.cfg."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xenvm.formats.xl import XlAtoms, XlDocument
from xenvm.model.domain import DomainConfig
from xenvm.model.hyperv import Hyperv
from xenvm.model.kinds import GuestType

from .lens import Fields, Keys, Lens
from .source import Source

_HVM_FLAGS = ("acpi", "apic", "pae")
"""What an HVM guest has unless its key is 0, to xl and to libvirt."""

CUSTOM, EVERYTHING = "custom", "passthrough"

_GROUPS = {
    "vapic": ("apic_assist",),
    "synic": ("synic",),
    "stimer": ("stimer", "synic", "time_ref_count", "reference_tsc"),
    "frequencies": ("freq",),
    "tlbflush": ("hcall_remote_tlb_flush",),
    "ipi": ("hcall_ipi",),
}
"""By field of Hyperv, the groups that libvirt's libxl driver switches on for it."""

_BASE = ("base", "crash_ctl")
"""What it switches on in any case; ``base`` has what libvirt calls relaxed and vpindex."""

_KNOWN = frozenset(
    {"all", "defaults", *_BASE, *(group for groups in _GROUPS.values() for group in groups)}
)

_MODES = ("sync_pt", "share_pt")


def _read_flags(source: Source) -> Fields:
    if source.is_hvm:
        return {flag: source.boolean(flag) is not False for flag in _HVM_FLAGS}
    return {}


def _write_flags(config: DomainConfig, _: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM:
        return {}
    return {flag: int(getattr(config, flag)) for flag in _HVM_FLAGS}


def _unsaid_flags(source: Source) -> Iterator[str]:
    """Yield that a PVH guest has no ACPI: libvirt always gives it some."""
    if not source.is_hvm and not source.is_pv and source.boolean("acpi") is False:
        yield "acpi"


def _read_viridian(source: Source) -> Fields:
    """Return what a guest sees of Hyper-V: of a list, group by group, as libxl's driver maps it.

    libvirt's converter refuses a list.
    """
    atoms = source.atoms("viridian") if source.is_hvm else None
    if not isinstance(atoms, tuple):
        return {"viridian": source.boolean("viridian") is True} if source.is_hvm else {}
    words = [str(word) for word in atoms]
    groups = {word for word in words if word != "defaults"}
    hyperv = None
    if "all" in groups or {word.lstrip("!") for word in groups} & _KNOWN:
        hyperv = _hyperv(groups)
    return {"viridian": "defaults" in words, "hyperv": hyperv}


def _hyperv(groups: set[str]) -> Hyperv:
    return Hyperv(
        mode=EVERYTHING if "all" in groups else CUSTOM,
        vapic=_flag("vapic", groups),
        synic=_flag("synic", groups),
        stimer=_flag("stimer", groups),
        frequencies=_flag("frequencies", groups),
        tlbflush=_flag("tlbflush", groups),
        ipi=_flag("ipi", groups),
    )


def _flag(name: str, groups: set[str]) -> bool | None:
    """Return whether a field's first group is on or off, or None where the list is silent."""
    group = _GROUPS[name][0]
    return True if group in groups else (False if f"!{group}" in groups else None)


def _write_viridian(config: DomainConfig, document: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM:
        return {}
    old = document.atoms("viridian")
    rest = _unknown(old) if isinstance(old, tuple) else ()
    if config.hyperv is None and not rest:
        return {"viridian": int(config.viridian)}
    words = ["defaults"] if config.viridian else []
    words += _groups(config.hyperv) if config.hyperv else ()
    return {"viridian": [*dict.fromkeys([*words, *rest])]}


def _groups(hyperv: Hyperv) -> list[str]:
    words = ["all"] if hyperv.mode == EVERYTHING else [*_BASE]
    for name, groups in _GROUPS.items():
        state = getattr(hyperv, name)
        words += groups if state else (f"!{groups[0]}",) if state is False else ()
    return words


def _unknown(words: Sequence[XlAtoms]) -> tuple[str, ...]:
    """Return the groups of a list that the model has no field for."""
    return tuple(str(word) for word in words if str(word).lstrip("!") not in _KNOWN)


def _unsaid_viridian(source: Source) -> Iterator[str]:
    atoms = source.atoms("viridian") if source.is_hvm else None
    if isinstance(atoms, tuple):
        yield from (f"viridian.{word}" for word in _unknown(atoms))


def _read_passthrough(source: Source) -> Fields:
    word = source.string("passthrough")
    if word in _MODES:
        return {"passthrough": True, "passthrough_mode": word}
    states = {None: None, "default": None, "enabled": True, "disabled": False}
    if word not in states:
        source.refuse("passthrough", f"{word[:40] if word else ''!r} is no word that xl knows")
    return {"passthrough": states[word]}


def _write_passthrough(config: DomainConfig, document: XlDocument) -> Keys:
    if config.passthrough and config.passthrough_mode in _MODES:
        return {"passthrough": config.passthrough_mode}
    if config.passthrough is None:
        is_there = document.get("passthrough") == "default"
        return {"passthrough": "default" if is_there else None}
    return {"passthrough": "enabled" if config.passthrough else "disabled"}


def _read_hap(source: Source) -> Fields:
    return {} if source.is_pv else {"hap": source.boolean("hap")}


def _write_hap(config: DomainConfig, _: XlDocument) -> Keys:
    is_silent = config.hap is None or config.guest_type == GuestType.PV
    return {"hap": None if is_silent else int(bool(config.hap))}


def _read_e820_host(source: Source) -> Fields:
    return {"e820_host": source.boolean("e820_host")} if source.is_pv else {}


def _write_e820_host(config: DomainConfig, _: XlDocument) -> Keys:
    is_silent = config.e820_host is None or config.guest_type != GuestType.PV
    return {"e820_host": None if is_silent else int(bool(config.e820_host))}


FEATURES = (
    Lens(
        fields=_HVM_FLAGS,
        keys=("pae", "acpi", "apic"),
        read=_read_flags,
        write=_write_flags,
        unsaid=_unsaid_flags,
    ),
    Lens(fields=("hap",), keys=("hap",), read=_read_hap, write=_write_hap),
    Lens(
        fields=("viridian", "hyperv"),
        keys=("viridian",),
        read=_read_viridian,
        write=_write_viridian,
        unsaid=_unsaid_viridian,
    ),
    Lens(fields=("e820_host",), keys=("e820_host",), read=_read_e820_host, write=_write_e820_host),
    Lens(
        fields=("passthrough", "passthrough_mode"),
        keys=("passthrough",),
        read=_read_passthrough,
        write=_write_passthrough,
    ),
)
