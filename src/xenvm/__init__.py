"""Is this machine a good Xen host? The public names are here.

The names are imported when they are first used, so that ``import xenvm`` costs next to nothing
and needs no libvirt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xenvm.errors import XenvmError
    from xenvm.formats.config_json import config_from_json, config_to_json
    from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
    from xenvm.host import Bridge, CommandResult, Console, Domain, Host, HostShell, connect
    from xenvm.model.bridge import BridgeState
    from xenvm.model.disk_target import DiskTarget
    from xenvm.model.domain import DomainConfig
    from xenvm.model.kinds import (
        DiskBacking,
        DiskDriver,
        DiskFormat,
        DomainState,
        GuestType,
        LifecycleAction,
    )
    from xenvm.model.memory_size import MemorySize
    from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
    from xenvm.model.vbd import Vbd
    from xenvm.model.vnif import Vnif

__all__ = [
    "Bridge",
    "BridgeState",
    "CommandResult",
    "Console",
    "CpuSet",
    "DiskBacking",
    "DiskDriver",
    "DiskFormat",
    "DiskTarget",
    "Domain",
    "DomainConfig",
    "DomainState",
    "GuestType",
    "Host",
    "HostShell",
    "LifecycleAction",
    "MacAddress",
    "MemorySize",
    "PciAddress",
    "Vbd",
    "Vnif",
    "XenvmError",
    "config_from_json",
    "config_to_json",
    "connect",
    "format_domain_xml",
    "parse_domain_xml",
]

_HOMES = {
    "xenvm.errors": "XenvmError",
    "xenvm.formats.config_json": "config_from_json config_to_json",
    "xenvm.formats.domain_xml": "format_domain_xml parse_domain_xml",
    "xenvm.host": "Bridge CommandResult Console Domain Host HostShell connect",
    "xenvm.model.bridge": "BridgeState",
    "xenvm.model.disk_target": "DiskTarget",
    "xenvm.model.domain": "DomainConfig",
    "xenvm.model.kinds": "DiskBacking DiskDriver DiskFormat DomainState GuestType LifecycleAction",
    "xenvm.model.memory_size": "MemorySize",
    "xenvm.model.quantities": "CpuSet MacAddress PciAddress",
    "xenvm.model.vbd": "Vbd",
    "xenvm.model.vnif": "Vnif",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
