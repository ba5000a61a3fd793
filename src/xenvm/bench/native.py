"""Loads and kernels of the benchmarks on a machine without Xen: no guest, no pairs, one leg."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from xenvm.errors import BlockedError
from xenvm.formats.dom0_surroundings import (
    DROP_CACHES,
    parse_told,
    script_after,
    script_before,
)
from xenvm.formats.fio_job import LOADS
from xenvm.host import HostShell
from xenvm.model.baseline import BaselineFigure
from xenvm.model.benchmark import Leg, Metric, Pair, Sample
from xenvm.model.surroundings import Moved

from . import accounting
from .block import Span, device_of, driven, value_of
from .catalogue import metric, under
from .compute import speed_of
from .decision import figure
from .environment import LOOK_DEADLINE_S
from .measuring import Timing
from .network import Peer, Server, exchange
from .programs import Dom0Programs

ROUNDS = 5
_ON_A_DEVICE = ("lvm", "partition")
"""Backings that are a device to the one who drives it; the same leg stands for both."""

Say = Callable[[str], None]


def compute_figures(shell: HostShell, say: Say) -> Iterator[BaselineFigure]:
    """Measure memory and CPU.

    Args:
        shell: The machine's.
        say: Told what is measured.

    Yields:
        What each metric ``compute.*`` gave.

    Raises:
        CommandError: fio failed.
        ParseError: fio said what we do not understand.
    """
    programs = Dom0Programs(shell)
    for one in under("compute"):
        say(f"{one.name}: {ROUNDS} times")
        yield _figure(one, [speed_of(programs, one) for _ in range(ROUNDS)])


def peer_figures(
    shell: HostShell, peer: Peer, timing: Timing, say: Say
) -> Iterator[BaselineFigure]:
    """Measure the way to a peer.

    Args:
        shell: The machine's.
        peer: Who answers.
        timing: How long each exchange is.
        say: Told what is measured.

    Yields:
        What each metric ``network.peer.*`` gave.

    Raises:
        CommandError: iperf3 or sockperf failed.
        CommandTimeoutError: It did not end in time.
        ParseError: It said what we do not understand, or that nothing arrived.
    """
    programs, server = Dom0Programs(shell), Server.of_peer(peer)
    for one in under("network.peer"):
        say(f"{one.name}: {ROUNDS} times {timing.length_s} s")
        kind = one.name.rpartition(".")[2]
        made = [exchange(programs, server, kind, timing) for _ in range(ROUNDS)]
        yield _figure(one, [each.value for each in made])


def block_figures(
    shell: HostShell, span: Span, timing: Timing, say: Say
) -> Iterator[BaselineFigure]:
    """Measure each load on a disk; those that write only where it is steady.

    Args:
        shell: The machine's.
        span: What is driven; it is overwritten.
        timing: How long each load is.
        say: Told what is measured.

    Yields:
        What each metric gave that a load stands for.

    Raises:
        BlockedError: A cache answered, not the device.
        CommandError: fio failed.
        ParseError: fio said what we do not understand.
    """
    if span.unsteady:
        say(f"{span.unsteady}: nothing that writes is recorded")
    for kind, load in LOADS.items():
        if load.writes and span.unsteady:
            continue
        metrics = [metric(f"block.{backing}.{kind}") for backing in _ON_A_DEVICE]
        say(f"{kind}: {ROUNDS} times {timing.length_s} s")
        numbers = range(1, ROUNDS + 1)
        values = [_driven(shell, span, timing, metrics[0], number) for number in numbers]
        yield from (_figure(one, values) for one in metrics)


def _figure(one: Metric, values: Sequence[float]) -> BaselineFigure:
    samples = [Sample(leg=Leg.NATIVE, value=value) for value in values]
    pairs = [Pair(number=n, candidate=sample) for n, sample in enumerate(samples, 1)]
    return figure(replace(one, reference=False), pairs)


def _driven(shell: HostShell, span: Span, timing: Timing, one: Metric, number: int) -> float:
    load = LOADS[one.name.rpartition(".")[2]]
    device = device_of(shell, span.path)
    shell.run(DROP_CACHES, deadline_s=LOOK_DEADLINE_S)
    before = _moved(shell, device, script_before([device]))
    jobs = driven(Dom0Programs(shell), load, span, timing, seed=number)
    after = _moved(shell, device, script_after([device]))
    moved_bytes = after.read_bytes - before.read_bytes
    if load.writes:
        moved_bytes = after.written_bytes - before.written_bytes
    if said := accounting.objection(moved_bytes, sum(job.moved_bytes for job in jobs)):
        raise BlockedError(f"{span.path}: {said}")
    return value_of(jobs[-1], one)


def _moved(shell: HostShell, device: str, script: str) -> Moved:
    # There is no xl to end it well.
    return parse_told(shell.run(script, check=False, deadline_s=LOOK_DEADLINE_S).stdout).moved[
        device
    ]
