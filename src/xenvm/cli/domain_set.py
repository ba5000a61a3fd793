"""xenvm domain set: what a domain has of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from xenvm.errors import ReallocationError, SpecError, UsageError, XenvmError
from xenvm.model.allocation import Allocation, Share
from xenvm.model.quantities import CpuSet

from .live_host import AS_JSON, HOST, NAME, live_host, print_json

if TYPE_CHECKING:
    from xenvm.host import Domain

SET_SCHEMA = "xenvm-domain-set/1"


def parse_pin(text: str) -> tuple[int, CpuSet]:
    """Return the vCPU and the pCPUs of a pin, written as ``0=2-3``.

    Raises:
        UsageError: It is no pin.
    """
    vcpu, equals, cpus = text.partition("=")
    if not equals or not vcpu.isdecimal():
        raise UsageError(f"--pin {text}: write it as VCPU=PCPUS, such as 0=2-3")
    try:
        return int(vcpu), CpuSet.parse(cpus)
    except SpecError as exc:
        raise UsageError(f"--pin {text}: {exc}") from exc


@click.command("set", short_help="Change its vCPUs, memory, weight, cap, pins.")
@NAME
@HOST
@click.option("--vcpus", type=int, help="vCPUs online.")
@click.option("--memory-mib", type=int, help="Memory, by the guest's balloon.")
@click.option("--weight", type=int, help="Its share of CPU time against others', 1 to 65535.")
@click.option("--cap", "cap_percent", type=int, help="Percent of one pCPU at most; 0: no cap.")
@click.option("--pin", "pins", multiple=True, help="VCPU=PCPUS: let a vCPU run there only.")
@AS_JSON
def command(
    name: str, host: str, pins: tuple[str, ...], as_json: bool, **amounts: int | None
) -> None:
    """Change what a domain has of the machine, at once and from its next start on.

    All amounts or none: when one cannot be changed, those before it are undone. Pins come last, and
    what stands when one fails is named. A cap is remembered in the domain's metadata, as Xen
    forgets it; whatever of xenvm starts the domain gives it back.

    \b
    Examples:
      xenvm domain set shop lab --vcpus 2 --memory-mib 512
      xenvm domain set shop lab --weight 512 --cap 150 --pin 0=1 --pin 1=2-3
    """
    # Loaded here: --help needs no libvirt.
    from xenvm.host.reallocation import reallocate, share_of  # noqa: PLC0415 - as said above

    allocation = Allocation(**amounts)
    parsed = [parse_pin(pin) for pin in pins]
    if not allocation.said and not parsed:
        raise UsageError("nothing to set: give --vcpus, --memory-mib, --weight, --cap or --pin")
    with live_host(host, f"changing what {name} has") as live:
        domain = live.domain(name)
        before = share_of(domain)
        steps = reallocate(live, {name: allocation})
        _pin(domain, parsed, [str(step) for step in steps])
        after = share_of(domain)
    if as_json:
        print_json({"schema": SET_SCHEMA, "before": asdict(before), "after": asdict(after)})
    else:
        _show(before, after)


def _pin(domain: Domain, pins: Sequence[tuple[int, CpuSet]], standing: list[str]) -> None:
    """Pin vCPUs, one after the other.

    Args:
        domain: Whose.
        pins: Which vCPU to which pCPUs.
        standing: What was changed before, in words.

    Raises:
        ReallocationError: One could not be pinned; names what stands by then.
    """
    for vcpu, cpus in pins:
        step = f"the pin of vCPU {vcpu} to {cpus}"
        try:
            domain.vcpus.pin(vcpu, cpus)
        except XenvmError as exc:
            if not standing:
                raise
            raise ReallocationError(step, exc, standing) from exc
        standing.append(step)


def _show(before: Share, after: Share) -> None:
    table = Table("", "before", "now", box=None, pad_edge=False, header_style="bold")
    for key, value in after.has.said.items():
        table.add_row(key, str(before.has.said.get(key)), str(value))
    Console(highlight=False, markup=False).print(table)
