"""Every key of xl.cfg by name and type: Xen 4.17 to 4.20, and what only the old xm knew.

Source:
    xl.cfg(5) of Xen 4.17 and 4.20; xen 4.17 tools/xl/xl_parse.c, which reads some keys that the
    manual leaves out, and the strings in xl of 4.20; xen 4.2 tools/python/xen/xm/create.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .value_types import (
    BOOLEAN,
    CPUS,
    CPUS_OF_EACH,
    INTEGER,
    STRING,
    STRINGS,
    ValueKind,
    ValueType,
    integer_in,
    specs,
    word,
    words,
)


class KeyStatus(StrEnum):
    """What xl does with a key."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    """It is read; another key, or another type of value, should be used."""
    IGNORED = "ignored"
    """xl warns that it does not read it."""
    XM_ONLY = "xm only"
    """Only the toolstack before xl read it; xl passes over it without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XlKey:
    """What is known of a key.

    Attributes:
        name: The key.
        types: What its value may be; the first is preferred.
        status: What xl does with it.
        instead: What to use instead of a deprecated or ignored one, or empty.
        is_new: Whether Xen 4.20 has it and 4.17 has not.
    """

    name: str
    types: tuple[ValueType, ...]
    status: KeyStatus = KeyStatus.CURRENT
    instead: str = ""
    is_new: bool = False


_ACTION = word(
    "destroy",
    "restart",
    "rename-restart",
    "preserve",
    "coredump-destroy",
    "coredump-restart",
    "soft-reset",
)
_GROUPS = (
    "base freq time_ref_count reference_tsc hcall_remote_tlb_flush apic_assist crash_ctl synic "
    "stimer hcall_ipi ex_processor_masks no_vp_limit cpu_hotplug"
)
_VIRIDIAN = words("all", "defaults", *_GROUPS.split(), *(f"!{name}" for name in _GROUPS.split()))
_SVE = word("disabled", "hw", *(str(bits) for bits in range(128, 2049, 128)))
_MIB = integer_in("MiB")

_PLAIN: Mapping[ValueType, str] = {
    INTEGER: "vcpus maxvcpus cpu_weight period slice latency extratime max_grant_frames "
    "max_maptrack_frames max_grant_version max_event_channels vncdisplay spiceport spicetls_port "
    "spiceusbredirection usbversion nr_spis",
    BOOLEAN: "hap oos pvshim nomigrate driver_domain localtime acpi acpi_s3 acpi_s4 "
    "acpi_laptop_slate apic pae nx hpet vpt_align nestedhvm e820_host pci_permissive "
    "pci_msitranslate pci_seize pci_power_mgmt vnc vncunused sdl opengl nographic spice "
    "spicedisable_ticketing spiceagent_mouse spicevdagent spice_clipboard_sharing usb vkb_device "
    "xen_platform_pci dm_restrict device_model_stubdomain_override xend_suspend_evtchn_compat "
    "msr_relaxed vpmu hvm_pirq bootloader_restrict",
    STRING: "name uuid pool seclabel init_seclabel kernel ramdisk cmdline root extra device_tree "
    "bootloader firmware firmware_override bios_path_override boot acpi_firmware smbios_firmware "
    "pvshim_path pvshim_cmdline pvshim_extra vnclisten vncpasswd keymap display xauthority "
    "spicehost spicepasswd spice_image_compression spice_streaming_video soundhw "
    "device_model_override device_model_user device_model_stubdomain_seclabel stubdomain_kernel "
    "stubdomain_cmdline stubdomain_ramdisk bootloader_user",
    STRINGS: "dtdev ioports iomem device_model_args device_model_args_pv device_model_args_hvm "
    "llc_colors",
    _MIB: "memory maxmem shadow_memory videoram mmio_hole rdm_mem_boundary stubdomain_memory",
    _ACTION: "on_poweroff on_reboot on_crash on_watchdog on_soft_reset",
}

_NEW = frozenset(
    {
        "smbios",
        "sve",
        "virtio",
        "bootloader_restrict",
        "bootloader_user",
        "hvm_pirq",
        "nr_spis",
        "llc_colors",
    }
)

_XM_ONLY: Mapping[ValueType, str] = {
    STRING: "bootargs bootentry loader features restart parallel fda fdb monitor_path description "
    "guest_os_type watchdog watchdog_action on_xend_start on_xend_stop ip gateway netmask hostname "
    "interface dhcp nfs_server nfs_root xenpaging_file",
    STRINGS: "irq xenpaging_extra cpuid_check tpmif",
    INTEGER: "cpu cpu_cap vcpu_avail vhpt extid nics target actmem s3_integrity "
    "machine_address_size",
    BOOLEAN: "blkif netif memory_sharing monitor isa vncconsole superpages "
    "suppress_spurious_page_faults",
}


def _key(
    name: str,
    *types: ValueType,
    status: KeyStatus = KeyStatus.CURRENT,
    instead: str = "",
) -> XlKey:
    return XlKey(name=name, types=types, status=status, instead=instead, is_new=name in _NEW)


def _rows(table: Mapping[ValueType, str], status: KeyStatus) -> list[XlKey]:
    return [
        _key(name, value_type, status=status)
        for value_type, names in table.items()
        for name in names.split()
    ]


_DEVICES = "disk vif vfb pci usbctrl usbdev vtpm p9 pvcalls channel vdispl vkb virtio smbios"

_DEPRECATED = KeyStatus.DEPRECATED
_IGNORED = KeyStatus.IGNORED

_ODD = (
    _key("type", word("pv", "pvh", "hvm")),
    _key("builder", word("generic", "hvm", "linux"), status=_DEPRECATED, instead="type"),
    _key("cpus", CPUS, CPUS_OF_EACH),
    _key("cpus_soft", CPUS, CPUS_OF_EACH),
    _key("cap", integer_in("% of one CPU")),
    _key("rtc_timeoffset", integer_in("s")),
    _key("vmtrace_buf_kb", integer_in("KiB")),
    _key("passthrough", word("default", "disabled", "enabled", "sync_pt", "share_pt")),
    _key("tsc_mode", word("default", "always_emulate", "native", "native_paravirt"), INTEGER),
    _key(
        "timer_mode",
        word(
            "delay_for_missed_ticks",
            "no_delay_for_missed_ticks",
            "no_missed_ticks_pending",
            "one_missed_tick_pending",
        ),
        INTEGER,
    ),
    _key("altp2m", word("disabled", "mixed", "external", "limited"), INTEGER),
    _key("altp2mhvm", BOOLEAN, status=_DEPRECATED, instead="altp2m"),
    _key("bios", word("rombios", "seabios", "ovmf")),
    _key("hdtype", word("ide", "ahci")),
    _key("ms_vm_genid", word("generate", "none")),
    _key("viridian", _VIRIDIAN, BOOLEAN),
    _key("mca_caps", words("lmce")),
    _key("cpuid", STRING, STRINGS),
    _key("bootloader_args", STRINGS, STRING),
    _key("serial", STRINGS, STRING),
    _key("usbdevice", STRINGS, STRING),
    _key("irqs", ValueType(kind=ValueKind.INTEGER, depth=1)),
    _key("vga", word("stdvga", "cirrus", "qxl", "none")),
    _key("stdvga", BOOLEAN, status=_DEPRECATED, instead='vga="stdvga"'),
    _key("gfx_passthru", BOOLEAN, word("default", "igd")),
    _key("vendor_device", word("none", "xenserver")),
    _key("device_model_version", word("qemu-xen", "qemu-xen-traditional")),
    _key("gic_version", word("default", "v2", "v3")),
    _key("tee", word("none", "optee")),
    _key("vuart", word("sbsa_uart")),
    _key("sve", _SVE),
    _key("rdm", specs("rdm", depth=0)),
    _key("vnuma", specs("vnuma", depth=2)),
    _key("vsnd", specs("vsnd", depth=2)),
    *(_key(name, specs(name)) for name in _DEVICES.split()),
    _key("device_model", STRING, status=_IGNORED, instead="device_model_override"),
    _key("vncviewer", BOOLEAN, status=_IGNORED, instead="xl create -V"),
    _key("vif2", specs("vif2"), status=_IGNORED, instead="vif"),
    _key("vscsi", specs("vscsi"), status=KeyStatus.XM_ONLY),
    _key("vusb", specs("vusb"), status=KeyStatus.XM_ONLY, instead="usbctrl"),
    _key("access_control", specs("access_control"), status=KeyStatus.XM_ONLY, instead="seclabel"),
)

XL_KEYS: Mapping[str, XlKey] = MappingProxyType(
    {
        key.name: key
        for key in (
            *_rows(_PLAIN, KeyStatus.CURRENT),
            *_ODD,
            *_rows(_XM_ONLY, KeyStatus.XM_ONLY),
        )
    }
)
"""Every known key, by name."""
