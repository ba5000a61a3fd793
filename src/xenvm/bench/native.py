"""The loads of the block metrics on a machine without Xen: no guest, no pairs, one leg."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xenvm.errors import BlockedError
from xenvm.formats.dom0_surroundings import parse_told, script_after, script_before
from xenvm.formats.fio_job import LOADS, load_argv
from xenvm.formats.fio_json import parse_fio
from xenvm.host import HostShell
from xenvm.model.benchmark import Leg, Metric, Pair, Sample
from xenvm.model.surroundings import Moved

from . import accounting
from .block import GRACE_S, Span, details_of, device_of, value_of
from .catalogue import metric
from .measuring import Timing
from .programs import Dom0Programs

ROUNDS = 5
_ON_A_DEVICE = ("lvm", "partition")
"""Backings that are a device to the one who drives it; the same leg stands for both."""


def native_pairs(
    shell: HostShell, span: Span, timing: Timing, say: Callable[[str], None]
) -> Iterator[tuple[list[Metric], list[Pair]]]:
    """Measure each load, and tell the metrics that it stands for.

    Args:
        shell: The machine's.
        span: What is driven; it is overwritten.
        timing: How long each load is.
        say: Told what is measured.

    Yields:
        The metrics of a load, and its samples.

    Raises:
        BlockedError: A cache answered, not the device.
    """
    for kind in LOADS:
        named = (metric(f"block.{backing}.{kind}") for backing in _ON_A_DEVICE)
        metrics = [replace(one, reference=False) for one in named]
        say(f"{kind}: {ROUNDS} times {timing.length_s} s")
        samples = [
            _sample(shell, span, timing, metrics[0], number) for number in range(1, ROUNDS + 1)
        ]
        yield metrics, [Pair(number=n, candidate=sample) for n, sample in enumerate(samples, 1)]


def _sample(shell: HostShell, span: Span, timing: Timing, one: Metric, number: int) -> Sample:
    load = LOADS[one.name.rpartition(".")[2]]
    argv = load_argv(
        load,
        device=span.path,
        span_bytes=span.size_bytes,
        lengths_s=(timing.ramp_s, timing.runtime_s),
        seed=number,
    )
    device = device_of(shell, span.path)
    before = _moved(shell, device, script_before([device]))
    jobs = parse_fio(Dom0Programs(shell).run(argv, deadline_s=timing.length_s + GRACE_S))
    after = _moved(shell, device, script_after([device]))
    moved_bytes = after.read_bytes - before.read_bytes
    if load.writes:
        moved_bytes = after.written_bytes - before.written_bytes
    if said := accounting.objection(moved_bytes, sum(job.moved_bytes for job in jobs)):
        raise BlockedError(f"{span.path}: {said}")
    return Sample(leg=Leg.NATIVE, value=value_of(jobs[-1], one), details=details_of(jobs[-1]))


def _moved(shell: HostShell, device: str, script: str) -> Moved:
    # There is no xl to end it well.
    return parse_told(shell.run(script, check=False, deadline_s=60).stdout).moved[device]
