"""The tools disk: Dom0's own measuring programs and their libraries, for probe guests to run.

A tar on a block device: the guest unpacks it into its memory, and needs no file system for that.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass

from xenvm.errors import BlockedError, GuestError
from xenvm.host.shell import HostShell
from xenvm.model.kinds import DiskBacking, DiskDriver
from xenvm.model.vbd import Vbd

from .guest import ProbeGuest
from .image import DEADLINE_S, DIRECTORY

TARGET = "xvdz"
GRACE_S = 60.0
"""For an answer to come home, beyond the time that a program may take."""
_MISSING = 3

# The libraries are told by the loader; each file goes by the path under which it is looked for.
# Whatever is updated in Dom0 has another size or time, and so another tools disk.
_BUILD = f"""
PATH=$PATH:/usr/sbin:/usr/local/bin
for program in %s; do
  found=$(command -v "$program") || {{ echo "$program" >&2; exit {_MISSING}; }}
  files="$files$found
$(ldd "$found" | grep -o '/[^ )]*')
"
done
files=$(printf '%%s' "$files" | sort -u)
name=$(stat -L -c '%%n %%s %%Y' $files | sha256sum | cut -c1-16)
disk={DIRECTORY}/tools-$name.tar
trap 'rm -f "$disk.$$"' EXIT
trap 'exit 1' HUP INT TERM
if [ ! -s "$disk" ]; then
  mkdir -p {DIRECTORY} &&
  tar -c -h -f "$disk.$$" -C / $(printf '%%s\n' $files | cut -c2-) && mv "$disk.$$" "$disk" || exit
fi
echo "$disk"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsDisk:
    """A tools disk on a host; it stays there, for the next run.

    Attributes:
        path: Its file in Dom0.
        programs: What is on it.
    """

    path: str
    programs: tuple[str, ...]

    @property
    def vbd(self) -> Vbd:
        """Return it as a VBD; any number of guests may have it at once.

        Linux serves it through a loop device, as not every Dom0 has a QEMU.
        """
        return Vbd(
            target=TARGET,
            source=self.path,
            backing=DiskBacking.FILE,
            driver=DiskDriver.PHY,
            readonly=True,
            shareable=True,
        )


def deploy_tools(shell: HostShell, programs: Sequence[str]) -> ToolsDisk:
    """Return a tools disk on a host, built of what Dom0 has if it is not there yet.

    Args:
        shell: Dom0's shell.
        programs: By name, such as ``fio``; fio drags 84 MB of libraries along in Debian.

    Raises:
        BlockedError: Dom0 lacks one of them, or has no room for the disk.
    """
    built = shell.run(_BUILD % " ".join(programs), deadline_s=DEADLINE_S, check=False)
    if built.returncode == _MISSING:
        missing = built.stderr.strip()
        raise BlockedError(f"Dom0 has no {missing}: apt-get install {missing} there")
    if built.returncode != 0:
        raise BlockedError(f"the tools disk could not be built in Dom0: {built.stderr.strip()}")
    return ToolsDisk(path=built.stdout.strip(), programs=tuple(programs))


def run_in(guest: ProbeGuest, argv: Sequence[str], *, deadline_s: float) -> str:
    """Return what a program printed in a guest.

    Args:
        guest: A guest that has unpacked a tools disk.
        argv: The program and its words.
        deadline_s: Seconds after which the guest kills it.

    Raises:
        GuestError: It failed, was killed, or the guest said nothing.
    """
    return finish_in(guest, start_in(guest, argv, deadline_s=deadline_s), deadline_s=deadline_s)


def start_in(guest: ProbeGuest, argv: Sequence[str], *, deadline_s: float) -> int:
    """Return the number of a request to run a program; :func:`finish_in` waits for its end."""
    return guest.send("run", argv=";".join(argv), seconds=int(deadline_s))


def finish_in(guest: ProbeGuest, number: int, *, deadline_s: float) -> str:
    """Return what a program printed that was started in a guest.

    Raises:
        GuestError: It failed, was killed, or the guest said nothing.
    """
    reply = guest.answer(number, deadline_s=deadline_s + GRACE_S)
    status = reply.number("status")
    if status == _KILLED:
        raise GuestError(
            f"a program in {guest.name} was killed: it took longer than {deadline_s:.0f} s, or the"
            " guest has too little memory"
        )
    if status != 0:
        said = _unpacked(reply.fields.get("complaints")) or _unpacked(reply.fields.get("output"))
        line = " ".join(said.split())[-300:]
        raise GuestError(f"a program in {guest.name} ended with status {status:.0f}: {line}")
    return _unpacked(reply.fields.get("output"))


_KILLED = 137
"""What a shell says of a program that SIGKILL ended."""


def _unpacked(packed: object) -> str:
    try:
        plain = gzip.decompress(base64.b64decode(str(packed), validate=True))
    except (ValueError, OSError, EOFError) as exc:
        raise GuestError(f"the probe guest's answer is torn: {exc}") from exc
    return plain.decode(errors="replace")
