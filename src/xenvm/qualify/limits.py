"""What a run of benchmarks holds its metrics against, on the hardware that it finds."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, fields
from ipaddress import ip_address, ip_interface
from pathlib import Path

from xenvm.bench.baseline import load_baseline
from xenvm.bench.catalogue import METRICS
from xenvm.bench.decision import criteria
from xenvm.bench.fingerprint import gather_fingerprint
from xenvm.bench.measuring import Extent
from xenvm.bench.network import Peer
from xenvm.bench.thresholds import load_thresholds
from xenvm.errors import BaselineError, UsageError
from xenvm.host import Host, HostShell
from xenvm.model.baseline import Baseline, Fingerprint
from xenvm.model.benchmark import Criterion, Metric
from xenvm.model.inventory import Inventory
from xenvm.model.thresholds import Thresholds
from xenvm.model.verdict import EvidenceClass

from .disks import BY_ID
from .documents import Json
from .dom0 import Dom0

_IPERF3_PORT = 5201
_PEER = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?"
)
_DISK_OF_GROUP = "PATH=$PATH:/usr/sbin:/sbin pvs --noheadings -o pv_name -S vg_name=%s"
_NIC_TOWARDS = r"""
dev=$(ip -o route get %s 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
for port in /sys/class/net/$dev/brif/*; do
  name=${port##*/} at=/sys/class/net/${port##*/}
  case $(readlink "$at/device/subsystem") in *xen-backend) continue ;; esac
  for card in "$at/device/driver" "$at"/lower_*; do [ -e "$card" ] && dev=$name; done
done
echo "$dev"
"""
"""Prints the NIC that leads to an address: the way's own, or the one in its bridge, which may be a
bond or a VLAN and is no guest's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFiles:
    """Where the user's limits are.

    Attributes:
        thresholds: A TOML file; None for the shipped one.
        baseline: A folder; None for none.
    """

    thresholds: Path | None = None
    baseline: Path | None = None

    def load_thresholds(self) -> Thresholds:
        """Return the thresholds.

        Raises:
            ThresholdsError: Something in them is unknown or wrong; names the file and the key.
        """
        return load_thresholds(self.thresholds, METRICS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What metrics are held against on one host.

    Attributes:
        fingerprint: Its hardware.
        thresholds: What they must reach there.
        baseline: What it gave before; None when nothing is compared.
        floors: Whether ``thresholds`` count: the shipped ones ask nothing of an emulated host,
            whose speed says nothing. What the user wrote for one is asked.
    """

    fingerprint: Fingerprint
    thresholds: Thresholds
    baseline: Baseline | None
    floors: bool

    @property
    def gates(self) -> bool:
        """Return whether anything is asked at all."""
        return self.floors or self.baseline is not None

    @property
    def text(self) -> str:
        """Return what the metrics are held against, for people."""
        if not self.gates:
            return "nothing: what is shipped asks nothing of a host that is no machine"
        title = f" ({self.thresholds.title})" if self.thresholds.title else ""
        floors = f"{self.thresholds.name}{title}" if self.floors else ""
        before = f"the baseline of {self.baseline.recorded_at}" if self.baseline else ""
        return ", and ".join(filter(None, (floors, before)))

    def criteria(self, metric: Metric, *, noise: float = 0.0) -> tuple[Criterion, ...]:
        """Return what a metric is held against; empty for nothing.

        Args:
            metric: The metric.
            noise: The margin that the host's own noise asks for, as a fraction.
        """
        threshold = self.thresholds.find(metric.name, self.fingerprint) if self.floors else None
        before = self.baseline.find(metric.name) if self.baseline else None
        return criteria(metric, threshold, before, noise=noise)

    def machine_info(self, inventory: Inventory) -> dict[str, Json]:
        """Return what pytest-benchmark says of the machine: the host, which measured."""
        hardware = {field.name: getattr(self.fingerprint, field.name)
                    for field in fields(self.fingerprint)}  # fmt: skip
        return {
            "node": inventory.host.hostname or "",
            "evidence": inventory.evidence.value,
            **hardware,
        }


def parse_peer(text: str, guest_address: str = "") -> Peer | None:
    """Return the external peer that ``ADDRESS[:PORT]`` names, an IPv6 address in brackets.

    Args:
        text: The peer; empty for none.
        guest_address: The measured guest's in its network, as ``ADDRESS/PREFIX``; empty to ask
            DHCP.

    Returns:
        None for no text.

    Raises:
        UsageError: It names none, or the guest's address is none in its network.
    """
    if not text:
        if guest_address:
            raise UsageError(f"--guest-address {guest_address} needs a peer: add --peer ADDRESS")
        return None
    found = _PEER.fullmatch(text)
    port = int(found["port"] or _IPERF3_PORT) if found else 0
    if not found or not 0 < port < 1 << 16:
        raise UsageError(
            f"{text!r} is no peer: write ADDRESS or ADDRESS:PORT, as in 192.0.2.7:5201"
        )
    address = found["v6"] or found["name"]
    return Peer(address=address, port=port, guest_address=_beside(address, guest_address))


def find_limits(
    host: Host,
    evidence: EvidenceClass,
    files: LimitFiles,
    extent: Extent,
    *,
    allowed: Collection[str] = (),
    peer: str = "",
) -> Limits:
    """Return what a host's metrics are held against; reads only.

    Args:
        host: The host.
        evidence: What kind of host it is.
        files: Where the user's limits are.
        extent: How far the run goes.
        allowed: The devices that may be written to.
        peer: The address of the external peer; empty for none.

    Raises:
        ThresholdsError: Something in the thresholds is unknown or wrong.
        BaselineError: The baselines are of other hardware, or of another tier or span; names what
            differs.
        UsageError: There is no baseline at all, or the host is libvirt's test driver.
    """
    if host.is_simulated:
        raise UsageError(f"{host.uri} has no Dom0 and no devices: name a Xen host, or lab")
    fingerprint = gather_fingerprint(
        host.shell,
        device=_device(host, allowed, extent.span_mib),
        nic=_nic(host, allowed, peer),
    )
    return Limits(
        fingerprint=fingerprint,
        thresholds=files.load_thresholds(),
        baseline=_before(files.baseline, fingerprint, extent) if files.baseline else None,
        floors=files.thresholds is not None or evidence is EvidenceClass.HARDWARE,
    )


def nic_towards(shell: HostShell, address: str) -> str:
    """Return the NIC of a machine that leads to an address; empty where nobody can tell."""
    return shell.run(_NIC_TOWARDS, address).stdout.strip()


def _beside(peer: str, text: str) -> str:
    """Return the address, with prefix, of a guest that reaches a peer without a router.

    Raises:
        UsageError: It is none of such a guest's.
    """
    if not text:
        return ""
    with suppress(ValueError):
        given, other = ip_interface(text), ip_address(peer)
        if "/" in text and other in given.network and other != given.ip:
            return given.with_prefixlen
    raise UsageError(
        f"--guest-address {text!r} is no guest's beside {peer}: write ADDRESS/PREFIX in the peer's"
        " network, as 192.0.2.9/24 beside 192.0.2.7"
    )


def _before(folder: Path, fingerprint: Fingerprint, extent: Extent) -> Baseline:
    baseline = load_baseline(folder, fingerprint)
    if baseline is None:
        raise UsageError(f"{folder} has no baseline yet: record one with --record")
    if baseline.tier is not extent.tier:
        raise BaselineError(
            f"{folder} has what --tier {baseline.tier} gave, whose legs are of another length than"
            f" those of --tier {extent.tier}: take the same, or record another"
        )
    if baseline.span_mib != extent.span_mib:
        raise BaselineError(
            f"{folder} has what --span {baseline.span_mib} gave, of which caches answer another"
            f" share than of --span {extent.span_mib}: take the same, or record another"
        )
    return baseline


def _device(host: Host, allowed: Collection[str], span_mib: int) -> str:
    """Return the disk that is measured: the user's, or the one under the rig's volume group."""
    for path in allowed:
        if path.startswith(BY_ID):
            return path
    for group in Dom0(host, str(host.uri)).volume_groups(span_mib) or ():
        return host.shell.run(_DISK_OF_GROUP, group).stdout.split()[0]
    return ""


def _nic(host: Host, allowed: Collection[str], peer: str) -> str:
    """Return the NIC that is measured: the one that leads to the peer, or else the user's."""
    if peer and (towards := nic_towards(host.shell, peer)):
        return towards
    # Neither a disk's path nor the address of a PCI function.
    return next((name for name in allowed if not {"/", ":"} & {*name}), "")
