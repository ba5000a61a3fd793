"""Texts of xl.cfg for Hypothesis to draw: all that either xl or libvirt reads."""

from __future__ import annotations

from hypothesis import strategies as st

from xenvm.formats.xl import XlInput

_LETTERS = "ab09 \t,;=#[]-+.:é€\N{GRINNING FACE}\v\f\x1b\x85\u2028"

KEYS = st.sampled_from(["a", "b", "c_1", "memory", "disk", "vif", "Name.X"])
LINE_TEXT = st.text(_LETTERS + "'\"\\", max_size=8)
BLANKS = st.sampled_from(["", " ", "\t", "  "])
ANY_TEXT = st.text(_LETTERS + "'\"\\\n\r", max_size=8)

INTEGERS = st.integers(-(2**63), 2**64 - 1)
VALUES: st.SearchStrategy[XlInput] = st.recursive(
    INTEGERS | ANY_TEXT, lambda inner: st.lists(inner, max_size=4), max_leaves=8
)

_PLAIN = st.text(_LETTERS, max_size=6)
_ESCAPES = st.sampled_from(["\\n", "\\\\", "\\'", '\\"', "\\p", "\\x41", "\\012"])
_CONTENT = st.lists(_PLAIN | _ESCAPES, max_size=3).map("".join)
_SCALARS = st.one_of(
    _CONTENT.map(lambda text: f'"{text}"'),
    _CONTENT.map(lambda text: f"'{text}'"),
    st.builds(lambda a, b: f'"""{a}\n{b}"""', _PLAIN, _PLAIN),
    st.integers(0, 2**64 - 1).map(str),
    st.integers(0, 2**64 - 1).map(hex),
    st.sampled_from(["010", "-5", "+7", "0", "12ab", "0x", "08"]),
)


@st.composite
def fills(draw: st.DrawFn) -> str:
    """Blanks, ends of lines and comments, such as stand in a list."""
    pieces = st.sampled_from([" ", "\t", "\n"]) | LINE_TEXT.map(lambda text: f"#{text}\n")
    return "".join(draw(st.lists(pieces, max_size=3)))


@st.composite
def list_texts(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """A list with its layout."""
    items = draw(st.lists(inner, max_size=4))
    written = [draw(fills()) + item + draw(fills()) for item in items]
    trailing = draw(st.sampled_from(["", ","])) if items else ""
    return "[" + (",".join(written) or draw(fills())) + trailing + draw(fills()) + "]"


VALUE_TEXTS = st.recursive(_SCALARS, list_texts, max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A whole text, which may or may not end its last line."""
    text = ""
    count = draw(st.integers(0, 6))
    for place in range(count):
        text += "".join(
            draw(st.lists(st.sampled_from(["\n", " ", ";", "# a\n", "\t"]), max_size=3))
        )
        text += draw(KEYS) + draw(BLANKS) + "=" + draw(BLANKS) + draw(VALUE_TEXTS) + draw(BLANKS)
        comment = "#" + draw(LINE_TEXT) + "\n"
        ends = ["\n", ";", comment] if place + 1 < count else ["\n", ";", comment, "", "#x"]
        text += draw(st.sampled_from(ends))
    if not text.endswith("#x"):
        text += draw(st.sampled_from(["", "\n", "  # the end", "\n\n# the end\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
