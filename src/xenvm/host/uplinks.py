"""Bonds and VLANs under a bridge: made step by step, and unmade when a step fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from xenvm.errors import CommandError, NotFoundError, ResourceBusyError
from xenvm.model.bridge import check_link_name
from xenvm.model.uplink import Uplink

from .nic_users import NIC_USER
from .shell import HostShell

Step: TypeAlias = tuple[str, str]
"""A shell command, and the one that undoes it."""

_NOTHING = "true"
"""What undoes a step that another one undoes, or that does no harm."""
_BUSY = 16
_MISSING = 19
_MIIMON_MS = 100
"""How often a bond looks at its links; what bonding.rst recommends."""

_CHECK = f"""\
for nic in {{nics}}; do
  [ -e /sys/class/net/$nic/device ] || {{{{ echo $nic; exit {_MISSING}; }}}}
  user=$(nic_user $nic {{passed_over}}) || exit 1
  [ -z "$user" ] || {{{{ echo $nic; exit {_BUSY}; }}}}
done
"""

_NICS = "/run/xenvm/nics"
"""Where Dom0 notes whether NICs were up before; gone at its next boot, as uplinks are."""

_FUNCTIONS = f"""\
{NIC_USER}
gone() {{ [ ! -e /sys/class/net/$1 ] || ip link delete dev $1; }}
free() {{ [ ! -e /sys/class/net/$1/master ] || ip link set dev $1 nomaster; }}
note() {{
  mkdir -p {_NICS} && user=$(nic_user $1) || return
  # What another uplink has noted, which is still there, is older.
  [ ! -e {_NICS}/$1 ] || [ -z "$user" ] || return 0
  [ $(($(cat /sys/class/net/$1/flags) & 1)) = 1 ] && was=up || was=down
  echo $was >{_NICS}/$1
}}
rest() {{
  [ -e {_NICS}/$1 ] && [ -e /sys/class/net/$1 ] || {{ rm -f {_NICS}/$1; return; }}
  read -r was <{_NICS}/$1 && user=$(nic_user $1) || return
  [ $was = up ] || [ -z "$user" ] || return 0
  # Up too: a bond takes down what it lets go of.
  ip link set dev $1 $was && {{ [ -n "$user" ] || rm -f {_NICS}/$1; }}
}}
"""
"""What steps and their undoing are made of; ``rest`` leaves a NIC as ``note`` has found it."""


def transaction(steps: Sequence[Step]) -> str:
    """Return a shell script that does all steps or none: when one fails, those before are undone.

    It runs in Dom0 as a whole, so that losing the connection in the middle does no harm.
    """
    lines = [
        "undo=:",
        "trap 's=$?; trap - EXIT; [ $s = 0 ] || eval \"$undo\"; exit $s' EXIT",
        "trap 'exit 1' HUP INT TERM",
    ]
    for do, undo in steps:
        lines += [f"{do} || exit 1", f'undo="{undo} 2>/dev/null; $undo"']
    return "\n".join(lines) + "\n"


def add_uplink(shell: HostShell, bridge: str, uplink: Uplink) -> None:
    """Join a bridge to the outside.

    Args:
        shell: Dom0's shell.
        bridge: The bridge; it is there.
        uplink: What joins it; the NICs are named by the caller, and used by nothing else. A VLAN
            of a NIC may stand beside others of it.

    Raises:
        NotFoundError: Dom0 has no such NIC.
        ResourceBusyError: A NIC has a master, an address of its own, or links above it.
        CommandError: A step failed, and those before it were undone.
    """
    # A bond takes its NICs down for a moment; a bridge takes all that its port says.
    is_beside = uplink.vlan is not None and not uplink.bond
    check = _CHECK.format(
        nics=" ".join(uplink.nics), passed_over="vlan" if is_beside else "nothing"
    )
    script = _FUNCTIONS + check + transaction(list(_steps(bridge, uplink)))
    try:
        shell.run(script)
    except CommandError as exc:
        nic = exc.stdout.strip()
        if exc.returncode == _MISSING:
            raise NotFoundError(
                f"Dom0 has no NIC {nic}: see its inventory for those it has"
            ) from exc
        if exc.returncode == _BUSY:
            raise ResourceBusyError(
                f"NIC {nic} is used already: take its addresses, its master and the links above it"
                " away first"
            ) from exc
        raise


def remove_uplink(shell: HostShell, bridge: str, uplink: Uplink) -> None:
    """Take an uplink away from its bridge, and apart; what is gone is passed over.

    A NIC goes down only if it was down before, and nothing else uses it.

    Raises:
        CommandError: Some of it is stuck; names that, and all else was taken away.
    """
    undos = [undo for _, undo in reversed([*_steps(bridge, uplink)]) if undo != _NOTHING]
    lines = [f'{undo} || stuck="$stuck {undo.split()[-1]}"' for undo in undos]
    script = "\n".join(["stuck=", *lines, f'[ -z "$stuck" ] || {{ echo $stuck; exit {_BUSY}; }}'])
    try:
        shell.run(_FUNCTIONS + script)
    except CommandError as exc:
        if exc.returncode != _BUSY:
            raise
        stuck = ", ".join(dict.fromkeys(exc.stdout.split()))
        raise CommandError(
            exc.argv,
            exc.returncode,
            stdout=exc.stdout,
            stderr=exc.stderr,
            message=f"of the uplink of {bridge} could not be taken away: {stuck} ({exc.stderr}):"
            " see what holds it, and repeat it",
        ) from exc


def _steps(bridge: str, uplink: Uplink) -> Iterator[Step]:
    trunk, link = uplink.trunk, uplink.link
    for nic in uplink.nics:
        yield f"note {nic}", f"rest {nic}"
    if uplink.bond:
        made = f"type bond mode {uplink.mode} miimon {_MIIMON_MS}"
        yield f"ip link add name {trunk} {made}", f"gone {trunk}"
        for nic in uplink.nics:
            yield f"ip link set dev {nic} down", _NOTHING
            yield f"ip link set dev {nic} master {trunk}", f"free {nic}"
    for nic in uplink.nics:
        yield f"ip link set dev {nic} up", _NOTHING
    if uplink.bond:
        yield f"ip link set dev {trunk} up", _NOTHING
    if uplink.vlan is not None:
        made = f"type vlan id {uplink.vlan}"
        yield f"ip link add link {trunk} name {link} {made}", f"gone {link}"
        yield f"ip link set dev {link} up", _NOTHING
    yield f"ip link set dev {link} master {check_link_name(bridge)}", f"free {link}"
