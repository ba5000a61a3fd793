"""How fast domains are read and written, against its peers in the same run, and how they scale."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import statistics
import sys
import time
from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import cast, get_args, get_origin, get_type_hints

import pytest
from lxml import etree
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console
from rich.table import Table

from tests.corpora.corpus import GENERIC, NEW, QEMU, XEN, Corpus, corpus
from tests.corpora.debian_source import NoCorpusError
from xenvm.errors import CommandError, ParseError
from xenvm.formats.domain_xml import format_domain_xml, parse_domain_xml
from xenvm.model.domain import DomainConfig
from xenvm.model.residue import Modelled
from xenvm.processes import run

PEERS = Path(__file__).with_name("peers")
FILES = 300
ROUNDS = 7
DEADLINE_S = 300
MANY = (1_000, 2_000, 5_000, 10_000)

VIRTINST = Path("/usr/share/virt-manager/virtinst")
GO_MODULE = "libvirt.org/go/libvirtxml"
GO_VERSION = "v1.11003.0"
"""What describes libvirt 11.3.0."""


@dataclass(slots=True, kw_only=True)
class Candidate:
    """Somebody who reads and writes all files: in this process, or as a command of its own.

    Attributes:
        name: What the table calls it.
        once: Goes through all files; returns CPU seconds, and the files it refused with why.
        least: Our speed as a multiple of its, below which we missed our goal; None: no goal.
        missing: Why it cannot be measured here; empty if it can.
        passes_s: CPU seconds of each pass.
        refused: The files that it refused.
    """

    name: str
    once: Callable[[], tuple[float, dict[str, str]]]
    least: float | None = None
    missing: str = ""
    passes_s: list[float] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def go(self) -> None:
        if not self.missing:
            cpu_s, self.refused = self.once()
            self.passes_s.append(cpu_s)


@pytest.fixture(scope="module")
def libvirt_data() -> Corpus:
    try:
        return corpus(NEW)
    except NoCorpusError as exc:
        pytest.skip(str(exc))


def sample(libvirt_data: Corpus) -> list[Path]:
    """Return every Xen domain, every driver-neutral one, and of QEMU's each n-th, evenly."""
    known = libvirt_data.documents(XEN)
    known += [p for p in libvirt_data.documents(GENERIC) if p.parent.name.endswith("indata")]
    qemu, wanted = libvirt_data.documents(QEMU), FILES - len(known)
    return [*known, *qemu[:: len(qemu) // wanted][:wanted]]


def list_of(paths: Sequence[Path], folder: Path) -> Path:
    listed = folder / "files.txt"
    listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    return listed


@dataclass(frozen=True, slots=True)
class Look:
    """How all fields of one class's values are read.

    Attributes:
        fields: Returns all of them.
        values: Which of them may hold a value of the model.
        tuples: Which may hold several.
    """

    fields: Callable[[object], tuple[object, ...]]
    values: tuple[int, ...]
    tuples: tuple[int, ...]


def looks_at(kind: type[Modelled]) -> dict[type, Look]:
    """Return how the fields of a class, and of all classes in it, are read."""
    hints = get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind) if each.name != "residue"]
    held = {name: list(modelled_in(hints[name])) for name in names}
    holding = [(i, get_origin(hints[name]) is tuple) for i, name in enumerate(names) if held[name]]
    getter = attrgetter(*names)
    look = Look(
        fields=getter if len(names) > 1 else lambda value: (getter(value),),
        values=tuple(i for i, is_tuple in holding if not is_tuple),
        tuples=tuple(i for i, is_tuple in holding if is_tuple),
    )
    below = [looks_at(each) for kinds in held.values() for each in kinds]
    return dict(ChainMap({kind: look}, *below))


def modelled_in(hint: object) -> Iterator[type[Modelled]]:
    """Yield the classes of the model in a field's type."""
    if isinstance(hint, type) and issubclass(hint, Modelled):
        yield hint
    for each in get_args(hint):
        yield from modelled_in(each)


LOOKS = looks_at(DomainConfig)


def read(value: object) -> None:
    """Read each field of a value, and of all values in it."""
    look = LOOKS[type(value)]
    fields = look.fields(value)
    for index in look.values:
        if (held := fields[index]) is not None:
            read(held)
    for index in look.tuples:
        for each in cast("tuple[object, ...]", fields[index]):
            read(each)


def through_xenvm(document: bytes) -> None:
    """Parse, read every field of every value, and format."""
    config = parse_domain_xml(document)
    read(config)
    format_domain_xml(config)


def through_lxml(document: bytes) -> None:
    """Parse and serialise; nothing is read of what lies between."""
    etree.tostring(etree.fromstring(document), encoding="unicode")


def through_lxml_reading(document: bytes) -> None:
    """Parse, read each element's tag, attributes, text and tail, and serialise."""
    root = etree.fromstring(document)
    for element in root.iter():
        element.tag, element.items(), element.text, element.tail
    etree.tostring(root, encoding="unicode")


def in_process(
    through: Callable[[bytes], None], paths: Sequence[Path]
) -> Callable[[], tuple[float, dict[str, str]]]:
    documents = {str(path): path.read_bytes() for path in paths}

    def once() -> tuple[float, dict[str, str]]:
        one_pass()  # as the others do: what ran before has left nothing of ours in the caches
        return one_pass()

    def one_pass() -> tuple[float, dict[str, str]]:
        refused = {}
        began_s = time.process_time()
        for path, document in documents.items():
            try:
                through(document)
            except ParseError as exc:
                refused[path] = str(exc)
        return time.process_time() - began_s, refused

    return once


def command(argv: Sequence[str]) -> Callable[[], tuple[float, dict[str, str]]]:
    def once() -> tuple[float, dict[str, str]]:
        answer = json.loads(run(argv, deadline_s=DEADLINE_S).stdout)
        return float(answer["cpu_s"]), cast("dict[str, str]", answer["refused"])

    return once


def virtinst(listed: Path, *flags: str) -> Candidate:
    script = str(PEERS / "virtinst_domains.py")
    return Candidate(
        name="virtinst, every property read" if flags else "virtinst, parse and get_xml",
        once=command(["/usr/bin/python3", script, str(listed), *flags]),
        least=5 if flags else None,
        missing="" if VIRTINST.is_dir() else "apt-get install virtinst",
    )


def libvirtxml(listed: Path, folder: Path) -> Candidate:
    program = folder / "libvirtxml_domains"
    return Candidate(
        name=f"libvirtxml {GO_VERSION} (Go)",
        once=command([str(program), str(listed)]),
        least=1,
        missing=build_libvirtxml(folder, program),
    )


def build_libvirtxml(folder: Path, program: Path) -> str:
    """Build the Go peer, its module from XENVM_LIBVIRTXML or as Go gets it; return why it fails."""
    if not shutil.which("go"):
        return "apt-get install golang-go"
    shutil.copy(PEERS / "libvirtxml_domains.go", folder / "main.go")
    go = ["go", "mod", "edit", f"-require={GO_MODULE}@{GO_VERSION}"]
    if sources := os.environ.get("XENVM_LIBVIRTXML"):
        go.append(f"-replace={GO_MODULE}={sources}")
    steps = [["go", "mod", "init", "peer"], go, ["go", "mod", "tidy"]]
    try:
        for argv in [*steps, ["go", "build", "-o", str(program), "."]]:
            run(argv, deadline_s=DEADLINE_S, cwd=folder)
    except CommandError as exc:
        return f"XENVM_LIBVIRTXML can name its sources; without: {exc}"
    return ""


def table_of(ours: Candidate, candidates: Sequence[Candidate]) -> tuple[Table, list[str]]:
    """Return the table, and what missed a goal."""
    table = Table("candidate", "files/s", "xenvm is … times as fast", "goal", "refused")
    missed = []
    for one in candidates:
        if one.missing:
            table.add_row(one.name, "not measured", one.missing[:100], "", "")
            continue
        pairs = zip(one.passes_s, ours.passes_s, strict=True)
        ratio = statistics.median(theirs / own for theirs, own in pairs)
        goal = "" if one.least is None else f"≥ {one.least:.2f}"
        speed = FILES / statistics.median(one.passes_s)
        table.add_row(one.name, f"{speed:,.0f}", f"{ratio:.2f}", goal, str(len(one.refused)))
        if one.least is not None and ratio < one.least:
            missed.append(f"{ratio:.2f} times as fast as {one.name}, not {goal}")
    return table, missed


def show(capsys: pytest.CaptureFixture[str], title: str, table: Table) -> str:
    """Print a table past pytest's capturing; return its text."""
    console = Console(width=110, record=True)
    with capsys.disabled():
        console.print(f"\n{title}", table, sep="\n")
    return console.export_text()


@pytest.mark.benchmark(group="domain XML", timer=time.process_time)
@pytest.mark.timeout(3600)
def test_parse_read_all_and_format_against_its_peers(
    benchmark: BenchmarkFixture,
    capsys: pytest.CaptureFixture[str],
    libvirt_data: Corpus,
    tmp_path: Path,
) -> None:
    """Each round, each candidate goes twice through all files, and the second time counts.

    The ratio is the median of the rounds' ratios.
    What each does with a file, of which it is given the bytes or the text:

    * xenvm parses it, reads every field of the config and of every value in it, and formats it.
      Which fields there are is found out beforehand, once for each class.
    * Bare lxml parses it and serialises the tree. Nothing is read: that is what our goal is
      measured by. The second time it also reads each element's tag, attributes, text and tail.
    * virtinst makes a ``Guest`` of it and calls ``get_xml``; the second time it also reads each
      property of the guest and of what is in it, as virtinst itself lists them.
    * libvirtxml, in Go, unmarshals it into structs and marshals those: reading a field of a struct
      costs nothing, so it is not done.
    """
    paths = sample(libvirt_data)
    assert len(paths) == FILES
    listed = list_of(paths, tmp_path)
    ours = Candidate(name="xenvm", once=in_process(through_xenvm, paths))
    lxml = in_process(through_lxml, paths)
    lxml_reading = in_process(through_lxml_reading, paths)
    peers = [
        Candidate(name="bare lxml, parse and serialise", once=lxml, least=1 / 3),
        Candidate(name="bare lxml, every text and attribute read", once=lxml_reading),
        virtinst(listed),
        virtinst(listed, "--read"),
        libvirtxml(listed, tmp_path),
    ]

    def the_peers() -> None:
        for peer in peers:
            peer.go()

    benchmark.pedantic(ours.go, setup=the_peers, rounds=ROUNDS)
    table, missed = table_of(ours, [ours, *peers])
    text = show(capsys, f"{FILES} domain files: parse, read every field, format; CPU time", table)
    benchmark.extra_info |= {"table": text, "refused": sorted(ours.refused), "missed": missed}
    assert not ours.refused, f"{len(ours.refused)} refused: the speed of the others proves little"
    assert not (missed and benchmark.enabled)


def cost_of(listed: Path, many: int) -> dict[str, float]:
    """Return what each of so many domains costs: CPU microseconds, resident and traced KiB."""
    argv = [sys.executable, str(PEERS / "many_domains.py"), str(listed), str(many)]
    plain = json.loads(run(argv, deadline_s=DEADLINE_S).stdout)
    traced = json.loads(run([*argv, "--trace"], deadline_s=DEADLINE_S).stdout)
    return {
        "cpu_us": plain["cpu_s"] / many * 1e6,
        "resident_kib": plain["resident_bytes"] / many / 1024,
        "traced_kib": traced["traced_bytes"] / many / 1024,
        "refused": plain["refused"],
    }


@pytest.mark.benchmark(group="many domains")
@pytest.mark.timeout(3600)
def test_ten_thousand_domains_cost_ten_times_a_thousand(
    benchmark: BenchmarkFixture,
    capsys: pytest.CaptureFixture[str],
    libvirt_data: Corpus,
    tmp_path: Path,
) -> None:
    """Each count in a process of its own; all configs are kept, and no two are the same."""
    listed = list_of(libvirt_data.documents(XEN), tmp_path)
    costs = benchmark.pedantic(lambda: {many: cost_of(listed, many) for many in MANY}, rounds=1)
    table = Table("domains", "CPU microseconds each", "resident KiB each", "traced KiB each")
    for many, cost in costs.items():
        cells = [f"{cost[key]:.1f}" for key in ("cpu_us", "resident_kib", "traced_kib")]
        table.add_row(f"{many:,}", *cells)
    title = f"Many Xen domains, all kept; {costs[MANY[0]]['refused']} files were refused"
    benchmark.extra_info |= {"table": show(capsys, title, table), "costs": costs}
    least, most = costs[MANY[0]], costs[MANY[-1]]
    assert most["traced_kib"] <= 1.1 * least["traced_kib"]
    assert most["resident_kib"] <= 1.25 * least["resident_kib"]
    assert not benchmark.enabled or most["cpu_us"] <= 1.5 * least["cpu_us"]
