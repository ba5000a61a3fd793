"""The parameters of every kind of device that xl.cfg describes in a string.

Source:
    xl.cfg(5), xl-disk-configuration(5), xl-network-configuration(5) and xl-pci-configuration(5) of
    Xen 4.17 and 4.20; xen 4.17 tools/xl/xl_parse.c and tools/libs/util/libxlu_disk_l.l; for what
    only the old toolstack knew, xen 4.2 tools/python/xen/xm/create.py; libvirt 9.0.0
    src/libxl/xen_common.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .value_types import BOOLEAN, INTEGER, STRING, ValueType, integer_in, word


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecGrammar:
    """What a device's string may say.

    Attributes:
        name: The key of xl.cfg.
        parameters: The type of each ``name=value``.
        flags: Words that stand alone.
        positional: What stands first without a name, in order.
        splits: Whether commas part parameters; otherwise the string has one, commas and all.
        trims: Whether blanks around names and values count for nothing.
    """

    name: str
    parameters: Mapping[str, ValueType] = field(default_factory=lambda: MappingProxyType({}))
    flags: frozenset[str] = frozenset()
    positional: tuple[str, ...] = ()
    splits: bool = True
    trims: bool = False


def _grammar(
    name: str,
    parameters: Mapping[str, ValueType],
    *,
    flags: str = "",
    positional: str = "",
    splits: bool = True,
    trims: bool = False,
) -> SpecGrammar:
    return SpecGrammar(
        name=name,
        parameters=MappingProxyType(dict(parameters)),
        flags=frozenset(flags.split()),
        positional=tuple(positional.split()),
        splits=splits,
        trims=trims,
    )


DISK_FORMATS = ("raw", "qcow", "qcow2", "vhd", "qed", "empty")

_COLO_OF_VIF = (
    "forwarddev "
    "colo_sock_mirror_id colo_sock_mirror_ip colo_sock_mirror_port "
    "colo_sock_compare_pri_in_id colo_sock_compare_pri_in_ip colo_sock_compare_pri_in_port "
    "colo_sock_compare_sec_in_id colo_sock_compare_sec_in_ip colo_sock_compare_sec_in_port "
    "colo_sock_compare_notify_id colo_sock_compare_notify_ip colo_sock_compare_notify_port "
    "colo_sock_redirector0_id colo_sock_redirector0_ip colo_sock_redirector0_port "
    "colo_sock_redirector1_id colo_sock_redirector1_ip colo_sock_redirector1_port "
    "colo_sock_redirector2_id colo_sock_redirector2_ip colo_sock_redirector2_port "
    "colo_sock_sec_redirector0_id colo_sock_sec_redirector0_ip colo_sock_sec_redirector0_port "
    "colo_sock_sec_redirector1_id colo_sock_sec_redirector1_ip colo_sock_sec_redirector1_port "
    "colo_filter_mirror_queue colo_filter_mirror_outdev "
    "colo_filter_redirector0_queue colo_filter_redirector0_indev colo_filter_redirector0_outdev "
    "colo_filter_redirector1_queue colo_filter_redirector1_indev colo_filter_redirector1_outdev "
    "colo_filter_sec_redirector0_queue colo_filter_sec_redirector0_indev "
    "colo_filter_sec_redirector0_outdev colo_filter_sec_redirector1_queue "
    "colo_filter_sec_redirector1_indev colo_filter_sec_redirector1_outdev "
    "colo_filter_sec_rewriter0_queue colo_compare_pri_in colo_compare_sec_in colo_compare_out "
    "colo_compare_notify_dev colo_checkpoint_host colo_checkpoint_port"
)

_SMBIOS = (
    "bios_vendor bios_version system_manufacturer system_product_name system_version "
    "system_serial_number baseboard_manufacturer baseboard_product_name baseboard_version "
    "baseboard_serial_number baseboard_asset_tag baseboard_location_in_chassis "
    "enclosure_manufacturer enclosure_serial_number enclosure_asset_tag battery_manufacturer "
    "battery_device_name oem"
)


def _strings(names: str) -> dict[str, ValueType]:
    return dict.fromkeys(names.split(), STRING)


_GRAMMARS = (
    _grammar(
        "disk",
        {
            "target": STRING,
            "format": word("", *DISK_FORMATS),
            "vdev": STRING,
            "access": word("", "r", "ro", "w", "rw", "w!", "!"),
            "devtype": word("cdrom", "disk"),
            "backend": STRING,
            "backendtype": word("phy", "tap", "qdisk", "standalone"),
            "script": STRING,
            "specification": word("xen", "virtio"),
            "grant_usage": BOOLEAN,
            "colo-host": STRING,
            "colo-port": INTEGER,
            "colo-export": STRING,
            "active-disk": STRING,
            "hidden-disk": STRING,
        },
        flags="cdrom direct-io-safe discard no-discard colo no-colo trusted untrusted",
        positional="target format vdev access",
    ),
    _grammar(
        "vif",
        {
            "type": word("ioemu", "vif", "netfront"),
            **_strings("mac bridge gatewaydev netdev ip script backend vifname model rate vlan"),
            **_strings("accel"),
            "devid": INTEGER,
            "mtu": integer_in("bytes"),
            **_strings(_COLO_OF_VIF),
        },
        flags="trusted untrusted",
    ),
    _grammar(
        "vfb",
        {
            "type": word("vnc", "sdl"),
            "vnc": BOOLEAN,
            "vnclisten": STRING,
            "vncdisplay": INTEGER,
            "vncunused": BOOLEAN,
            "vncpasswd": STRING,
            "sdl": BOOLEAN,
            "opengl": BOOLEAN,
            **_strings("display xauthority keymap serial monitor"),
        },
    ),
    _grammar(
        "pci",
        {
            "bdf": STRING,
            "vslot": STRING,
            "permissive": BOOLEAN,
            "msitranslate": BOOLEAN,
            "seize": BOOLEAN,
            "power_mgmt": BOOLEAN,
            "rdm_policy": word("strict", "relaxed"),
            "name": STRING,
        },
        positional="bdf",
    ),
    _grammar("rdm", {"strategy": word("host"), "policy": word("strict", "relaxed")}),
    _grammar(
        "usbctrl",
        {
            "type": word("auto", "pv", "qusb", "devicemodel"),
            "version": INTEGER,
            "ports": INTEGER,
        },
    ),
    _grammar(
        "usbdev",
        {"type": word("hostdev"), **dict.fromkeys(("hostbus", "hostaddr"), INTEGER)}
        | dict.fromkeys(("controller", "port"), INTEGER),
    ),
    _grammar("vtpm", _strings("backend uuid instance type")),
    _grammar(
        "p9",
        {
            "type": word("qemu", "xen_9pfsd"),
            "security_model": word("none"),
            **_strings("tag path backend"),
            "max-files": INTEGER,
            "max-open-files": INTEGER,
            "max-space": integer_in("MiB"),
            "auto-delete": BOOLEAN,
        },
    ),
    _grammar("pvcalls", _strings("backend")),
    _grammar(
        "channel",
        {"connection": word("socket", "pty"), **_strings("backend name path")},
        trims=True,
    ),
    _grammar("vdispl", {"be-alloc": BOOLEAN, **_strings("backend connectors")}),
    _grammar(
        "vkb",
        {
            "backend-type": word("qemu", "linux"),
            **_strings("backend unique-id"),
            "feature-disable-keyboard": BOOLEAN,
            "feature-disable-pointer": BOOLEAN,
            "feature-abs-pointer": BOOLEAN,
            "feature-raw-pointer": BOOLEAN,
            "feature-multi-touch": BOOLEAN,
            "multi-touch-width": INTEGER,
            "multi-touch-height": INTEGER,
            "multi-touch-num-contacts": INTEGER,
            "width": INTEGER,
            "height": INTEGER,
        },
    ),
    _grammar(
        "virtio",
        {"transport": word("mmio"), "grant_usage": BOOLEAN, **_strings("backend type")},
    ),
    _grammar("smbios", _strings(_SMBIOS), splits=False),
    _grammar(
        "vnuma",
        {"pnode": INTEGER, "size": integer_in("MiB"), **_strings("vcpus vdistances")},
        splits=False,
        trims=True,
    ),
    _grammar(
        "vsnd",
        {
            **_strings("backend short-name long-name name unique-id sample-rates sample-formats"),
            "type": word("p", "c"),
            "channels-min": INTEGER,
            "channels-max": INTEGER,
            "buffer-size": integer_in("bytes"),
        },
        positional="item",
    ),
    _grammar(
        "vif2",
        _strings("front_mac back_mac backend pdev max_bypasses bridge filter_mac front_filter_mac"),
    ),
    _grammar("vscsi", _strings(""), positional="pdev vdev backend"),
    _grammar(
        "vusb",
        {
            "usbver": INTEGER,
            "numports": INTEGER,
            **_strings(" ".join(f"port_{n}" for n in range(1, 17))),
        },
    ),
    _grammar("access_control", _strings("policy label")),
)

SPEC_GRAMMARS: Mapping[str, SpecGrammar] = MappingProxyType({g.name: g for g in _GRAMMARS})
"""Every grammar, by the key of xl.cfg whose devices it describes."""
