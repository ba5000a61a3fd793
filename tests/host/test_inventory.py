"""Gathering: libvirt's test driver for real, and the script in this machine's own shell."""

from __future__ import annotations

from xenvm.formats.dom0_commands import HOSTNAME, INFO, INTERFACES, KERNEL
from xenvm.formats.dom0_sections import output_of, split_sections
from xenvm.host import connect
from xenvm.host.inventory import gather, run_script
from xenvm.host.shell import LocalShell
from xenvm.model.verdict import EvidenceClass


def test_the_test_driver_gives_domains_and_nothing_of_a_xen() -> None:
    with connect("test:///default") as host:
        inventory = gather(host)
    assert inventory.evidence is EvidenceClass.SIMULATED
    assert [domain.name for domain in inventory.domains or ()] == ["test"]
    assert inventory.hypervisor.nr_cpus is None
    assert inventory.dom0.memory_kib is None
    assert inventory.network.interfaces is None
    assert inventory.host.libvirt_version


def test_the_script_survives_a_machine_without_xen() -> None:
    mark = "thatmark"
    sections = split_sections(run_script(LocalShell(), mark), mark)
    assert output_of(sections, HOSTNAME)
    assert output_of(sections, KERNEL)
    assert output_of(sections, INTERFACES)
    assert output_of(sections, INFO) is None
    assert sections[INFO].status != 0
