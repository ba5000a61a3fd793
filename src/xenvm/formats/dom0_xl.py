"""What ``xl`` prints, as facts.

Source:
    xl's own format strings: xen 4.17 and 4.20, tools/xl/xl_info.c and xl_list.c.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from xenvm.errors import ParseError, SpecError
from xenvm.model.allocation import VcpuPlace
from xenvm.model.inventory import CpuPlace, HypervisorFacts
from xenvm.model.kinds import GuestType
from xenvm.model.quantities import CpuSet

_NUMBER = re.compile(r"\d{1,15}")
"""No count of a real host has more digits."""

_INFO_LINE = re.compile(r"^(\w+)\s*: ?(.*)$")
_TOPOLOGY_HEAD = re.compile(r"^cpu:\s+core\s+socket\s+node\s*$")
_TOPOLOGY_ROW = re.compile(r"^\s*(\d{1,9}):\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s*$")
_LIST_ROW = re.compile(
    r"^(?P<name>.*\S)\s+(?P<domid>\d{1,9})\s+(?P<memory>\d{1,15})\s+(?P<vcpus>\d{1,9})"
    r"\s+\S+\s+[\d.]+$"
)
_VCPU_ROW = re.compile(
    r"^(?P<name>.*\S)\s+(?P<domid>\d{1,9})\s+(?P<vcpu>\d{1,9})\s+(?P<pcpu>\d{1,9}|-)\s+\S+"
    r"\s+(?P<time>\d{1,15}\.\d)\s+(?P<hard>\S+) / \S+\s*$"
)
_EVERY_PCPU, _NO_PCPU = "all", "none"
_BROUGHT_UP = re.compile(r"Brought up (\d{1,9}) CPUs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of ``xl list``."""

    name: str
    domid: int
    memory_mib: int
    vcpus: int


def parse_info(text: str) -> dict[str, str]:
    """Return the ``key : value`` lines of ``xl info``; indented tables are left out."""
    matches = (_INFO_LINE.match(line) for line in text.splitlines())
    return {found[1]: found[2].strip() for found in matches if found}


def parse_topology(text: str) -> tuple[CpuPlace, ...] | None:
    """Return the CPU table of ``xl info -n``, or None when there is no such table.

    CPUs that are offline, or whose core Xen does not know, have no row.
    """
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if _TOPOLOGY_HEAD.match(line)]
    if not heads:
        return None
    places = []
    for line in lines[heads[0] + 1 :]:
        row = _TOPOLOGY_ROW.match(line)
        if row is None:
            break
        cpu, core, socket, node = map(int, row.groups())
        places.append(CpuPlace(cpu=cpu, core=core, socket=socket, node=node))
    return tuple(places)


def hypervisor_facts(info: str | None, log: str | None) -> HypervisorFacts:
    """Return what Xen says of itself.

    Args:
        info: The output of ``xl info -n``, or None.
        log: The output of ``xl dmesg``, or None.
    """
    said = parse_info(info or "")
    brought_up = _BROUGHT_UP.search(log or "")
    return HypervisorFacts(
        nr_cpus=_number(said, "nr_cpus"),
        max_cpu_id=_number(said, "max_cpu_id"),
        cores_per_socket=_number(said, "cores_per_socket"),
        threads_per_core=_number(said, "threads_per_core"),
        cpus=parse_topology(info or ""),
        total_memory_mib=_number(said, "total_memory"),
        free_memory_mib=_number(said, "free_memory"),
        virt_caps=tuple(said["virt_caps"].split()) if "virt_caps" in said else None,
        scheduler=said.get("xen_scheduler") or None,
        command_line=said.get("xen_commandline"),
        brought_up_cpus=int(brought_up[1]) if brought_up else None,
    )


def parse_list(text: str) -> tuple[Listed, ...] | None:
    """Return the rows of ``xl list``, or None when Dom0 itself is not among them."""
    rows = (_LIST_ROW.match(line) for line in text.splitlines())
    listed = tuple(
        Listed(
            name=row["name"],
            domid=int(row["domid"]),
            memory_mib=int(row["memory"]),
            vcpus=int(row["vcpus"]),
        )
        for row in rows
        if row
    )
    return listed if any(row.domid == 0 for row in listed) else None


def parse_vcpus(text: str, *, pcpus: int) -> tuple[VcpuPlace, ...]:
    """Return the rows of ``xl vcpu-list``: one a vCPU, offline ones too.

    Args:
        text: What it printed.
        pcpus: How many pCPUs ``all`` stands for.

    Raises:
        ParseError: A line is none such.
    """
    _, *lines = text.splitlines() or [""]
    return tuple(_vcpu(line, pcpus) for line in lines if line.strip())


def _vcpu(line: str, pcpus: int) -> VcpuPlace:
    row = _VCPU_ROW.match(line)
    if row is None:
        raise ParseError(f"xl vcpu-list printed {line[:120]!r}", text=line)
    return VcpuPlace(
        domid=int(row["domid"]),
        domain=row["name"],
        number=int(row["vcpu"]),
        pcpu=None if row["pcpu"] == "-" else int(row["pcpu"]),
        time_s=float(row["time"]),
        cpus=_affinity(row["hard"], pcpus),
    )


def _affinity(text: str, pcpus: int) -> CpuSet:
    if text in {_EVERY_PCPU, _NO_PCPU}:
        return CpuSet.of(range(pcpus if text == _EVERY_PCPU else 0))
    try:
        return CpuSet.parse(text)
    except SpecError as exc:
        raise ParseError(f"xl vcpu-list printed the pCPUs {text[:60]!r}", text=text) from exc


def parse_guest_types(text: str) -> dict[int, GuestType]:
    """Return each domain's type from ``xl list -l``, by domid; unknown ones are left out."""
    try:
        domains = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    types = {}
    for domain in domains if isinstance(domains, list) else ():
        kind = _at(domain, "config", "c_info", "type")
        domid = _at(domain, "domid")
        if isinstance(domid, int) and isinstance(kind, str) and kind in set(GuestType):
            types[domid] = GuestType(kind)
    return types


def _at(tree: object, *path: str) -> object:
    for key in path:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(key)
    return tree


def _number(said: Mapping[str, str], key: str) -> int | None:
    text = said.get(key, "")
    return int(text) if _NUMBER.fullmatch(text) else None
