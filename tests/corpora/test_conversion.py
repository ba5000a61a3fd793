"""xl and xm text and libvirt's XML of the same domain mean the same, or we say why they do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pytest

import xenvm
from tests.corpora.conftest import CorpusOf, Count, Tally
from tests.corpora.conversions import (
    CONFIGS,
    EVERY_CONFIG,
    EVERY_TEXT,
    EVERY_XM_TEXT,
    FOLDERS,
    TEXTS,
    TO_MODEL,
    TO_TEXT,
    Deviation,
    pairs,
)
from tests.corpora.corpus import BOTH, Corpus
from tests.corpora.oracle import understood
from xenvm.errors import LibvirtError
from xenvm.formats import (
    format_domain_xml,
    format_xl_config,
    lost_in_xml,
    parse_domain_xml,
    parse_xl_config,
)
from xenvm.formats.xl import SPEC_GRAMMARS, XlDocument, parse_device, parse_xl_document
from xenvm.formats.xl_config.implied import plain
from xenvm.model.comparison import differences
from xenvm.model.domain import DomainConfig

pytestmark = pytest.mark.timeout(700)

EVERY_PAIR = [(version, folder) for version in BOTH for folder in FOLDERS]
Found = tuple[str, object, object]
"""Where two conversions differ, what is ours, and what is libvirt's."""


@pytest.mark.parametrize(("version", "folder"), EVERY_PAIR)
def test_a_text_is_read_as_libvirt_reads_it(
    corpus_of: CorpusOf, count: Count, version: str, folder: str
) -> None:
    corpus = corpus_of(version)
    names = pairs(corpus, folder, TO_MODEL)
    surprises = {}
    for name in names:
        ours, theirs = parse_xl_config(text(corpus, folder, name)), model(corpus, folder, name)
        told = [(d.path, d.old, d.new) for d in differences(plain(ours), plain(theirs))]
        surprises[name] = surprising(
            told, EVERY_CONFIG, CONFIGS.get(f"{folder}/{name}", ()), version
        )
    count_and_judge(count, Tally("xl to model", f"{version} {folder}", len(names), 0), surprises)


@pytest.mark.parametrize(("version", "folder"), EVERY_PAIR)
def test_a_text_is_written_as_libvirt_writes_it(
    corpus_of: CorpusOf, count: Count, version: str, folder: str
) -> None:
    corpus = corpus_of(version)
    names = pairs(corpus, folder, TO_TEXT)
    every = EVERY_TEXT + (EVERY_XM_TEXT if folder == "xmconfigdata" else ())
    surprises = {}
    for name in names:
        ours = parse_xl_document(format_xl_config(model(corpus, folder, name)))
        theirs = parse_xl_document(text(corpus, folder, name))
        known = TEXTS.get(f"{folder}/{name}", ())
        surprises[name] = surprising(unlike(ours, theirs), every, known, version)
    count_and_judge(count, Tally("model to xl", f"{version} {folder}", len(names), 0), surprises)


@pytest.mark.parametrize(("version", "folder"), EVERY_PAIR)
def test_a_text_comes_out_as_it_went_in(
    corpus_of: CorpusOf, count: Count, version: str, folder: str
) -> None:
    paths = corpus_of(version).folder(folder, ".cfg")
    wrong = {}
    for path in paths:
        written = format_xl_config(parse_xl_config(path.read_bytes()))
        wrong[path.name] = [] if written.encode() == path.read_bytes() else ["it changed"]
    count_and_judge(count, Tally("xl to xl", f"{version} {folder}", len(paths), 0), wrong)


@pytest.mark.parametrize(("version", "folder"), EVERY_PAIR)
def test_a_text_survives_the_way_through_xml(
    corpus_of: CorpusOf, count: Count, version: str, folder: str
) -> None:
    paths = corpus_of(version).folder(folder, ".cfg")
    wrong = {}
    for path in paths:
        config = parse_xl_config(path.read_bytes())
        through = parse_domain_xml(format_domain_xml(config))
        again = parse_xl_config(format_xl_config(through))
        unsaid = {"sounds[1]"} if len(config.sounds) > 1 else set()  # xl has one sound card
        found = {each.path for each in differences(plain(config), plain(again))}
        wrong[path.name] = [] if found == unsaid else sorted(found ^ unsaid)
    count_and_judge(count, Tally("xl to XML to xl", f"{version} {folder}", len(paths), 0), wrong)


@pytest.mark.parametrize(("version", "folder"), EVERY_PAIR)
def test_libvirt_takes_the_xml_of_every_text(
    corpus_of: CorpusOf, count: Count, version: str, folder: str
) -> None:
    paths = corpus_of(version).folder(folder, ".cfg")
    wrong = {}
    with xenvm.connect("test:///default") as host:
        for path in paths:
            config = parse_xl_config(path.read_bytes())
            named = replace(config, name="converted")  # the test driver has a "test" of its own
            told = understood(host, format_domain_xml(named))
            refused = [str(told)] if isinstance(told, LibvirtError) else []
            wrong[path.name] = refused + lost_in_xml(config)
    count_and_judge(
        count, Tally("libvirt takes xl as XML", f"{version} {folder}", len(paths), 0), wrong
    )


def text(corpus: Corpus, folder: str, name: str) -> str:
    return (corpus.directory / folder / f"test-{name}.cfg").read_text(encoding="utf-8")


def model(corpus: Corpus, folder: str, name: str) -> DomainConfig:
    return parse_domain_xml((corpus.directory / folder / f"test-{name}.xml").read_bytes())


def surprising(
    found: Iterable[Found],
    every: Sequence[Deviation],
    listed: Sequence[Deviation],
    version: str,
) -> list[str]:
    """Return the differences that nobody listed, and what is listed and is not there."""
    here = [each for each in listed if each.version in {"", version}]
    used = set()
    surprises = []
    for where, ours, theirs in found:
        known = next((each for each in (*here, *every) if each.covers(where, ours, theirs)), None)
        if known is None:
            surprises.append(f"{where} is {ours!r}, and {theirs!r} to libvirt")
        used.add(known)
    return surprises + [
        f"{each.where} is no different any more" for each in here if each not in used
    ]


def unlike(ours: XlDocument, theirs: XlDocument) -> Iterator[Found]:
    """Yield the keys that differ between two documents, devices compared by what they say."""
    for key in {**dict.fromkeys(theirs.keys), **dict.fromkeys(ours.keys)}:
        here, there = shape(ours, key), shape(theirs, key)
        if here != there:
            yield key, here, there


def shape(document: XlDocument, key: str) -> object:
    """Return the value of a key: disks as VBDs, other devices as sets of parameters."""
    atoms = document.atoms(key)
    if key == "disk":
        config = parse_xl_config(str(document))
        return plain(config).vbds
    if key == "pci":
        return plain(parse_xl_config(str(document))).hostdevs
    if key not in SPEC_GRAMMARS or not isinstance(atoms, tuple) or key == "vnuma":
        return atoms
    specs = (parse_device(str(item), key) for item in atoms)
    return [sorted((p.name, p.value) for p in spec) for spec in specs]


def count_and_judge(count: Count, tally: Tally, surprises: dict[str, list[str]]) -> None:
    """Add a line to the table, and fail if anything surprised us."""
    wrong = {name: found for name, found in surprises.items() if found}
    count(tally._replace(lost=len(wrong)))
    shown = "\n".join(f"  {name}: {'; '.join(found)}" for name, found in wrong.items())
    assert not wrong, f"{len(wrong)} of {len(surprises)} surprise:\n{shown}"
