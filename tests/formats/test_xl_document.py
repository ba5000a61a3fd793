"""The text of xl.cfg: nothing is lost, and an edit moves nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.xl_texts import ANY_TEXT, KEYS, VALUE_TEXTS, VALUES, documents
from xenvm.errors import SpecError
from xenvm.formats.xl import (
    XlDocument,
    XlInput,
    XlValue,
    format_xl_document,
    parse_xl_document,
)

TEXT = """\
# a web server
name = "web"   # its name
type='pv'; vcpus=2
memory   =  512

disk = [
    'phy:/dev/vg/web,xvda,w',  # the root
    "file:/srv/web.img,xvdb,r",
]
vif = [ '' ]
# the end
"""


def frozen(value: XlInput) -> XlValue:
    if isinstance(value, (int, str)):
        return value
    return tuple(frozen(item) for item in value)


@settings(deadline=None, max_examples=30)
@given(documents())
def test_formatting_and_setting_what_is_there_give_the_text_back(text: str) -> None:
    document = parse_xl_document(text)
    assert format_xl_document(document) == str(document) == text
    assert parse_xl_document(text.encode()) == document
    assert hash(parse_xl_document(text)) == hash(document)
    for key in document.keys:
        value = document.get(key)
        assert value is not None
        assert document.set(key, value) is document


@settings(deadline=None, max_examples=20)
@given(documents(), KEYS, VALUES)
def test_setting_a_key_changes_its_last_entry_only(text: str, key: str, value: XlInput) -> None:
    before = parse_xl_document(text)
    after = before.set(key, value)
    assert after.get(key) == frozen(value)
    again = parse_xl_document(str(after))
    assert again == after
    places = [place for place, entry in enumerate(before.entries) if entry.key == key]
    if not places:
        assert [(e.key, e.text) for e in after.entries[:-1]] == [
            (e.key, e.text) for e in before.entries
        ]
        assert str(after).startswith(text)
    else:
        changed = places[-1]
        assert [e for p, e in enumerate(after.entries) if p != changed] == [
            e for p, e in enumerate(before.entries) if p != changed
        ]
        assert (after.entries[changed].before, after.entries[changed].after, after.tail) == (
            before.entries[changed].before,
            before.entries[changed].after,
            before.tail,
        )


@settings(deadline=None, max_examples=20)
@given(documents(), KEYS)
def test_a_key_that_is_taken_out_leaves_the_others(text: str, key: str) -> None:
    before = parse_xl_document(text)
    after = before.without(key)
    assert parse_xl_document(str(after)) == after
    assert after.keys == tuple(name for name in before.keys if name != key)
    assert all(after.get(name) == before.get(name) for name in after.keys)


@settings(deadline=None, max_examples=30)
@given(VALUES)
def test_a_value_reads_back_as_it_was_written(value: XlInput) -> None:
    assert parse_xl_document(str(XlDocument().set("a", value))).get("a") == frozen(value)


@settings(deadline=None, max_examples=30)
@given(VALUE_TEXTS, st.lists(st.integers(0, 9) | ANY_TEXT, max_size=5), st.data())
def test_a_list_keeps_the_items_that_stay(
    text: str, extra: list[XlInput], data: st.DataObject
) -> None:
    document = parse_xl_document(f"a = {text}")
    old = document.get("a")
    items = list(old) if isinstance(old, tuple) else []
    new = data.draw(st.permutations([*items, *extra]))
    count = data.draw(st.integers(0, len(new)))
    wanted = tuple(frozen(item) for item in new[:count])
    changed = document.set("a", wanted)
    assert changed.get("a") == wanted
    assert parse_xl_document(str(changed)) == changed


@pytest.mark.parametrize(
    ("value", "old", "new"),
    [
        (["phy:/dev/vg/web,xvda,w"], '\n    "file:/srv/web.img,xvdb,r",', ","),
        (["phy:/dev/vg/web,xvda,w", "x"], '"file:/srv/web.img,xvdb,r"', '"x"'),
        (["y", "file:/srv/web.img,xvdb,r"], "'phy:/dev/vg/web,xvda,w'", "'y'"),
        (
            ["phy:/dev/vg/web,xvda,w", "file:/srv/web.img,xvdb,r", "z"],
            '"file:/srv/web.img,xvdb,r",',
            "\"file:/srv/web.img,xvdb,r\", 'z',",
        ),
    ],
)
def test_an_edited_list_keeps_layout_comments_and_quotes(
    value: list[str], old: str, new: str
) -> None:
    text = TEXT
    edited = str(parse_xl_document(text).set("disk", value))
    if len(value) == 1:
        kept = "'phy:/dev/vg/web,xvda,w',\n]"
        assert kept in edited
        assert edited.startswith(text[: text.index("disk")])
        return
    assert edited == text.replace(old, new)


def test_an_edited_scalar_keeps_its_quotes_and_its_comment() -> None:
    document = parse_xl_document(TEXT)
    assert str(document.set("name", "db")) == TEXT.replace('"web"   #', '"db"   #')
    assert str(document.set("type", "pvh")) == TEXT.replace("'pv'", "'pvh'")
    assert str(document.set("memory", 1024)) == TEXT.replace("512", "1024")


def test_a_new_key_goes_to_the_end() -> None:
    assert str(parse_xl_document(TEXT).set("maxmem", 1024)) == TEXT + "maxmem = 1024\n"
    assert str(parse_xl_document("a=1").set("b", [])) == "a=1\nb = [ ]\n"
    assert str(parse_xl_document("a=1\r\n#").set("b", True)) == "a=1\r\n#\r\nb = 1\r\n"
    assert str(XlDocument().set("a", 1)) == "a = 1\n"


def test_a_key_is_taken_out_with_its_line() -> None:
    document = parse_xl_document(TEXT)
    assert str(document.without("name")) == TEXT.replace('name = "web"   # its name\n', "")
    assert str(document.without("type")) == TEXT.replace("type='pv';", "")
    assert str(document.without("vcpus")) == TEXT.replace("vcpus=2", "")
    assert str(document.without("memory")) == TEXT.replace("memory   =  512\n", "")
    assert document.without("nothing") == document


def test_keys_have_values_lines_and_an_order() -> None:
    document = parse_xl_document(TEXT)
    assert document.keys == tuple(document) == ("name", "type", "vcpus", "memory", "disk", "vif")
    assert [document.line_of(key) for key in document.keys] == [2, 3, 3, 4, 6, 10]
    assert "vif" in document
    assert "maxmem" not in document
    assert (document.get("maxmem"), document.atoms("maxmem")) == (None, None)
    assert document.line_of("maxmem") is None
    assert document.get("vif") == ("",)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1f", 31),
        ("010", 8),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("18446744073709551615", 2**64 - 1),
        ("12ab", "12ab"),
        ("0x", "0x"),
        ("08", "08"),
        (r"'a\'b'", "a'b"),
        (r'"a\n\t\\"', "a\n\t\\"),
        (r'"C:\path"', r"C:\path"),
        (r'"\x41\101"', r"\x41\101"),
        ("'it \"is\"'", 'it "is"'),
        ('"""a\'"\nb\\n"""', "a'\"\nb\\n"),
        ("[]", ()),
        ("[ # none\n ]", ()),
        ("[1,'a',[0x2,],]", (1, "a", (2,))),
        ("[\n1\n,\n2\n]", (1, 2)),
    ],
)
def test_a_value_means_what_xl_or_else_libvirt_reads(text: str, value: XlValue) -> None:
    assert parse_xl_document(f"key = {text} # comment").get("key") == value


def test_of_a_key_given_twice_the_last_counts_and_all_are_kept() -> None:
    document = parse_xl_document("a=1\na='x'\nb=1\na=[3]\n")
    assert document.get("a") == (3,)
    assert len(document.entries_of("a")) == 1
    assert str(document.set("a", 4)) == "a=1\na='x'\nb=1\na=4\n"
    assert str(document.without("a")) == "b=1\n"


def test_what_is_added_to_a_key_counts() -> None:
    document = parse_xl_document("a=['x']\na += ['y']\nb='1'\nb+=2\nc+=5\n")
    assert document.get("a") == ("x", "y")
    assert document.get("b") == "12"
    assert document.get("c") == 5
    assert str(document.set("a", ["z"])) == "a=['x']\na = ['z']\nb='1'\nb+=2\nc+=5\n"
    assert document.set("a", ["x", "y"]) is document


def test_integers_are_kept_as_xl_keeps_them_too() -> None:
    document = parse_xl_document("a = [0x10, '0x10', [007]]")
    assert document.get("a") == (16, "0x10", (7,))
    assert document.atoms("a") == ("0x10", "0x10", ("007",))


@pytest.mark.parametrize("key", ["", "1a", "a-b", "a b", "a\n", "ä", "=", "x" * 10 + "\0"])
def test_what_is_no_key_cannot_be_set(key: str) -> None:
    with pytest.raises(SpecError, match="is no key"):
        XlDocument().set(key, 1)


@pytest.mark.parametrize("value", ["\0", "\ud800", 2**64, -(2**63) - 1, ["a", ["\0"]]])
def test_what_no_file_can_hold_cannot_be_set(value: XlInput) -> None:
    with pytest.raises(SpecError):
        XlDocument().set("a", value)


def test_lists_too_deep_cannot_be_set() -> None:
    value: XlInput = []
    for _ in range(40):
        value = [value]
    with pytest.raises(SpecError, match="nested deeper"):
        XlDocument().set("a", value)
