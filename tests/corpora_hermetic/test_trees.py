"""Canonical XML sees all that counts and nothing else; differences name each node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.corpora.trees import canonical, differences

DOCUMENT = """<!-- before -->
<domain type='xen' xmlns:xen='urn:xen'>
  <name>web</name>
  <!-- the first -->
  <memory unit='KiB'>1024</memory>
  <devices>
    <disk type='file'><target dev='xvda'/></disk>
    <disk type='block'><target dev='xvdb'/></disk>
  </devices>
  <xen:commandline xen:more='1'/>
</domain>
<!-- after -->"""


def paths(before: str, after: str) -> list[str]:
    return [difference.path for difference in differences(before, after)]


def changed(old: str, new: str) -> str:
    assert DOCUMENT.count(old) == 1, old
    return DOCUMENT.replace(old, new)


@pytest.mark.parametrize(
    "same",
    [
        DOCUMENT.replace("\n", "").replace("  ", ""),
        "<?xml version='1.0' encoding='UTF-8'?>\n" + DOCUMENT,
        changed("'block'", '"block"'),
        changed("<target dev='xvda'/>", "<target dev='xvda'></target>"),
        changed("<target dev='xvda'/>", "<target dev='xvda'>\n \t</target>"),
        changed("web", "&#119;eb"),
        changed("web", "<![CDATA[web]]>"),
    ],
    ids=["spaces", "declaration", "quotes", "empty", "blank", "character", "cdata"],
)
def test_what_means_the_same_is_the_same(same: str) -> None:
    assert canonical(same) == canonical(DOCUMENT)
    assert differences(DOCUMENT, same) == ()


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("web", "web2", "/domain/name/text()"),
        ("web", "web ", "/domain/name/text()"),
        ("'KiB'", "'MiB'", "/domain/memory/@unit"),
        (" unit='KiB'", "", "/domain/memory/@unit"),
        ("<target dev='xvdb'/>", "<target dev='xvdb' bus='xen'/>",
         "/domain/devices/disk[2]/target/@bus"),
        ("the first", "the second", "/domain/comment()/text()"),
        ("<!-- before -->", "<!-- else -->", "/comment()[1]/text()"),
        ("<!-- after -->", "", "/comment()[2]"),
        ("<!-- the first -->", "", "/domain/comment()"),
        ("<name>web</name>", "", "/domain/name"),
        ("xen:more='1'", "more='1'", "/domain/xen:commandline/@{urn:xen}more"),
        ("'urn:xen'", "'urn:other'", "/domain/@xmlns:xen"),
        ("<devices>", "<devices xmlns:qemu='urn:q'>", "/domain/devices/@xmlns:qemu"),
        ("</devices>", "word</devices>", "/domain/devices/text()[3]"),
    ],
)  # fmt: skip
def test_each_change_is_seen_and_named(old: str, new: str, path: str) -> None:
    assert canonical(changed(old, new)) != canonical(DOCUMENT)
    assert path in paths(DOCUMENT, changed(old, new))


def test_one_change_is_one_difference() -> None:
    assert paths(DOCUMENT, changed("1024", "2048")) == ["/domain/memory/text()"]
    title = changed("<!-- the first -->", "<title>A</title><!-- the first -->")
    assert paths(DOCUMENT, title) == ["/domain/title"]
    assert paths(title, DOCUMENT) == ["/domain/title"]


def test_one_more_disk_leaves_the_others_alone() -> None:
    first = changed("<devices>", "<devices><disk type='file'><target dev='hda'/></disk>")
    (added,) = differences(DOCUMENT, first)
    assert (added.path, added.before) == ("/domain/devices/disk[1]", None)


def test_another_order_is_seen() -> None:
    one = "<disk type='file'><target dev='xvda'/></disk>"
    swapped = changed(one, "").replace("</devices>", f"{one}</devices>")
    assert canonical(swapped) != canonical(DOCUMENT)
    assert paths(DOCUMENT, swapped) == ["/domain/devices/disk[1]", "/domain/devices/disk[2]"]


def test_another_prefix_is_seen() -> None:
    other = DOCUMENT.replace("xen:", "ns0:").replace("xmlns:xen", "xmlns:ns0")
    assert canonical(other) != canonical(DOCUMENT)
    assert {"/domain/@xmlns:xen", "/domain/xen:commandline"} <= {*paths(DOCUMENT, other)}


def test_a_prefix_of_an_attribute_that_lxml_does_not_tell_is_seen() -> None:
    both = "<a xmlns:one='urn:u' xmlns:two='urn:u' one:b='1'/>"
    assert paths(both, both.replace("one:b", "two:b")) == ["/"]


def test_a_difference_says_what_was_and_what_is() -> None:
    (difference,) = differences(DOCUMENT, changed("1024", "2048"))
    assert str(difference) == "/domain/memory/text() was '1024', is '2048'"
    assert str(*differences("<a><b/></a>", "<a/>")) == "/a/b was lost: <b></b>"
    assert str(*differences("<a/>", "<a><b/></a>")) == "/a/b was added: <b></b>"


NAMES = st.sampled_from("abc")
TREES = st.recursive(
    st.builds(lambda tag, text: (tag, text, ()), NAMES, st.sampled_from(["", " ", "x"])),
    lambda children: st.tuples(NAMES, st.sampled_from(["", "x"]), st.lists(children, max_size=4)),
    max_leaves=12,
)


def document(tree: tuple[str, str, list[object]]) -> str:
    tag, text, children = tree
    inner = "".join(document(child) for child in children)  # type: ignore[arg-type]
    return f"<{tag} at='{text}'>{text}{inner}</{tag}>"


@given(TREES, TREES)
def test_there_is_a_difference_exactly_when_the_canonical_forms_differ(
    one: tuple[str, str, list[object]], other: tuple[str, str, list[object]]
) -> None:
    before, after = document(one), document(other)
    assert bool(differences(before, after)) == (canonical(before) != canonical(after))
    assert "/" not in paths(before, after)


@given(TREES)
def test_canonical_xml_is_its_own_canonical_form(tree: tuple[str, str, list[object]]) -> None:
    form = canonical(document(tree))
    assert canonical(form) == form
    assert etree.fromstring(form).tag == tree[0]
