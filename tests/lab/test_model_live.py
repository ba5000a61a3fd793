"""The libxl driver of a real host takes what we write, and means by it what we mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.corpora.conftest import CorpusOf, corpus_of
from tests.corpora.corpus import NEW, OLD, XEN
from tests.corpora.oracle import BEYOND_THE_FIELDS, misbuilt, misread, understood
from tests.fixtures.guests import HVM, PV, PVH
from xenvm.errors import LibvirtError, SpecError
from xenvm.formats import format_domain_xml, format_xl_config, parse_domain_xml
from xenvm.host import Host
from xenvm.lab import Release
from xenvm.model.domain import DomainConfig

pytestmark = pytest.mark.timeout(1800)

__all__ = ["corpus_of"]

LIBVIRT = {Release.BOOKWORM: OLD, Release.TRIXIE: NEW}
"""The libvirt of each release of the lab."""

ONE_NODE = "it names a second NUMA node of the host, and the lab has one"
NOT_FOR_XL = {
    "multiple-ip.xml": "a PV guest without a kernel, which libvirt gives a boot loader",
    "vnuma-hvm.xml": ONE_NODE,
    "vnuma-hvm-legacy-nest.xml": ONE_NODE,
    "test-fullvirt-vnuma.xml": ONE_NODE,
    "test-fullvirt-vnuma-autocomplete.xml": ONE_NODE,
    "test-fullvirt-vnuma-nodistances.xml": ONE_NODE,
    "test-fullvirt-vnuma-partialdist.xml": ONE_NODE,
}
"""libvirt's documents of which xl does not take the conversion, and why."""


def said_by(config: DomainConfig) -> dict[str, object]:
    """Return the fields that a config says something in."""
    blank = DomainConfig(name="blank", memory_kib=1)
    fields = [each.name for each in dataclasses.fields(config) if each.compare]
    return {
        name: value
        for name in fields
        if (value := getattr(config, name)) != getattr(blank, name) and not isinstance(value, tuple)
    }


@pytest.mark.parametrize("config", [PV, PVH, HVM], ids=lambda config: config.name)
def test_what_a_program_builds_is_what_the_driver_has(host: Host, config: DomainConfig) -> None:
    assert not [found for found in config.check() if found.severity == "error"]
    told = understood(host, format_domain_xml(config))
    assert not isinstance(told, LibvirtError), told
    theirs = parse_domain_xml(told)
    assert {name: getattr(theirs, name) for name in said_by(config)} == said_by(config)
    assert theirs.pins == config.pins
    assert {
        (vbd.target, vbd.source, vbd.driver, vbd.format, vbd.readonly) for vbd in theirs.vbds
    } == {(vbd.target, vbd.source, vbd.driver, vbd.format, vbd.readonly) for vbd in config.vbds}
    assert [(nic.bridge, nic.mac, nic.model) for nic in theirs.vnifs] == [
        (nic.bridge, nic.mac, nic.model) for nic in config.vnifs
    ]
    assert [device.pci for device in theirs.hostdevs] == [d.pci for d in config.hostdevs]


@pytest.fixture(scope="module")
def told(host: Host, release: Release, corpus_of: CorpusOf) -> dict[Path, str | LibvirtError]:
    """What the driver makes of each of libvirt's own documents, or why it does not take it."""
    documents = corpus_of(LIBVIRT[release]).documents(XEN)
    return {path: understood(host, path.read_text("utf-8")) for path in documents}


@pytest.mark.parametrize("judge", [misread, misbuilt])
def test_the_driver_understands_the_same_by_libvirts_own_documents(
    host: Host,
    told: dict[Path, str | LibvirtError],
    judge: Callable[[Host, str, str | LibvirtError], str],
) -> None:
    wrong = {
        path.name: what
        for path, theirs in told.items()
        if path.name not in BEYOND_THE_FIELDS
        and (what := judge(host, path.read_text("utf-8"), theirs))
    }
    assert not wrong
    taken = [one for one in told.values() if not isinstance(one, LibvirtError)]
    assert len(taken) > 50, "the driver takes too few of its own documents to judge by"


DRY_RUN = """
mkdir -p /run/xenvm-model
for n in $(seq 1 %d); do
  file=/run/xenvm-model/$n.cfg
  sed -n "/^#begin $n$/,/^#end $n$/p" >"$file" </run/xenvm-model/all
  xl create -q -n "$file" >/dev/null 2>"$file.said" || echo "$n $(tail -n 1 "$file.said")"
done
rm -rf /run/xenvm-model
"""
"""Prints a line for each description that xl does not take; it starts none."""


def refused_by_xl(host: Host, texts: list[str]) -> dict[int, str]:
    """Return which of some xl.cfg texts Dom0's own xl refuses, by number from 1, and why."""
    numbered = enumerate(texts, 1)
    whole = "".join(f"#begin {n}\n{text}#end {n}\n" for n, text in numbered)
    host.shell.run("mkdir -p /run/xenvm-model", deadline_s=30)
    host.shell.put_file("/run/xenvm-model/all", whole.encode(), mode=0o600)
    said = host.shell.run(DRY_RUN % len(texts), deadline_s=600).stdout.splitlines()
    return {int(line.split()[0]): line.partition(" ")[2] for line in said}


def test_xl_takes_what_is_converted_from_libvirts_own_documents(
    host: Host, release: Release, corpus_of: CorpusOf
) -> None:
    texts = {config.name: format_xl_config(config) for config in (PV, PVH, HVM)}
    unsaid = []
    for path in corpus_of(LIBVIRT[release]).documents(XEN):
        try:
            texts[path.name] = format_xl_config(parse_domain_xml(path.read_text("utf-8")))
        except SpecError:  # such as a VNIF of one of libvirt's networks
            unsaid.append(path.name)
    assert len(unsaid) < len(texts) / 10, unsaid
    names = [*texts]
    refused = {names[n - 1]: why for n, why in refused_by_xl(host, [*texts.values()]).items()}
    assert {name: why for name, why in refused.items() if name not in NOT_FOR_XL} == {}
    assert {*NOT_FOR_XL} & {*names} <= {*refused}, "xl takes more than we thought"


def test_a_description_that_is_broken_is_refused_by_xl(host: Host) -> None:
    text = format_xl_config(PV)
    assert [*refused_by_xl(host, [text, text.replace('kernel = "', 'kernel = ["')])] == [2]
