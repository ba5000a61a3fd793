"""libvirt's test driver takes the XML of whole xl.cfg files, with its schema."""

from __future__ import annotations

from collections.abc import Iterator

import libvirt
import pytest

from xenvm.formats import format_domain_xml, parse_xl_config

PV = """
name = "pv"
uuid = "8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01"
memory = 512
maxmem = 1024
vcpus = 2
maxvcpus = 4
cpus = ["0", "1-2,^2"]
cpu_weight = 512
cap = 50
bootloader = "pygrub"
bootloader_args = ["-q"]
root = "/dev/xvda1"
extra = "ro"
e820_host = 1
passthrough = "share_pt"
tsc_mode = "native"
localtime = 1
on_crash = "coredump-restart"
disk = ["phy:/dev/vg/a,xvda,w", "tap:aio:/b.img,xvdb,r", "/c.qcow2,qcow2,hda,rw,discard"]
vif = ["", "mac=00:16:3e:00:00:01,bridge=br0,ip=192.0.2.1 2001:db8::1,rate=10MB/s@20ms"]
vfb = ["type=vnc,vnclisten=0.0.0.0,vncdisplay=3,vncunused=0,vncpasswd=s3cret,keymap=de"]
pci = ["01:00.0,permissive=1", "0001:02:1f.7,seize=1"]
usbctrl = ["type=qusb,version=1,ports=4"]
usbdev = ["hostbus=1,hostaddr=3"]
channel = ["connection=socket,path=/run/a,name=org.a", "connection=pty,name=org.b"]
max_grant_frames = 64
max_event_channels = 2047
device_model_args = ["-k", "de"]
vnuma = [["pnode=0", "size=512", "vcpus=0-1", "vdistances=10,20"],
         ["pnode=1", "size=512", "vcpus=2-3", "vdistances=20,10"]]
"""

HVM = """
name = "hvm"
type = "hvm"
memory = 1024
vcpus = 2
cpus = "0-3"
kernel = "/boot/vmlinuz"
ramdisk = "/boot/initrd"
cmdline = "console=ttyS0"
bios = "ovmf"
bios_path_override = "/usr/lib/ovmf.bin"
acpi_firmware = "/sys/firmware/acpi/tables/SLIC"
boot = "cdn"
hap = 0
viridian = ["defaults", "base", "synic", "stimer", "hcall_ipi", "!freq"]
nestedhvm = 0
cpuid = "host,tm=0,sse3=1,page1gb=x"
rtc_timeoffset = 3600
hpet = 0
tsc_mode = "always_emulate"
disk = ["/a.img,raw,hda", ",,hdc,cdrom", "format=qcow2,vdev=sda,target=/b"]
vif = ["mac=00:16:3e:00:00:02,bridge=br0.42,script=vif-openvswitch,type=vif", "model=e1000"]
vnc = 1
vncunused = 1
spice = 1
spiceport = 6000
spicedisable_ticketing = 1
spiceagent_mouse = 1
vga = "stdvga"
videoram = 16
soundhw = "hda"
usb = 1
usbdevice = ["tablet", "keyboard"]
serial = ["pty", "none", "tcp:127.0.0.1:7777,server,nowait", "unix:/run/s", "file:/log"]
device_model_override = "/usr/bin/qemu-system-i386"
"""

TEXTS = {
    "pv": PV,
    "hvm": HVM,
    "pvh": 'name="pvh"\ntype="pvh"\nmemory=256\nkernel="/boot/vmlinuz"\nhap=1\n',
    "the shortest": 'name="short"\n',
    "bios": 'name="b"\ntype="hvm"\nbios="seabios"\nmemory=64\n',
    "efi": 'name="e"\ntype="hvm"\nfirmware="uefi"\nmemory=64\n',
    "rbd": 'name="r"\nmemory=64\ndisk=["vdev=xvda,target=rbd:p/i:mon_host=[2001\\\\:db8::1]"]\n',
}


@pytest.fixture(scope="module")
def connection() -> Iterator[libvirt.virConnect]:
    opened = libvirt.open("test:///default")
    yield opened
    opened.close()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_libvirt_takes_the_xml_of_an_xl_cfg(connection: libvirt.virConnect, text: str) -> None:
    xml = format_domain_xml(parse_xl_config(text))
    domain = connection.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    assert f"<name>{parse_xl_config(text).name}</name>" in domain.XMLDesc(0)
    domain.undefine()
