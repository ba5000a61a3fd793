"""The way between two hosts for guests of the suite: a bridge that both have, and who watches."""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from xenvm.errors import BlockedError, CommandError, WaitTimeoutError
from xenvm.host.bridges import plug
from xenvm.host.probe import ProbeGuest
from xenvm.model.movement import Move, MoveOptions
from xenvm.movement import migrate
from xenvm.waiting import wait_until

from .workshop import Workshop

BY_ID = "/dev/disk/by-id/"
"""A disk is allowed by its identity, never by a name that the next boot gives to another."""
SIGNS_OF_USE = "test -b %s && wipefs -n %s && lsblk -nro MOUNTPOINTS %s | tr -d '[:space:]'"
"""Prints something for a disk that has a file system, partitions, a volume group or a mount."""
PING_EVERY_S = 0.1
WATCH_DEADLINE_S = 900
"""A watch ends by itself after that, whatever became of us."""
ANSWER_DEADLINE_S = 60.0
"""For a guest that has moved to answer its client again."""
SILENT_MOST_S = 5.0
"""Since a guest's last answer, at the end of a watch; an emulated Dom0 is slow to end one."""
_REPLY = re.compile(r"^\[(?P<when_s>\d+\.\d+)\] \d+ bytes from ", re.MULTILINE)
_END = re.compile(r"^\[(?P<when_s>\d+\.\d+)\] the end$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What Dom0 at the destination saw of a guest's answers to its pings, ten a second.

    Attributes:
        replies: How many came.
        gap_s: The longest time between two of them, or from the last one to the end of the watch,
            less the pause between two pings.
        silent_s: From the last one to the end of the watch.
        output: The end of what ping printed.
    """

    replies: int
    gap_s: float
    silent_s: float
    output: str

    @property
    def is_answered(self) -> bool:
        """Return whether the guest still answered at the end."""
        return bool(self.replies) and self.silent_s < SILENT_MOST_S


def read_watch(text: str) -> Watch:
    """Return what ``ping -D`` printed, and when it was ended, as facts."""
    times_s = [float(reply["when_s"]) for reply in _REPLY.finditer(text)]
    ends_s = [float(end["when_s"]) for end in _END.finditer(text)]
    gaps_s = [after - before for before, after in itertools.pairwise([*times_s, *ends_s])]
    gap_s = max((gap - PING_EVERY_S for gap in gaps_s), default=0.0)
    return Watch(
        replies=len(times_s),
        gap_s=max(0.0, gap_s),
        silent_s=gaps_s[-1] if ends_s and times_s else 0.0,
        output=text[-2000:],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A watch that goes on in the peer's Dom0: its output's file there, and its process."""

    path: str
    pid: str


class Crossing:
    """Two hosts between which guests move, and a bridge on which they keep their network.

    Attributes:
        here: The workshop of the host under test.
        there: The workshop of its peer.
        bridge: A bridge of that name joins both.
        uri: Where memory goes; None for the peer's own name.
    """

    def __init__(self, here: Workshop, there: Workshop, *, uri: str | None):
        self.here = here
        self.there = there
        self.uri = uri
        number = int.from_bytes(here.name("").encode()) % 254 + 1
        self._network = f"169.254.{number}"
        self._legs = here.leg(self.address(1)), there.leg(self.address(2))
        self.bridge = self._joined_bridge()

    def address(self, host: int) -> str:
        """Return an address on the bridge, with its prefix; 1 and 2 are the hosts' own."""
        return f"{self._network}.{host}/24"

    def _joined_bridge(self) -> str:
        """Return a bridge that both hosts have, and over which they reach each other.

        Raises:
            BlockedError: There is none.
        """
        names = [{b.name for b in shop.host.list_bridges()} for shop in (self.here, self.there)]
        for name in sorted(names[0] & names[1]):
            for shop, leg in zip((self.here, self.there), self._legs, strict=True):
                plug(shop.host.shell, {f"{leg}p": name})
            ping = f"ping -q -c 3 -i 0.3 -W 2 -I {self._legs[0]} {self._network}.2"
            if self.here.host.shell.run(ping, check=False).returncode == 0:
                return name
        raise BlockedError(
            f"no bridge of the same name joins both hosts ({', '.join(sorted(names[0] & names[1]))}"
            " were tried): give both one over the same network"
        )

    def go(self, guest: ProbeGuest, options: MoveOptions) -> tuple[ProbeGuest, Move]:
        """Move a guest to the other host.

        Returns:
            The guest there, its console open; and how it went.

        Raises:
            MoveError: It did not move.
        """
        self.there.expect(guest.name)
        guest.close_console()
        move = migrate(
            guest.name, source=self.here.host, destination=self.there.host, options=options
        )
        domain = self.there.host.domain(move.domain)
        return ProbeGuest(domain, domain.open_console(force=True)), move

    def watch(self, host: int) -> Watched:
        """Begin to ping an address from the peer's Dom0, ten times a second.

        Returns:
            What :meth:`end_watch` takes.
        """
        path = self.there.run_file(f"watch-{host}")
        target = f"{self._network}.{host}"
        ping = f"timeout {WATCH_DEADLINE_S} ping -D -i {PING_EVERY_S} -I {self._legs[1]} {target}"
        shell = self.there.host.shell
        pid = shell.run(f"{ping} >%s 2>&1 </dev/null & echo $!", path).stdout.strip()

        def answered() -> bool:
            return " bytes from " in shell.run("cat %s", path).stdout

        try:
            wait_until(f"{target} to answer", answered, deadline_s=ANSWER_DEADLINE_S, every_s=0.5)
        except BaseException:
            shell.run("kill %s 2>/dev/null || :", pid)
            raise
        return Watched(path=path, pid=pid)

    def end_watch(self, watched: Watched) -> Watch:
        """End a watch, once the guest has answered again or has had its time to.

        Returns:
            What it saw.
        """
        shell = self.there.host.shell

        def told() -> str:
            return shell.run("cat %s", watched.path).stdout

        before = read_watch(told()).replies
        with contextlib.suppress(WaitTimeoutError):
            wait_until(
                "another answer",
                lambda: read_watch(told()).replies > before,
                deadline_s=ANSWER_DEADLINE_S,
                every_s=0.5,
            )
        shell.run(
            "end=$(date +%%s.%%N); kill %s 2>/dev/null; sleep 0.3; echo \"[$end] the end\" >>%s",
            watched.pid, watched.path,
        )  # fmt: skip
        return read_watch(told())

    def shared_disk(self, allowed: Collection[str]) -> str | None:
        """Return a disk that both hosts really share, out of those that may be written to.

        What is written here is read there: a serial number alone would not prove it. A disk with
        anything on it, at either host, is left alone.
        """
        mark = secrets.token_hex(16)
        shells = self.here.host.shell, self.there.host.shell
        for path in sorted(one for one in allowed if one.startswith(BY_ID)):
            try:
                if any(
                    shell.run(SIGNS_OF_USE, path, path, path).stdout.strip() for shell in shells
                ):
                    continue
                self.here.host.shell.run(
                    "printf %%-4096s %s | dd of=%s bs=4096 oflag=direct"
                    " conv=notrunc,fsync 2>/dev/null", mark, path,
                )  # fmt: skip
                read = "dd if=%s bs=4096 count=1 iflag=direct 2>/dev/null | head -c 32"
                if self.there.host.shell.run(read, path).stdout == mark:
                    return path
            except CommandError:
                continue
        return None
