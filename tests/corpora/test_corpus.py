"""The test data is whole and sorted by kind: a release never changes, so all counts are known."""

from __future__ import annotations

import pytest

from tests.corpora.conftest import CorpusOf
from tests.corpora.corpus import BOTH, CAPABILITIES, DOMAINS, NEW, OLD, XEN, Folder, folders

pytestmark = pytest.mark.timeout(700)

DOCUMENTS = {
    OLD: {
        "xen": 100, "generic": 78, "qemu": 1543, "other drivers": 383, "network": 130,
        "network update": 22, "interface": 19, "node device": 54, "capabilities": 22,
        "domain capabilities": 61, "storage pool": 78, "storage volume": 48,
    },
    NEW: {
        "xen": 106, "generic": 85, "qemu": 2184, "other drivers": 412, "network": 138,
        "network update": 26, "interface": 19, "node device": 60, "capabilities": 31,
        "domain capabilities": 84, "storage pool": 78, "storage volume": 48,
    },
}  # fmt: skip

BROKEN_ON_PURPOSE = {OLD: set(), NEW: {"broken-xml-invalid.xml"}}


@pytest.mark.parametrize("version", BOTH)
def test_each_group_has_all_its_documents(corpus_of: CorpusOf, version: str) -> None:
    corpus = corpus_of(version)
    assert {group: len(corpus.documents(group)) for group in DOCUMENTS[version]} == (
        DOCUMENTS[version]
    )


@pytest.mark.parametrize("version", BOTH)
def test_only_what_libvirt_broke_on_purpose_is_no_xml(corpus_of: CorpusOf, version: str) -> None:
    surveys = [corpus_of(version).survey(folder) for folder in of(version)]
    assert {path.name for survey in surveys for path in survey.not_xml} == (
        BROKEN_ON_PURPOSE[version]
    )


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_every_file_of_a_folder_is_accounted_for(corpus_of: CorpusOf, folder: Folder) -> None:
    corpus = corpus_of(folder.version)
    survey = corpus.survey(folder)
    known = [*survey.documents, *survey.links, *survey.not_xml, *survey.other_roots]
    assert sorted(known) == corpus.folder(folder.name)
    assert survey.documents, f"{folder} holds no document"
    assert set(survey.doubles) <= set(survey.documents)


@pytest.mark.parametrize("version", BOTH)
def test_every_xen_domain_of_the_whole_tree_is_in_the_xen_folders(
    corpus_of: CorpusOf, version: str
) -> None:
    corpus = corpus_of(version)
    needles = (b"<domain type='xen'", b'<domain type="xen"')
    elsewhere = [
        path
        for path in corpus.documents(*(group for group in DOMAINS if group != XEN))
        if any(needle in path.read_bytes() for needle in needles)
    ]
    assert not elsewhere


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("name", "configs", "alone"),
    [
        ("xlconfigdata", 48, set()),
        ("xmconfigdata", 38, {"test-fullvirt-usbtablet-no-bus", "test-paravirt-net-modelstr"}),
    ],
)
def test_each_xl_and_xm_config_has_its_domain_beside_it(
    corpus_of: CorpusOf, version: str, name: str, configs: int, alone: set[str]
) -> None:
    corpus = corpus_of(version)
    found = {path.stem for path in corpus.folder(name, ".cfg")}
    assert len(found) == configs
    assert found ^ {path.stem for path in corpus.folder(name)} == alone


def test_libvirt_has_no_capabilities_of_a_xen_host(corpus_of: CorpusOf) -> None:
    capabilities = corpus_of(NEW).documents(CAPABILITIES)
    assert not [path for path in capabilities if b"<domain type='xen'" in path.read_bytes()]


def of(version: str) -> list[Folder]:
    return [folder for folder in folders() if folder.version == version]
