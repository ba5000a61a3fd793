"""What a guest is told that it would be told on Hyper-V."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mapping import at
from .residue import Modelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperv(Modelled):
    """The Hyper-V enlightenments of an HVM guest, each on, off or None when not said.

    Attributes:
        mode: ``custom``, or ``passthrough`` for all that there are; None when not said.
        relaxed: No watchdogs on ticks.
        vapic: A paravirtual APIC.
        vpindex: vCPUs know their numbers.
        synic: A synthetic interrupt controller.
        stimer: Synthetic timers.
        frequencies: TSC and APIC frequencies can be read.
        tlbflush: TLBs of other vCPUs are flushed by a hypercall.
        ipi: vCPUs are interrupted by a hypercall.

    Source:
        libvirt formatdomain, "Hypervisor features"; xl.cfg(5) ``viridian``. libvirt's libxl driver
        maps these and refuses the rest.
    """

    mode: str | None = field(default=None, metadata=at("@mode", xl="viridian"))
    relaxed: bool | None = field(default=None, metadata=at("relaxed", codec="state", xl="viridian"))
    vapic: bool | None = field(default=None, metadata=at("vapic", codec="state", xl="viridian"))
    vpindex: bool | None = field(default=None, metadata=at("vpindex", codec="state", xl="viridian"))
    synic: bool | None = field(default=None, metadata=at("synic", codec="state", xl="viridian"))
    stimer: bool | None = field(default=None, metadata=at("stimer", codec="state", xl="viridian"))
    frequencies: bool | None = field(
        default=None, metadata=at("frequencies", codec="state", xl="viridian")
    )
    tlbflush: bool | None = field(
        default=None, metadata=at("tlbflush", codec="state", xl="viridian")
    )
    ipi: bool | None = field(default=None, metadata=at("ipi", codec="state", xl="viridian"))
