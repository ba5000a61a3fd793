"""CPUs in xl.cfg: where vCPUs run, and what they can do."""

from __future__ import annotations

from collections.abc import Iterator

from xenvm.formats.xl import XlCpuList, XlDocument, read_cpus
from xenvm.model.cpu import CpuFeature, VcpuPin
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import GuestType
from xenvm.model.quantities import CPU_NUMBER_LIMIT, CpuSet

from .lens import Fields, Keys, Lens
from .source import Source

HOST_PASSTHROUGH = "host-passthrough"
ALL = "all"

NESTED = ("vmx", "svm")
"""The features that nested virtualisation needs, of Intel's CPUs and of AMD's."""

_TO_LIBVIRT = {
    "altmovcr8": "cr8legacy",
    "clfsh": "clflush",
    "cmplegacy": "cmp_legacy",
    "cmpxchg16": "cx16",
    "cmpxchg8": "cx8",
    "cntxid": "cid",
    "dscpl": "ds_cpl",
    "ffxsr": "fxsr_opt",
    "htt": "ht",
    "ibrsb": "spec-ctrl",
    "lahfsahf": "lahf_lm",
    "nodeid": "nodeid_msr",
    "page1gb": "pdpe1gb",
    "pclmulqdq": "pclmuldq",
    "psn": "pn",
    "sse3": "pni",
    "sysenter": "sep",
}
"""Where libxl and libvirt call a feature differently."""
_TO_LIBXL = {ours: theirs for theirs, ours in _TO_LIBVIRT.items()}

_POLICIES = {"1": "force", "0": "disable", "x": "optional", "k": "optional", "s": "optional"}
_LETTERS = {
    "force": "1",
    "require": "1",
    None: "1",
    "optional": "x",
    "disable": "0",
    "forbid": "0",
}


def _read_placement(source: Source) -> Fields:
    """Return the pCPUs for all vCPUs, or those of each; a list by NUMA nodes is only the host's."""
    if "cpus" not in source.present:
        return {}
    source.bound("cpus", CPU_NUMBER_LIMIT)
    lists = read_cpus(source.document, "cpus")
    if isinstance(lists, tuple):
        pins = enumerate(each.cpu_set for each in lists)
        return {"pins": tuple(VcpuPin(vcpu=n, cpus=cpus) for n, cpus in pins if cpus is not None)}
    return {"cpus": lists.cpu_set if lists else None}


def _write_placement(config: DomainConfig, document: XlDocument) -> Keys:
    atoms = document.atoms("cpus")
    items = [str(item) for item in atoms] if isinstance(atoms, tuple) else []
    if not config.pins and not any(map(_is_hosts, items)):
        return {"cpus": str(config.cpus) if config.cpus else None}
    pins = {pin.vcpu: pin.cpus for pin in config.pins}
    size = max(max(pins, default=0) + 1, config.max_vcpus if config.cpus else 0)
    items += [ALL] * (max(size, len(items)) - len(items))
    return {"cpus": [_placed(items[n], pins.get(n, config.cpus)) for n in range(len(items))]}


def _is_hosts(text: str) -> bool:
    """Return whether only the host can tell which CPUs a list names."""
    return text != ALL and XlCpuList.parse(text).cpu_set is None


def _placed(text: str, cpus: CpuSet | None) -> str:
    """Return the text of a vCPU's pCPUs: the one that is there, if it says them."""
    if XlCpuList.parse(text).cpu_set == cpus:
        return text
    return ALL if cpus is None else str(cpus)


def _read_model(source: Source) -> Fields:
    """Return what of the host's CPU the guest sees.

    As libvirt has it, ``nestedhvm=1`` is the host's CPU, and ``nestedhvm=0`` the same without
    ``vmx``. The trap in that: libvirt also takes a file that only has ``cpuid`` for the host's CPU,
    ``vmx`` and all, while to xl nested virtualisation is off there. The form of ``cpuid`` that
    names registers stays as it is, and so does what is no ``NAME=0``, ``1``, ``x``, ``k`` or ``s``.
    """
    nested = source.boolean("nestedhvm") if source.is_hvm else None
    flags = source.atoms("cpuid")
    has_flags = isinstance(flags, str) and flags.split(",")[0] == "host"
    features = [CpuFeature(name=NESTED[0], policy="disable")] if nested is False else []
    for name, letter in _flags(flags) if has_flags else ():
        if policy := _POLICIES.get(letter):
            features.append(CpuFeature(name=_TO_LIBVIRT.get(name, name), policy=policy))
    mode = HOST_PASSTHROUGH if nested is not None or has_flags else None
    return {"cpu_mode": mode, "cpu_features": tuple(features)}


def _flags(text: object) -> list[tuple[str, str]]:
    """Return (name, letter) of each flag behind ``host``."""
    pairs = (piece.partition("=") for piece in str(text).split(",")[1:])
    return [(name, letter) for name, _, letter in pairs]


def _write_model(config: DomainConfig, document: XlDocument) -> Keys:
    if config.cpu_mode != HOST_PASSTHROUGH:
        return {"cpuid": _kept_cpuid(document)}
    is_off = any(f.name in NESTED and _LETTERS.get(f.policy) == "0" for f in config.cpu_features)
    nested = int(not is_off) if config.guest_type == GuestType.HVM else None
    flags = _flags(document.get("cpuid")) if isinstance(document.get("cpuid"), str) else []
    there = dict(flags)
    said = [_flag(f, there) for f in config.cpu_features if f.name not in NESTED]
    said += [f"{name}={letter}" for name, letter in flags if letter not in _POLICIES]
    return {"nestedhvm": nested, "cpuid": ",".join(["host", *said]) if said else None}


def _flag(feature: CpuFeature, there: dict[str, str]) -> str:
    """Return a feature as a flag, with the letter that is there if it says the same."""
    name = _TO_LIBXL.get(feature.name, feature.name)
    letter = _LETTERS.get(feature.policy, "x")
    old = there.get(name, "")
    return f"{name}={old if _POLICIES.get(old) == _POLICIES[letter] else letter}"


def _kept_cpuid(document: XlDocument) -> list[str] | None:
    """Return the registers of ``cpuid``, which the model has no word for."""
    atoms = document.atoms("cpuid")
    return [str(item) for item in atoms] if isinstance(atoms, tuple) else None


def _unsaid_placement(source: Source) -> Iterator[str]:
    """Yield the lists that only the host can resolve."""
    lists = read_cpus(source.document, "cpus")
    several = lists if isinstance(lists, tuple) else ()
    if isinstance(lists, XlCpuList) and _is_hosts(str(lists)):
        yield "cpus"
    yield from (f"cpus[{vcpu}]" for vcpu, each in enumerate(several) if _is_hosts(str(each)))


def _unsaid_model(source: Source) -> Iterator[str]:
    """Yield registers, and flags that are neither on nor off."""
    atoms = source.atoms("cpuid")
    if atoms is not None and (isinstance(atoms, tuple) or atoms.split(",")[0] != "host"):
        yield "cpuid"
    elif atoms is not None:
        yield from (f"cpuid.{name}" for name, letter in _flags(atoms) if letter not in _POLICIES)


PROCESSORS = (
    Lens(
        fields=("cpus", "pins"),
        keys=("cpus",),
        read=_read_placement,
        write=_write_placement,
        unsaid=_unsaid_placement,
    ),
    Lens(
        fields=("cpu_mode", "cpu_features"),
        keys=("nestedhvm", "cpuid"),
        read=_read_model,
        write=_write_model,
        unsaid=_unsaid_model,
    ),
)
