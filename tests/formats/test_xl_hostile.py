"""Hostile text of xl.cfg: one typed error, soon, that names the line."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.formats.xl_texts import documents
from xenvm.errors import ParseError
from xenvm.formats.xl import examine, parse_device, parse_disk, parse_pci, parse_xl_document
from xenvm.formats.xl.document import SIZE_LIMIT_BYTES

MIB = 1 << 20
pytestmark = pytest.mark.timeout(30)  # "soon": what takes the square of its length never ends


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("memory = os.system('x')", 1, "nothing is evaluated"),
        ("a = 1\nmemory = __import__('os')", 2, "nothing is evaluated"),
        ("import os", 1, "is no assignment"),
        ("\n\nif vcpus > 2: memory = 5", 3, "is no assignment"),
        ("memory = 2 * 256", 1, "after the value comes '\\* 256'"),
        ("name = 'a' % 1", 1, "after the value comes '% 1'"),
        ("name = 'a' 'b'", 1, "after the value comes \"'b'\""),
        ("memory = 0xFF", 1, "after the value comes 'FF'"),
        ("memory = 512M", 1, "after the value comes 'M'"),
        ("a = 1\nb = 18446744073709551616", 2, "past 64 bits"),
        ("b = -9223372036854775809", 1, "past 64 bits"),
        ("b = 0x10000000000000000", 1, "past 64 bits"),
        ("b = " + "9" * 200_000, 1, "past 64 bits"),
        ("b = 'x", 1, "not closed"),
        ("b = 'x\n'", 1, "not closed"),
        ("b = 'x\\'", 1, "not closed"),
        ('b = """x', 1, "not closed"),
        ("\nb = [1,\n2", 2, "not closed"),
        ("b = [1 2]", 1, "',' or ']' is missing before '2]'"),
        ("b = [,]", 1, "is no integer"),
        ("b =\n1", 1, "a value is missing"),
        ("b = \\\n1", 1, "is no integer"),
        ("b", 1, "is no assignment"),
        ("= 1", 1, "begins with a name"),
        ("[1]", 1, "begins with a name"),
        ("a = 1\na += [1]", 2, "adds a list to a string"),
        ("a = [" * 3 + "[" * 100_000, 1, "is no integer"),
        ("a = " + "[" * 100_000, 1, "nested deeper than 32"),
        ("a = 1\nb = '\0'", 2, "NUL"),
        ("# a comment\rmemory = 5\n", 1, "carriage return"),
        ("\ufeffa = 1", 1, "byte order mark"),
        ("a = 1\nb = '\ud800'", 2, "not UTF-8"),
        (b"a = 1\n# caf\xe9\n", 2, "not UTF-8"),
        (b"a = 1\nb = '\xff'", 2, "not UTF-8"),
        ("a = 1\n".encode("utf-16-le"), 1, "NUL"),
    ],
    ids=range(35),
)
def test_what_is_no_document_is_refused_by_line(text: str | bytes, line: int, problem: str) -> None:
    with pytest.raises(ParseError, match=problem) as refused:
        parse_xl_document(text)
    assert refused.value.line == line
    assert refused.value.text
    assert str(refused.value).startswith(f"line {line}: ")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("text", ["a = 1\n" * (100 * MIB // 6), b"\0" * (100 * MIB)])
def test_a_text_of_100_mb_is_refused_at_once(text: str | bytes) -> None:
    with pytest.raises(ParseError, match="longer than"):
        parse_xl_document(text)


@pytest.mark.parametrize(
    "unit",
    [
        *("a=1\n", "a+=1\n", "a=[1,", "a=", "a", "a=[", "[", "a='\\n'\n"),
        *("#", "#\n", "\n", ";", "'", '"', '"""', "\\"),
        "a" * 99 + "=0x1 #" + " " * 99 + "\n",
    ],
)
@pytest.mark.parametrize(("head", "tail"), [("", ""), ("a=[", "]"), ("a='", "'"), ("a=[#", "\n")])
def test_the_longest_texts_are_read_or_refused_in_time(unit: str, head: str, tail: str) -> None:
    room = SIZE_LIMIT_BYTES - len(head) - len(tail)
    text = head + unit * (room // len(unit)) + tail
    try:
        document = parse_xl_document(text)
    except ParseError as exc:
        assert exc.line is not None  # noqa: PT017 - the other outcome is fine, too
    else:
        assert str(document) == text


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"k{number} = 1" for number in range(20_000)),
        "a += [1]\n" * 25_000,
        "a = 1\n" * 40_000,
        "vif = [" + "'a=1'," * 40_000 + "]",
        "disk = ['" + "a," * 100_000 + "']",
        "disk = [" + "',,x'," * 20_000 + "]",
        "cpus = '" + "0-16383," * 30_000 + "'",
        "vnuma = [" + "['pnode=0']," * 20_000 + "]",
    ],
    ids=range(8),
)
def test_the_longest_documents_are_examined_in_time(text: str) -> None:
    document = parse_xl_document(text)
    examine(document)


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=200) | st.text(max_size=200))
@example(b"a=\xff")
def test_whatever_comes_nothing_but_a_parse_error_is_raised(text: str | bytes) -> None:
    try:
        document = parse_xl_document(text)
    except ParseError as exc:
        assert "\n" not in str(exc)  # noqa: PT017
    else:
        assert str(document) == (text if isinstance(text, str) else text.decode())


@settings(deadline=None, max_examples=20)
@given(documents(), st.data())
def test_a_damaged_document_raises_nothing_but_a_parse_error(
    text: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(place, len(text)))
    damaged = text[:place] + data.draw(st.text(max_size=3)) + text[end:]
    try:
        document = parse_xl_document(damaged)
    except ParseError:
        return
    assert str(document) == damaged
    examine(document)


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=60) | st.text("=,:@.* \t0ahdxvpy", max_size=60))
def test_no_device_raises_anything_but_a_parse_error(text: str) -> None:
    for parse in (parse_disk, parse_pci, lambda text: parse_device(text, "vif")):
        try:
            assert str(parse(text)) == text
        except ParseError as exc:
            assert exc.text == text[:1024]  # noqa: PT017
