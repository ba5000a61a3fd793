"""libvirt XML, xl.cfg and the output of Dom0's tools ⇄ model; pure text.

The names are imported when they are first used, so that no reader pays for another's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config_json import config_from_json, config_to_json
    from .domain_xml import format_domain_xml, parse_domain_xml
    from .host_xml import (
        format_capabilities_xml,
        format_domain_capabilities_xml,
        format_node_device_xml,
        parse_capabilities_xml,
        parse_domain_capabilities_xml,
        parse_node_device_xml,
    )
    from .network_xml import (
        format_interface_xml,
        format_network_section_xml,
        format_network_xml,
        parse_interface_xml,
        parse_network_section_xml,
        parse_network_xml,
    )
    from .storage_xml import (
        format_storage_pool_xml,
        format_storage_volume_xml,
        parse_storage_pool_xml,
        parse_storage_volume_xml,
    )
    from .xl_config import format_xl_config, lost_in_xl, lost_in_xml, parse_xl_config

__all__ = [
    "config_from_json",
    "config_to_json",
    "format_capabilities_xml",
    "format_domain_capabilities_xml",
    "format_domain_xml",
    "format_interface_xml",
    "format_network_section_xml",
    "format_network_xml",
    "format_node_device_xml",
    "format_storage_pool_xml",
    "format_storage_volume_xml",
    "format_xl_config",
    "lost_in_xl",
    "lost_in_xml",
    "parse_capabilities_xml",
    "parse_domain_capabilities_xml",
    "parse_domain_xml",
    "parse_interface_xml",
    "parse_network_section_xml",
    "parse_network_xml",
    "parse_node_device_xml",
    "parse_storage_pool_xml",
    "parse_storage_volume_xml",
    "parse_xl_config",
]

_HOMES = {
    "config_json": "config_from_json config_to_json",
    "domain_xml": "format_domain_xml parse_domain_xml",
    "host_xml": "format_capabilities_xml format_domain_capabilities_xml format_node_device_xml "
    "parse_capabilities_xml parse_domain_capabilities_xml parse_node_device_xml",
    "network_xml": "format_interface_xml format_network_section_xml format_network_xml "
    "parse_interface_xml parse_network_section_xml parse_network_xml",
    "storage_xml": "format_storage_pool_xml format_storage_volume_xml "
    "parse_storage_pool_xml parse_storage_volume_xml",
    "xl_config": "format_xl_config lost_in_xl lost_in_xml parse_xl_config",
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
