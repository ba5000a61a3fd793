"""libvirt itself takes what we format, and understands the same by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import xenvm
from tests.corpora.conftest import CorpusOf, Count, Tally
from tests.corpora.corpus import XEN, Folder, folders
from tests.corpora.oracle import BEYOND_THE_FIELDS, misbuilt, misread, understood
from xenvm.errors import LibvirtError
from xenvm.host import Host

pytestmark = pytest.mark.timeout(700)


@pytest.mark.parametrize("judge", [misread, misbuilt])
@pytest.mark.parametrize("folder", folders(XEN), ids=str)
def test_libvirt_understands_the_same_by_what_we_format(
    corpus_of: CorpusOf,
    count: Count,
    folder: Folder,
    judge: Callable[[Host, str, str | LibvirtError], str],
) -> None:
    survey = corpus_of(folder.version).survey(folder)
    documents = {path.name: path.read_text("utf-8") for path in survey.documents}
    with xenvm.connect("test:///default") as host:
        told = {name: understood(host, text) for name, text in documents.items()}
        wrong = {name: judge(host, text, told[name]) for name, text in documents.items()}
        libvirt = host.libvirt_version
    refused = sum(isinstance(answer, LibvirtError) for answer in told.values())
    aside = BEYOND_THE_FIELDS if judge is misbuilt else {}
    lost = {name: what for name, what in wrong.items() if what and name not in aside}
    note = f"libvirt {libvirt} refuses {refused} of them as they are"
    count(Tally(f"libvirt: {judge.__name__}", str(folder), len(documents), len(lost), note))
    shown = "\n".join(f"  {name}: {what}" for name, what in lost.items())
    assert not lost, f"{len(lost)} of {len(documents)} mean something else:\n{shown}"
    assert refused < len(documents), "libvirt takes none of its own documents"
