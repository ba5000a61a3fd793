"""The catalogue of metrics: each has one name, a unit and a direction."""

from __future__ import annotations

import pytest

from xenvm.bench.catalogue import BACKINGS, METRICS, PATHS, SECONDS, metric, under
from xenvm.errors import UsageError
from xenvm.formats.fio_job import LOADS
from xenvm.formats.iperf3_json import STREAMS
from xenvm.model.benchmark import Better


def test_a_name_leads_to_its_metric_and_no_two_have_the_same() -> None:
    assert len({each.name for each in METRICS}) == len(METRICS)
    assert all(metric(each.name) is each for each in METRICS)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean block\.lvm\.seqread\?"):
        metric("block.lvm.seq-read")
    with pytest.raises(UsageError, match="they begin with block, network, aggregate, compute"):
        metric("")


def test_only_latencies_and_the_cpu_time_of_dom0_are_better_lower() -> None:
    lower = {each.name for each in METRICS if each.better is Better.LOWER}
    assert lower == {each.name for each in METRICS if each.unit == SECONDS} | {"aggregate.dom0-cpu"}


def test_only_what_dom0_can_do_on_the_same_device_or_to_the_same_peer_has_a_reference() -> None:
    referred = {each.name.rsplit(".", 1)[0] for each in METRICS if each.reference}
    assert referred == {*(f"block.{each}" for each in BACKINGS), "network.peer", "compute"}


@pytest.mark.parametrize("backing", BACKINGS)
def test_each_block_metric_has_a_load(backing: str) -> None:
    assert {each.name.rpartition(".")[2] for each in under(f"block.{backing}")} == {*LOADS}


@pytest.mark.parametrize("path", PATHS)
def test_each_network_metric_has_a_stream_or_is_of_round_trips(path: str) -> None:
    names = {each.name.rpartition(".")[2] for each in under(f"network.{path}")}
    assert names == {*STREAMS, "tcp-rr"}


def test_a_prefix_is_whole_words() -> None:
    assert under("block.lv") == ()
