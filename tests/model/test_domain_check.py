"""The rules on domains: each is broken once, and a clean domain breaks none."""

from __future__ import annotations

import dataclasses

import pytest

from xenvm.model.boot import AcpiTable, Loader
from xenvm.model.chardev import Chardev
from xenvm.model.clock import Timer
from xenvm.model.cpu import CpuFeature, NumaCell, VcpuPin
from xenvm.model.devices import Controller, Input, Sound, Tpm
from xenvm.model.domain import DomainConfig
from xenvm.model.domain_check import DOMAIN_RULES, RULE_MODULES
from xenvm.model.domain_rules.rulebook import RULES
from xenvm.model.findings import Severity
from xenvm.model.graphics import Graphics, Video
from xenvm.model.hostdev import Hostdev
from xenvm.model.kinds import DiskBacking, DiskDevice, DiskDriver, GuestType, VnifKind
from xenvm.model.quantities import CpuSet, MacAddress, PciAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Bandwidth, Vnif

MIB_KIB = 1024

DISK = Vbd(target="xvda", source="/dev/vg/root", driver=DiskDriver.PHY, bus="xen")
IMAGE = Vbd(target="xvda", source="/srv/root.img", driver=DiskDriver.PHY, backing=DiskBacking.FILE)
REMOTE = Vbd(target="xvda", source="pool/root", protocol="rbd", backing=DiskBacking.NETWORK)
CDROM = Vbd(target="hdc", device=DiskDevice.CDROM, driver=DiskDriver.QEMU, readonly=True)
NIC = Vnif(bridge="xenbr0", mac=MacAddress("00:16:3e:00:00:01"))
ETHERNET = Vnif(kind=VnifKind.ETHERNET, script="vif-route")
OPEN_VSWITCH = Vnif(bridge="ovs0", virtualport="openvswitch", vlans=(4,))
FUNCTION = PciAddress(bus=3, slot=0)
FREE_TARGETS = ("xvdz99", "xvdaa", "hdd", "sdp15")

PV = DomainConfig(
    name="web1",
    guest_type=GuestType.PV,
    memory_kib=256 * MIB_KIB,
    max_memory_kib=512 * MIB_KIB,
    vcpus=2,
    max_vcpus=4,
    kernel="/boot/vmlinuz",
    initrd="/boot/initrd.img",
    cmdline="root=/dev/xvda ro",
    weight=512,
    pins=(VcpuPin(vcpu=0, cpus=CpuSet.of([2])), VcpuPin(vcpu=1, cpus=CpuSet.of([3]))),
    vbds=(DISK, *(dataclasses.replace(DISK, target=target) for target in FREE_TARGETS)),
    vnifs=(NIC, OPEN_VSWITCH, ETHERNET),
    timers=(Timer(name="tsc", mode="native"),),
    consoles=(Chardev(target_kind="xen"),),
    channels=(Chardev(target_kind="xen", target_name="org.example"),),
    graphics=(Graphics(port=5901), Graphics(autoport=True)),
    hostdevs=(Hostdev(pci=FUNCTION),),
    memballoon="xen",
    e820_host=True,
)
PVH = dataclasses.replace(PV, guest_type=GuestType.PVH, hostdevs=(), e820_host=False)
HVM = dataclasses.replace(
    PV,
    guest_type=GuestType.HVM,
    kernel=None,
    initrd=None,
    cmdline=None,
    e820_host=False,
    vbds=(dataclasses.replace(DISK, target="hda", bus="ide"), CDROM),
    vnifs=(dataclasses.replace(NIC, model="e1000"),),
    loader=Loader(path="/usr/lib/xen/boot/ovmf.bin", kind="pflash", format="raw"),
    cpu_mode="host-passthrough",
    cpu_features=(CpuFeature(name="vmx", policy="disable"),),
    numa_cells=(NumaCell(memory_kib=512 * MIB_KIB, cpus=CpuSet.of(range(4))),),
    acpi_tables=(AcpiTable(kind="slic", path="/srv/slic.bin"),),
    timers=(Timer(name="hpet", present=True),),
    serials=(Chardev(),),
    consoles=(Chardev(target_kind="serial"),),
    graphics=(Graphics(kind="spice", autoport=True),),
    videos=(Video(model="qxl", vram_kib=128 * MIB_KIB),),
    inputs=(Input(kind="tablet", bus="usb"), Input(kind="keyboard", bus="ps2")),
    controllers=(Controller(kind="usb", model="qusb2"), Controller(kind="usb", index=1)),
    sounds=(Sound(model="ich6"),),
)


def pv(**changes: object) -> DomainConfig:
    """Return the clean PV domain, changed."""
    return dataclasses.replace(PV, **changes)  # type: ignore[arg-type]


def pvh(**changes: object) -> DomainConfig:
    """Return the clean PVH domain, changed."""
    return dataclasses.replace(PVH, **changes)  # type: ignore[arg-type]


def hvm(**changes: object) -> DomainConfig:
    """Return the clean HVM domain, changed."""
    return dataclasses.replace(HVM, **changes)  # type: ignore[arg-type]


def vbd(like: Vbd = DISK, **changes: object) -> DomainConfig:
    """Return the clean PV domain with one VBD, changed."""
    return pv(vbds=(dataclasses.replace(like, **changes),))  # type: ignore[arg-type]


def vnif(like: Vnif = NIC, **changes: object) -> DomainConfig:
    """Return the clean PV domain with one VNIF, changed."""
    return pv(vnifs=(dataclasses.replace(like, **changes),))  # type: ignore[arg-type]


def pin(vcpu: int, *cpus: int) -> VcpuPin:
    return VcpuPin(vcpu=vcpu, cpus=CpuSet.of(cpus))


BREACHES: list[tuple[str, DomainConfig, str]] = [
    ("hypervisor_is_xen", pv(hypervisor="kvm", vcpus=9), "hypervisor"),
    ("guest_type_is_xens", pv(guest_type="exe"), "guest_type"),
    ("name_can_be_a_files", pv(name=""), "name"),
    ("name_can_be_a_files", pv(name="a/b"), "name"),
    ("name_can_be_a_files", pv(name="line\nbreak"), "name"),
    ("name_can_be_a_files", pv(name="x" * 201), "name"),
    ("texts_can_be_written", pv(title="line\nbreak"), "title"),
    ("texts_can_be_written", pv(description="a\x00b"), "description"),
    ("texts_can_be_written", pv(cmdline="a\x00b"), "cmdline"),
    ("words_have_no_outer_spaces", pv(name=" web1"), "name"),
    ("actions_are_xens", pv(on_crash="reboot"), "on_crash"),
    ("memory_is_some", pv(memory_kib=-1), "memory_kib"),
    ("memory_is_within_its_maximum", pv(memory_kib=513 * MIB_KIB), "memory_kib"),
    ("memory_is_whole_mib", pv(memory_kib=256 * MIB_KIB + 1), "memory_kib"),
    ("memory_is_whole_mib", pv(max_memory_kib=512 * MIB_KIB + 4), "max_memory_kib"),
    ("vcpus_are_within_their_maximum", pv(vcpus=5), "vcpus"),
    ("vcpus_are_within_their_maximum", pv(vcpus=-1, pins=()), "vcpus"),
    ("vcpus_are_no_more_than_xen_has", pvh(max_vcpus=129), "max_vcpus"),
    ("cpus_are_pins", pv(cpus=CpuSet.of([1]), pins=()), "cpus"),
    ("pins_are_of_vcpus_that_exist", pv(pins=(pin(4, 0),)), "pins[0].vcpu"),
    ("pins_are_of_vcpus_that_start", pv(pins=(pin(3, 0),)), "pins[0].vcpu"),
    ("pins_leave_a_cpu", pv(pins=(pin(0, 1), pin(1))), "pins[1].cpus"),
    ("pins_are_one_for_a_vcpu", pv(pins=(pin(0, 1), pin(0, 2))), "pins[1].vcpu"),
    ("weight_is_one_of_xens", pv(weight=0), "weight"),
    ("weight_is_one_of_xens", pv(weight=65536), "weight"),
    ("cap_is_within_its_vcpus", pv(cap_percent=-1), "cap_percent"),
    ("cap_is_kept", pv(cap_percent=400), "cap_percent"),
    ("pv_has_a_kernel", pv(kernel=None, initrd=None, cmdline=None), "kernel"),
    ("pvh_has_a_kernel", pvh(kernel=None, initrd=None, cmdline=None), "kernel"),
    ("hvm_has_no_bootloader", hvm(bootloader="pygrub"), "bootloader"),
    ("bootloader_finds_the_kernel", pv(bootloader="pygrub"), "kernel"),
    ("initrd_and_cmdline_have_a_kernel", hvm(initrd="/boot/initrd.img"), "initrd"),
    ("initrd_and_cmdline_have_a_kernel", hvm(cmdline="quiet"), "cmdline"),
    ("boot_files_are_absolute", pv(kernel="boot/vmlinuz"), "kernel"),
    ("boot_files_are_absolute", pv(initrd="initrd.img"), "initrd"),
    ("boot_files_are_absolute", pv(kernel=None, bootloader="bin/pygrub"), "bootloader"),
    ("clock_offset_is_one_of_libxls", pv(clock_offset="timezone"), "clock_offset"),
    ("timers_are_libxls", hvm(timers=(Timer(name="kvmclock"),)), "timers[0].name"),
    ("timers_are_libxls", pv(timers=(Timer(name="hpet"),)), "timers[0].name"),
    (
        "timers_say_no_more_than_is_read",
        pv(timers=(Timer(name="tsc", frequency_hz=10**9),)),
        "timers[0].frequency_hz",
    ),
    ("cpu_mode_is_read", hvm(cpu_mode="custom", cpu_features=()), "cpu_mode"),
    ("cpu_features_are_read", hvm(cpu_mode=None), "cpu_features"),
    ("cpu_features_are_read", pv(cpu_features=HVM.cpu_features), "cpu_features"),
    ("numa_cells_have_cpus", hvm(numa_cells=(NumaCell(memory_kib=1024),)), "numa_cells[0].cpus"),
    ("firmware_is_of_hvm", pv(firmware="efi"), "firmware"),
    ("nvram_is_kept", hvm(nvram="/srv/vars.fd"), "nvram"),
    ("loader_is_raw", hvm(loader=Loader(path="/srv/ovmf", format="qcow2")), "loader.format"),
    ("acpi_tables_are_one", hvm(acpi_tables=HVM.acpi_tables * 2), "acpi_tables[1]"),
    (
        "acpi_tables_are_one",
        hvm(acpi_tables=(AcpiTable(kind="msdm", path="/srv/m"),)),
        "acpi_tables[0].kind",
    ),
    ("e820_host_is_of_pv", hvm(e820_host=True), "e820_host"),
    *(("vbd_target_is_one_of_xens", vbd(target=target), "vbds[0].target")
      for target in ("", "vda", "xvd", "xvdA", "../x", "hde", "hda64", "sdq", "xvda256", "xvda01")),
    ("vbd_targets_differ", pv(vbds=(DISK, IMAGE)), "vbds[1].target"),
    ("vbd_has_a_source", vbd(source=None), "vbds[0].source"),
    ("vbd_source_is_absolute", vbd(source="vg/root"), "vbds[0].source"),
    ("vbd_backing_is_one_of_libxls", vbd(backing="volume", source="v"), "vbds[0].backing"),
    ("vbd_driver_is_one_of_libxls", vbd(driver="lun"), "vbds[0].driver"),
    ("vbd_format_has_a_driver", vbd(format="qcow2"), "vbds[0].format"),
    ("vbd_format_has_a_driver", vbd(format="qcow2", driver=None), "vbds[0].driver"),
    ("vbd_driver_is_not_blktap", vbd(driver="tap"), "vbds[0].driver"),
    ("vbd_over_the_network_has_qemu", vbd(REMOTE, driver="phy"), "vbds[0].driver"),
    ("vbd_over_the_network_is_rbd", vbd(REMOTE, protocol="iscsi"), "vbds[0].protocol"),
    ("vbd_is_no_floppy", vbd(device="floppy", source=None), "vbds[0].device"),
    ("vbd_is_no_lun", vbd(device="lun"), "vbds[0].device"),
    ("vbd_is_a_cdrom_of_hvm", vbd(CDROM), "vbds[0].device"),
    ("vbd_cdrom_of_hvm_has_qemu", hvm(vbds=(dataclasses.replace(CDROM, driver="phy"),)),
     "vbds[0].driver"),
    ("vbd_bus_of_pv_is_xen", vbd(bus="scsi"), "vbds[0].bus"),
    ("vbd_has_statistics", vbd(driver="qemu"), "vbds[0].driver"),
    ("vbd_has_statistics", vbd(driver=None), "vbds[0].driver"),
    ("vbd_cache_is_the_backends", vbd(cache="writeback"), "vbds[0].cache"),
    ("vnif_kind_is_one_of_libxls", vnif(kind="user"), "vnifs[0].kind"),
    ("vnif_bridge_can_be_a_links", vnif(bridge=None), "vnifs[0].bridge"),
    *(("vnif_bridge_can_be_a_links", vnif(bridge=name), "vnifs[0].bridge")
      for name in ("x" * 16, "a b", ".", "a/b", "-x", "ü")),
    ("vnif_device_can_be_a_links", vnif(device="x" * 16), "vnifs[0].device"),
    ("vnif_device_is_not_xens", vnif(device="vif3.0"), "vnifs[0].device"),
    ("vnif_on_a_network_names_it", vnif(kind="network", bridge=None), "vnifs[0].network"),
    ("vnif_of_hardware_has_an_address", vnif(kind="hostdev", bridge=None), "vnifs[0].hostdev"),
    (
        "vnif_script_is_run",
        vnif(kind="network", bridge=None, network="lan", script="vif-bridge"),
        "vnifs[0].script",
    ),
    ("vnif_model_of_pv_is_netfront", vnif(model="e1000"), "vnifs[0].model"),
    ("vnif_mac_is_of_one", vnif(mac=MacAddress("01:00:5e:00:00:01")), "vnifs[0].mac"),
    ("vnif_macs_differ", pv(vnifs=(NIC, NIC)), "vnifs[1].mac"),
    ("vnif_mac_is_no_hardwares", vnif(mac=MacAddress("00:19:99:00:00:01")), "vnifs[0].mac"),
    ("vnif_vlans_are_open_vswitchs", vnif(vlans=(4,)), "vnifs[0].vlans"),
    ("vnif_has_one_vlan_or_a_trunk", vnif(OPEN_VSWITCH, vlans=(4, 5)), "vnifs[0].vlans"),
    (
        "vnif_bandwidth_is_outbound",
        vnif(inbound=Bandwidth(average_kib_per_s=100)),
        "vnifs[0].inbound",
    ),
    (
        "vnif_bandwidth_is_outbound",
        vnif(outbound=Bandwidth(average_kib_per_s=100, burst_kib=1)),
        "vnifs[0].outbound.burst_kib",
    ),
    ("vnif_link_is_the_bridges", vnif(mtu_bytes=9000), "vnifs[0].mtu_bytes"),
    ("vnif_link_is_the_bridges", vnif(link_up=False), "vnifs[0].link_up"),
    ("parallels_are_none", hvm(parallels=(Chardev(),)), "parallels[0]"),
    ("serials_are_of_hvm", pv(serials=(Chardev(),)), "serials[0]"),
    ("serials_are_wired_to_what_qemu_has", hvm(serials=(Chardev(kind="nmdm"),)), "serials[0].kind"),
    ("consoles_of_pv_are_terminals", pv(consoles=(Chardev(kind="file"),)), "consoles[0].kind"),
    ("channels_are_xens", pv(channels=(Chardev(target_kind="virtio"),)), "channels[0].target_kind"),
    ("channels_are_xens", pv(channels=(Chardev(target_kind="xen"),)), "channels[0].target_name"),
    (
        "channels_are_wired_to_what_libxl_has",
        pv(channels=(Chardev(kind="tcp", target_kind="xen", target_name="a"),)),
        "channels[0].kind",
    ),
    ("graphics_kind_is_one_of_libxls", pv(graphics=(Graphics(kind="rdp"),)), "graphics[0].kind"),
    ("spice_is_of_hvm", pv(graphics=(Graphics(kind="spice"),)), "graphics[0].kind"),
    ("vnc_port_is_one", pv(graphics=(Graphics(port=80),)), "graphics[0].port"),
    ("hvm_has_one_screen", hvm(graphics=(Graphics(), Graphics())), "graphics[1]"),
    ("video_model_is_one_of_libxls", hvm(videos=(Video(model="virtio"),)), "videos[0].model"),
    ("video_has_memory", hvm(videos=(Video(model="vga", vram_kib=8192),)), "videos[0].vram_kib"),
    ("hvm_has_one_video", hvm(videos=(Video(model="vga"), Video())), "videos[1]"),
    (
        "hostdev_kind_is_passed_through",
        pv(hostdevs=(Hostdev(kind="scsi", scsi_adapter="scsi_host0"),)),
        "hostdevs[0].kind",
    ),
    ("pv_guest_can_drive_its_functions", pv(e820_host=None), "e820_host"),
    (
        "hostdev_is_of_a_subsystem",
        pv(hostdevs=(Hostdev(mode="capabilities", pci=FUNCTION),)),
        "hostdevs[0].mode",
    ),
    ("hostdev_is_named", pv(hostdevs=(Hostdev(),)), "hostdevs[0].pci"),
    ("hostdevs_differ", pv(hostdevs=(Hostdev(pci=FUNCTION),) * 2), "hostdevs[1].pci"),
    (
        "hostdevs_differ",
        pv(vnifs=(Vnif(kind=VnifKind.HOSTDEV, hostdev=FUNCTION),)),
        "vnifs[0].hostdev",
    ),
    ("pvh_has_no_pci", pvh(hostdevs=(Hostdev(pci=FUNCTION),)), "hostdevs[0].pci"),
    (
        "hostdev_can_be_added_later",
        pv(hostdevs=(Hostdev(kind="usb", usb_vendor=1, usb_product=2),)),
        "hostdevs[0].kind",
    ),
    (
        "usb_controller_is_one_of_libxls",
        hvm(controllers=(Controller(kind="usb", model="nec-xhci"),)),
        "controllers[0].model",
    ),
    ("tpms_are_none", hvm(tpms=(Tpm(),)), "tpms[0]"),
    ("memballoon_is_xens", pv(memballoon="none"), "memballoon"),
    ("sound_is_one_of_libxls", hvm(sounds=(Sound(model="usb"),)), "sounds[0].model"),
    ("sound_is_heard", hvm(sounds=(Sound(model="ich6"),) * 2), "sounds[1]"),
    ("sound_is_heard", pv(sounds=(Sound(model="ich6"),)), "sounds[0]"),
    (
        "usb_input_is_one_of_libxls",
        hvm(inputs=(Input(kind="keyboard", bus="usb"),)),
        "inputs[0].kind",
    ),
    ("boot_order_is_the_domains", vbd(boot_order=1), "vbds[0].boot_order"),
]  # fmt: skip
"""The rule, a domain that breaks it and no other, and the field that is named."""


@pytest.mark.parametrize("config", [PV, PVH, HVM], ids=lambda config: str(config.guest_type))
def test_a_clean_domain_has_no_findings(config: DomainConfig) -> None:
    assert config.check() == []


@pytest.mark.parametrize(
    ("name", "config", "path"), BREACHES, ids=[f"{name}-{path}" for name, _, path in BREACHES]
)
def test_a_breach_is_found_at_its_field_and_nothing_else_is(
    name: str, config: DomainConfig, path: str
) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    assert [finding.path for finding in rule.findings(config)] == [path]
    assert [(finding.path, finding.source) for finding in config.check()] == [(path, rule.source)]


def test_xls_own_pvgrub_is_a_kernel_and_libvirt_drops_it() -> None:
    (finding,) = pv(kernel=None, initrd=None, firmware="pvgrub64").check()
    assert (finding.path, finding.severity) == ("firmware", Severity.WARNING)


def test_a_running_vnif_may_have_the_name_that_xen_gave_it() -> None:
    running = dataclasses.replace(vnif(device="vif3.0"), domid=3)
    assert running.check() == []


def test_a_pvh_domain_may_have_a_bootloader() -> None:
    assert pvh(kernel=None, initrd=None, bootloader="pygrub").check() == []


def test_the_old_device_model_needs_less_video_memory() -> None:
    video = (Video(model="vga", vram_kib=8 * MIB_KIB),)
    assert hvm(videos=video, emulator="/usr/lib/xen/bin/qemu-dm").check() == []


def test_every_rule_is_broken_once() -> None:
    assert {rule.name for rule in RULES} == {name for name, _, _ in BREACHES}


def test_every_rule_has_a_name_of_its_own_and_a_source() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.source for rule in RULES)
    assert {rule.find.__module__ for rule in RULES} == {module.__name__ for module in RULE_MODULES}
    assert len(DOMAIN_RULES) == len(RULES)


@pytest.mark.parametrize("config", [config for _, config, _ in BREACHES])
def test_a_finding_is_one_line_that_says_what_to_do(config: DomainConfig) -> None:
    for finding in config.check():
        assert "\n" not in str(finding)
        assert ": " in finding.message


@pytest.mark.parametrize(
    "vnif",
    [
        Vnif(kind=VnifKind.NETWORK, network="vlan4", vlans=(4,)),
        Vnif(kind=VnifKind.HOSTDEV, hostdev=PciAddress(bus=4, slot=0), vlans=(4,)),
    ],
    ids=lambda vnif: vnif.kind,
)
def test_a_network_and_a_virtual_function_may_have_vlans(vnif: Vnif) -> None:
    config = dataclasses.replace(PV, vnifs=(vnif,))
    assert "vnifs[0].vlans" not in {found.path for found in config.check()}
