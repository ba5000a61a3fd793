"""Who has which of Dom0's block devices and images: asked before a guest gets one."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from xenvm.errors import DeviceInUseError, NotFoundError
from xenvm.formats.dom0_backings import Backings, parse_backings
from xenvm.formats.domain_xml import parse_domain_xml
from xenvm.model.backing import BackingUse
from xenvm.model.kinds import DiskBacking
from xenvm.model.vbd import Vbd

from . import _libvirt
from .connection import Connection
from .shell import HostShell, NoShell

# Starting a program costs half a second in an emulated Dom0: what the shell can read, it reads.
_LOOK = r"""
LC_ALL=C PATH=$PATH:/usr/sbin:/sbin; export LC_ALL PATH
lines() { while IFS= read -r line; do printf '%s\n' "$line"; done; }
number() { [ -r "$1/dev" ] && read -r dev <"$1/dev"; }
more=
for block in /sys/class/block/*; do
  number "$block" || continue
  upper=$dev
  [ -e "$block/partition" ] && number "$block/.." && echo "below $upper $dev"
  for slave in "$block"/slaves/*; do number "$slave" && echo "below $upper $dev"; done
  [ -r "$block/loop/backing_file" ] && IFS= read -r file <"$block/loop/backing_file" || continue
  echo "loop $upper $file"
  more="$more$file
"
done
while read -r _ _ device _ place options _; do
  echo "mount $device $options $place"
done </proc/self/mountinfo
while read -r file _; do
  case $file in /*) echo "swap $file"; more="$more$file
" ;; esac
done </proc/swaps
served=$(xenstore-ls -f /local/domain/0) || exit
printf '%s\n' "$served"
{
  lines
  printf '%s' "$more"
  printf '%s\n' "$served" | while IFS= read -r line; do
    case $line in
    */params\ =\ *) line=${line#*\"} line=/${line#*/} && printf '%s\n' "${line%\"}" ;;
    esac
  done
} | xargs -r -d '\n' stat -L -c 'path %f %t:%T %d %i %n' -- 2>/dev/null
:
"""
"""Reads paths, a line each; prints what identifies them, and who has what. Changes nothing."""

_PATHS = frozenset({DiskBacking.BLOCK, DiskBacking.FILE})
_Use: TypeAlias = tuple[str, str, BackingUse]
"""The domain's UUID and the VBD's target, both empty for Dom0, and the use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A domain that libvirt knows, and its VBDs."""

    name: str
    uuid: str
    domid: int
    vbds: tuple[Vbd, ...]


def refuse_second_writer(
    connection: Connection, shell: HostShell, vbds: Sequence[Vbd], *, uuid: str, starting: bool
) -> None:
    """Refuse VBDs over what somebody else has, unless both only read or both are shareable.

    Args:
        connection: To libvirt, for the other domains' VBDs.
        shell: Dom0's shell.
        vbds: Those that a domain is about to get.
        uuid: That domain's.
        starting: Whether its own VBDs are those, and other domains matter only while they run;
            otherwise definitions count too.

    Raises:
        DeviceInUseError: Somebody has one; names who.
        NotFoundError: There is nothing at a VBD's source.
    """
    wanted = [v for v in vbds if v.backing in _PATHS and v.source and not v.backend_domain]
    if not wanted or isinstance(shell, NoShell):
        return
    uses, backings = _look(connection, shell, [str(vbd.source) for vbd in wanted], running=starting)
    for vbd in wanted:
        mine = _use("the new one", vbd, backings)
        if mine is None:
            raise NotFoundError(f"Dom0 has no {vbd.source}: make it first")
        users = [
            use.user
            for owner, target, use in uses
            if not (owner == uuid and (starting or target == vbd.target)) and mine.excludes(use)
        ]
        if users:
            raise DeviceInUseError(str(vbd.source), users)


def users_of(connection: Connection, shell: HostShell, path: str) -> tuple[str, ...]:
    """Return who has a device or an image of Dom0, in words: domains, running or not, and Dom0."""
    uses, backings = _look(connection, shell, [path], running=False)
    backing = backings.find(path)
    return tuple(use.user for _, _, use in uses if backing and backing.overlaps(use.backing))


def _look(
    connection: Connection, shell: HostShell, paths: Sequence[str], *, running: bool
) -> tuple[list[_Use], Backings]:
    """Return who uses what, and the backings at these paths and at all that domains have."""
    owners = list(_owners(connection))
    sources = {vbd.source for owner in owners for vbd in owner.vbds} | {*paths}
    asked = sorted(path for path in sources if path and "\n" not in path)
    backings = parse_backings(shell.run(_LOOK, stdin="\n".join(asked) + "\n").stdout)
    return list(_uses(owners, backings, running=running)), backings


def _owners(connection: Connection) -> Iterator[Owner]:
    raws = connection.read("listing domains", lambda raw: raw.listAllDomains())
    for raw in raws:
        with contextlib.suppress(NotFoundError):  # gone since it was listed
            yield connection.call("reading another domain's VBDs", functools.partial(_owner, raw))


def _owner(raw: _libvirt.RawDomain) -> Owner:
    config = parse_domain_xml(raw.XMLDesc())
    return Owner(name=raw.name(), uuid=raw.UUIDString(), domid=raw.ID(), vbds=config.vbds)


def _uses(owners: Sequence[Owner], backings: Backings, *, running: bool) -> Iterator[_Use]:
    """Yield all that is in use."""
    known = set()
    for owner in owners:
        for vbd in owner.vbds:
            use = _use(f"domain {owner.name} ({vbd.target})", vbd, backings)
            known.add((owner.domid, vbd.target))
            if use and (owner.domid >= 0 or not running):
                yield owner.uuid, vbd.target, use
    by_domid = {owner.domid: owner for owner in owners}
    for served in backings.served:
        backing = backings.find(served.path)
        if backing and (served.domid, served.target) not in known:
            owner_of = by_domid.get(served.domid)
            name = owner_of.name if owner_of else f"{served.domid}, which is not libvirt's"
            use = BackingUse(
                user=f"domain {name} ({served.target})", backing=backing, writes=served.writes
            )
            yield owner_of.uuid if owner_of else "", served.target, use
    for use in backings.dom0_uses():
        yield "", "", use


def _use(user: str, vbd: Vbd, backings: Backings) -> BackingUse | None:
    backing = backings.find(vbd.source or "")
    if backing is None:
        return None
    return BackingUse(user=user, backing=backing, writes=not vbd.readonly, shareable=vbd.shareable)
