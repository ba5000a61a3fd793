"""xenvm domain attach and detach: VBDs and VNIFs, plugged in and out."""

from __future__ import annotations

import dataclasses

import click

from xenvm.errors import UsageError
from xenvm.host import Domain, Host
from xenvm.model.kinds import DiskBacking, DiskDriver, DiskFormat
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Bandwidth, Vnif

from .live_host import HOST, NAME, live_host, print_json
from .plain import plain

ATTACHED_SCHEMA = "xenvm-attached/1"


@click.command("attach", short_help="Plug a disk or a VNIF into a domain.")
@NAME
@HOST
@click.option("--vbd", "target", help="A disk: its name in the guest, such as xvdb.")
@click.option("--source", help="Of a disk: the device or image in Dom0.")
@click.option("--format", "layout", default="raw", show_default=True, help="Of a disk's image.")
@click.option("--readonly", is_flag=True, help="Of a disk: the guest may only read.")
@click.option("--shareable", is_flag=True, help="Of a disk: others that say so may have it too.")
@click.option("--vnif", "bridge", help="A VNIF: the bridge that it joins.")
@click.option("--mac", help="Of a VNIF; one that nobody has is drawn without it.")
@click.option("--rate", "rate_kib_per_s", type=int, help="Of a VNIF: what it may send, in KiB/s.")
@click.option("--persist", is_flag=True, help="Change a running domain's definition too.")
@click.option("--json", "as_json", is_flag=True, help="Print what was attached as JSON.")
def attach(name: str, host: str, **options: str | int | bool | None) -> None:
    """Plug a disk or a VNIF into domain NAME of HOST: into the running guest, or its definition.

    A disk that another domain or Dom0 has is refused, whatever its path, unless both only read it
    or both say shareable.

    \b
    Examples:
      xenvm domain attach web lab --vbd xvdb --source /dev/vg/data
      xenvm domain attach web lab --vbd xvdc --source /srv/a.qcow2 --format qcow2 --readonly
      xenvm domain attach web lab --vnif xenbr0 --rate 1024
    """
    if (options["target"] is None) == (options["bridge"] is None):
        raise UsageError("give one of --vbd and --vnif: that is what is attached")
    device = _vnif(options) if options["target"] is None else _vbd(options)
    with live_host(host, f"attaching to {name}") as live:
        made = _attached(live, live.domain(name), device, persist=bool(options["persist"]))
    if options["as_json"]:
        print_json({"schema": ATTACHED_SCHEMA, "domain": name, "device": plain(made)})
    elif isinstance(made, Vnif):
        click.echo(f"{name} has a VNIF {made.mac} on {made.bridge}")
    else:
        click.echo(f"{name} has {made.source} as {made.target}")


@click.command("detach", short_help="Unplug a disk or a VNIF from a domain.")
@NAME
@click.argument("device")
@HOST
@click.option("--persist", is_flag=True, help="Change a running domain's definition too.")
def detach(name: str, device: str, host: str, persist: bool) -> None:
    """Unplug DEVICE from domain NAME of HOST: a disk by its name, a VNIF by its MAC address.

    \b
    Examples:
      xenvm domain detach web xvdb lab
      xenvm domain detach web 00:16:3e:12:34:56 lab --persist
    """
    mac = MacAddress(device) if ":" in device else None
    with live_host(host, f"detaching {device} from {name}") as live:
        domain = live.domain(name)
        if mac is None:
            domain.vbds.detach(device, persist=persist)
        else:
            domain.vnifs.detach(mac, persist=persist)


def _attached(live: Host, domain: Domain, device: Vbd | Vnif, *, persist: bool) -> Vbd | Vnif:
    if isinstance(device, Vbd):
        domain.vbds.attach(device, persist=persist)
        return device
    if device.mac is None:
        device = dataclasses.replace(device, mac=live.devices.allocate_macs()[0])
    domain.vnifs.attach(device, persist=persist)
    return device


def _vbd(options: dict[str, str | int | bool | None]) -> Vbd:
    source, layout = str(options["source"] or ""), str(options["layout"])
    if not source:
        raise UsageError("give --source: the device or image in Dom0 behind the disk")
    is_device = source.startswith("/dev/")
    return Vbd(
        target=str(options["target"]),
        source=source,
        backing=DiskBacking.BLOCK if is_device else DiskBacking.FILE,
        driver=DiskDriver.PHY if layout == DiskFormat.RAW else DiskDriver.QEMU,
        format=layout,
        readonly=bool(options["readonly"]),
        shareable=bool(options["shareable"]),
    )


def _vnif(options: dict[str, str | int | bool | None]) -> Vnif:
    mac, rate = options["mac"], options["rate_kib_per_s"]
    return Vnif(
        bridge=str(options["bridge"]),
        mac=None if mac is None else MacAddress(str(mac)),
        outbound=None if rate is None else Bandwidth(average_kib_per_s=int(rate)),
    )
