"""What a live test makes on a host: journaled before it is made, and removed in reverse order."""

from __future__ import annotations

import contextlib
import ipaddress
import shlex
from collections.abc import Mapping, Sequence
from typing import Unpack

from xenvm.errors import BlockedError, NotFoundError, XenvmError
from xenvm.host import Domain, Host
from xenvm.host.bridges import create_bridges, delete_bridges, plug
from xenvm.host.exclusive_pcpu import pins, places
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import ANSWER_DEADLINE_S, MEMORY_MIB, ProbeParts, probe_config, remove
from xenvm.model.allocation import Exclusivity
from xenvm.model.domain import DomainConfig
from xenvm.model.quantities import MacAddress, PciAddress
from xenvm.model.uplink import Uplink

from .journal import Ledger
from .names import RUNS_FOLDER, UNDO_FILE, run_prefix

TEST_NETWORK = ipaddress.IPv4Network("198.18.0.0/15")
"""For tests of network devices (RFC 2544): no real network has these addresses."""
XEN_MIB_PER_GUEST = 8
"""What Xen keeps for a small PV guest beside its memory: page tables, grant frames, shadow."""
FIRST_VLAN = 3900
"""Far from the low numbers that people use."""
MACS_PER_RUN = 1 << 13
MAC_RUNS = (1 << 24) // MACS_PER_RUN
"""Runs whose guests share a segment, as on two hosts of a lab room, are told apart."""
DISK_DEADLINE_S = 60.0
PCI_BACKENDS = "xenstore-list /local/domain/0/backend/pci"
SWEEP_PCI = f"""
for id in $({PCI_BACKENDS}); do
  case " %s " in *" $id "*) continue ;; esac
  xl list "$id" >/dev/null 2>&1 || xenstore-rm "/local/domain/0/backend/pci/$id"
done 2>/dev/null
:
"""
"""libxl leaves the folder of a guest that had a PCI function; takes those it left before."""
_UNPART = """
PATH=$PATH:/usr/sbin:/sbin
[ "$(blkid -p -s PTUUID -o value DISK)" != LABEL ] || { wipefs -qa DISK && udevadm settle; }
"""


def link_addresses(number: int) -> tuple[str, str]:
    """Return the two addresses of the n-th test link, with prefix: Dom0's, and the guest's.

    Raises:
        ValueError: There are not that many.
    """
    first = int(TEST_NETWORK.network_address) + 4 * number
    if number < 0 or first + 3 > int(TEST_NETWORK.broadcast_address):
        raise ValueError(f"no test link {number}")
    return f"{ipaddress.IPv4Address(first + 1)}/30", f"{ipaddress.IPv4Address(first + 2)}/30"


def table_label(run_id: str) -> str:
    """Return the label of the partition tables that a run makes: eight hexadecimal digits."""
    return run_id.encode().hex()


def unpart(disk: str, run_id: str) -> str:
    """Return a script that takes away a run's partition table; one that somebody made since stays.

    Args:
        disk: The path of the disk in Dom0.
        run_id: The run's four characters.
    """
    script = _UNPART.replace("DISK", shlex.quote(disk))
    return script.replace("LABEL", table_label(run_id))


class Workshop:
    """Makes things on a host for one test.

    Attributes:
        host: The host.
        image: The probe's image on it.
    """

    def __init__(self, host: Host, ledger: Ledger, image: ProbeImage):
        self.host = host
        self.image = image
        self._ledger = ledger
        self._undo = contextlib.ExitStack()
        self._guests: list[ProbeGuest] = []

    def close(self) -> None:
        """Remove everything, in reverse order; one that resists does not save the others."""
        # Guests that still run take the CPUs that the others' hotplug scripts need to end in time.
        for guest in self._guests:
            with contextlib.suppress(XenvmError):
                guest.domain.pause()
        self._undo.close()

    def name(self, suffix: str) -> str:
        """Return a name that a restore would find: the run's prefix and ``suffix``."""
        return run_prefix(self._ledger.run_id) + suffix

    def next_mac(self) -> MacAddress:
        """Return a MAC address of Xen's that no other VNIF of this run has, at the peer either."""
        run = int.from_bytes(self._ledger.run_id.encode()) % MAC_RUNS
        return MacAddress.xen(run * MACS_PER_RUN + self._ledger.next_number() % MACS_PER_RUN)

    def require_memory(self, guests: int) -> None:
        """Refuse to start when Xen cannot hold that many probe guests.

        Raises:
            BlockedError: It cannot; says what is needed and what is free.
        """
        needed_mib = guests * (MEMORY_MIB + XEN_MIB_PER_GUEST)
        free_mib = self.host.free_memory_kib // 1024
        if free_mib < needed_mib:
            raise BlockedError(
                f"{guests} probe guests need {needed_mib} MiB and Xen has {free_mib} MiB free:"
                " stop some guests, or give Dom0 less"
            )

    def bridges(self, suffixes: Sequence[str], addresses: Sequence[str]) -> list[str]:
        """Return the names of new bridges, made in one go, with an address of Dom0's on each."""
        wanted = dict(zip(map(self.name, suffixes), addresses, strict=True))
        with contextlib.ExitStack() as making:
            for name in wanted:
                making.enter_context(self._ledger.making("bridge", name))
            self._undo.callback(self._remove_bridges, list(wanted))
            create_bridges(self.host.shell, wanted)
        return list(wanted)

    def _remove_bridges(self, names: Sequence[str]) -> None:
        with contextlib.ExitStack() as removing:
            for name in names:
                removing.enter_context(self._ledger.removing("bridge", name))
            delete_bridges(self.host.shell, names)

    def bridge_over(self, nic: str, suffix: str) -> str:
        """Return the name of a new bridge that a NIC joins to the outside.

        Args:
            nic: A NIC that the user lets us use.
            suffix: What the bridge's name ends with.
        """
        name, uplink = self.name(suffix), Uplink(nics=(nic,))
        with self._ledger.making("bridge", name):
            bridge = self.host.create_bridge(name, uplink=uplink)
        self._undo.callback(self._remove_bridges, [name])
        self._undo.callback(bridge.remove_uplink, uplink)
        return name

    def external_bridges(self, nic: str, count: int) -> None:
        """Make bridges with a VLAN of a NIC in each; nothing is set up, so no packet is sent.

        Args:
            nic: A NIC that the user lets us use.
            count: How many, each on a VLAN of its own.
        """
        for number in range(count):
            vlan, bridge = self.name(f"v{number}"), self.name(f"e{number}")
            for kind, name in (("link", vlan), ("bridge", bridge)):
                with self._ledger.making(kind, name):
                    self._undo.callback(
                        self._remove, kind, name, "ip link delete dev %s 2>/dev/null || :", name
                    )
                    made = f"link {nic} name {vlan} type vlan id {FIRST_VLAN + number}"
                    made = made if kind == "link" else f"name {bridge} type bridge"
                    self.host.shell.run(f"ip link add {made}")
            plug(self.host.shell, {vlan: bridge})

    def guest(
        self,
        suffix: str,
        *,
        paused: bool = False,
        **parts: Unpack[ProbeParts],
    ) -> ProbeGuest:
        """Return a probe guest that was started; its boot is not waited for.

        Args:
            suffix: What its name ends with.
            paused: Whether it waits for :meth:`unpause_all`.
            **parts: What it is made of.
        """
        return self.started(probe_config(self.name(suffix), self.image, **parts), paused=paused)

    def started(self, config: DomainConfig, *, paused: bool = False) -> ProbeGuest:
        """Return a probe guest of that config; its boot is not waited for."""
        with self._ledger.making("domain", config.name):
            guest = ProbeGuest.start(self.host, config, paused=paused)
        self._guests.append(guest)
        self._undo.callback(self.remove_guest, guest)
        return guest

    def unpause_all(self, guests: Sequence[ProbeGuest]) -> None:
        """Let guests that were made paused boot side by side; return once all are up."""
        for guest in guests:
            guest.domain.unpause()
        for guest in guests:
            guest.wait_until_up()

    def claim(self, guest: ProbeGuest, vcpu: int, pcpu: int) -> Exclusivity:
        """Return what became of giving a guest's vCPU a pCPU alone; others get it back after."""
        vcpus = guest.domain.vcpus
        now = places(self.host.shell, self.host.capacity.pcpus)
        self._leave_word(pins(now))
        claimed = vcpus.claim(vcpu, pcpu)
        self._undo.callback(vcpus.release, claimed)
        return claimed

    def borrow(self, function: PciAddress) -> None:
        """Take a PCI function from Dom0, for guests that are made afterwards; Dom0 gets it back.

        Args:
            function: One that the user lets us use.

        Raises:
            ResourceBusyError: Dom0 uses it.
        """
        pci = self.host.devices.pci
        if pci.find(function).is_assignable:
            return
        sweep = SWEEP_PCI % " ".join(self.host.shell.run(PCI_BACKENDS, check=False).stdout.split())
        self._leave_word(f"xl pci-assignable-remove -r {function}\n{sweep}")
        self._undo.callback(self.host.shell.run, "sh -s", stdin=sweep)
        self._undo.callback(pci.take_back, function)
        pci.make_assignable(function)

    def _leave_word(self, script: str) -> None:
        """Have ``xenvm restore`` run a script, should this run be killed."""
        self.host.shell.run("cat >%s", self.run_file(UNDO_FILE), stdin=script)

    def definition(self, config: DomainConfig) -> Domain:
        """Return a domain that is defined and not started."""
        with self._ledger.making("domain", config.name):
            domain = self.host.define(config)
        self._undo.callback(self._forget, domain)
        return domain

    def _forget(self, domain: Domain) -> None:
        with self._ledger.removing("domain", domain.name):
            remove(domain)

    def remove_guest(self, guest: ProbeGuest) -> None:
        """End a guest and forget it, before all else is removed; twice does no harm."""
        with self._ledger.removing("domain", guest.name):
            guest.remove()

    def image_file(self, suffix: str, size_mib: int) -> str:
        """Return the path of a new sparse image file, in the run's folder in Dom0."""
        folder = f"{RUNS_FOLDER}/{self._ledger.run_id}"
        path = f"{folder}/{suffix}"
        with self._ledger.making("file", path):
            self._undo.callback(
                self._remove, "file", path, "rm -f %s; rmdir %s 2>/dev/null || :", path, folder
            )
            self.host.shell.run(f"mkdir -p %s && truncate -s {size_mib}M %s", folder, path)
        return path

    def leg(self, address: str) -> str:
        """Return the name of a new link of Dom0's with an address; ``NAMEp`` is what to plug."""
        name = self.name("l")
        with self._ledger.making("link", name):
            self._undo.callback(
                self._remove, "link", name, "ip link delete dev %s 2>/dev/null || :", name
            )
            self.host.shell.run(
                "ip link add %s type veth peer name %s && ip link set dev %s up &&"
                " ip address add %s dev %s && ip link set dev %s up",
                name, f"{name}p", f"{name}p", address, name, name,
            )  # fmt: skip
        return name

    def expect(self, name: str) -> None:
        """Be ready for a domain that comes from another host: it is removed here like our own."""
        with self._ledger.making("domain", name):
            self._undo.callback(self._remove_guest_named, name)

    def _remove_guest_named(self, name: str) -> None:
        with self._ledger.removing("domain", name), contextlib.suppress(NotFoundError):
            remove(self.host.domain(name))

    def run_file(self, suffix: str) -> str:
        """Return the path of a new empty file, in the run's folder in Dom0."""
        return self.image_file(suffix, 0)

    def loop_device(self, path: str, *, direct: bool = False) -> str:
        """Return the path of a new block device, partitions and all, over an image file.

        Args:
            path: The file.
            direct: Whether it passes Dom0's page cache by.
        """
        cached = f"--direct-io={'on' if direct else 'off'}"
        with self._ledger.making("loop device", path):
            device = self.host.shell.run(
                f"losetup --find --show --partscan {cached} %s", path
            ).stdout.strip()
            self._undo.callback(
                self._remove, "loop device", path, "losetup --detach %s; udevadm settle", device
            )
        return device

    def volume(self, group: str, suffix: str, size_mib: int) -> str:
        """Return the path of a new logical volume in a volume group."""
        name = self.name(suffix)
        with self._ledger.making("volume", f"{group}/{name}"):
            self._undo.callback(
                self._remove, "volume", f"{group}/{name}", "lvremove -qq -y %s", f"{group}/{name}"
            )
            self.host.shell.run(
                f"lvcreate -qq -y -Wn -n %s -L {size_mib}M %s", name, group,
                deadline_s=DISK_DEADLINE_S,
            )  # fmt: skip
        return f"/dev/{group}/{name}"

    def partition(self, disk: str, suffix: str, size_mib: int) -> str:
        """Return the path of the one partition of an unused disk that the user lets us use.

        The disk gets a table whose label is the run's own, so that whoever takes it away, a restore
        too, knows it from a table that somebody made since.

        Raises:
            BlockedError: Dom0 lacks the program that makes it.
            CommandError: The disk does not take it.
        """
        shell, name = self.host.shell, f"{disk} {self.name(suffix)}"
        if shell.run("PATH=$PATH:/usr/sbin:/sbin; command -v sfdisk", check=False).returncode != 0:
            raise BlockedError("Dom0 has no sfdisk: apt-get install fdisk there")
        label, undo = table_label(self._ledger.run_id), unpart(disk, self._ledger.run_id)
        self._leave_word(undo)
        with self._ledger.making("partition", name):
            self._undo.callback(self._remove, "partition", name, undo)
            told = shell.run(
                "PATH=$PATH:/usr/sbin:/sbin; sfdisk -q -W always %s && udevadm settle"
                " && lsblk -nro PATH,TYPE %s | sed -n 's/ part$//p'",
                disk, disk, deadline_s=DISK_DEADLINE_S,
                stdin=f"label: dos\nlabel-id: 0x{label}\nstart=1MiB, size={size_mib}MiB, type=83\n",
            )  # fmt: skip
        return told.stdout.strip()

    def _remove(self, kind: str, name: str, command: str, *args: str) -> None:
        with self._ledger.removing(kind, name):
            self.host.shell.run(command, *args, deadline_s=DISK_DEADLINE_S)


def targets(guest: ProbeGuest, links: Mapping[MacAddress, int]) -> str:
    """Return what the probe's ``ping`` takes, to reach Dom0 over its VNIFs.

    Args:
        guest: The guest; it is up.
        links: By the VNIF's address, the number of the test link it is on.
    """
    facts = guest.hello or guest.wait_until_up()
    words = []
    for mac, number in links.items():
        theirs, ours = link_addresses(number)
        words.append(f"{facts.nic(str(mac)).name}={ours}={theirs.partition('/')[0]}")
    return ";".join(words)


def reached_over(guest: ProbeGuest, links: Mapping[MacAddress, int]) -> set[MacAddress]:
    """Return the VNIFs over which the guest reached Dom0."""
    facts = guest.hello or guest.facts()
    reply = guest.ask("ping", targets=targets(guest, links), deadline_s=2 * ANSWER_DEADLINE_S)
    said = reply.fields.get("reached")
    names = said if isinstance(said, list) else []
    return {mac for mac in links if facts.nic(str(mac)).name in names}
