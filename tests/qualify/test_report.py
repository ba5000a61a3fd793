from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.model.verdict import Evidence, Observed, Tier, Verdict, VerdictKind
from xenvm.qualify.junit import _plain, junit_xml
from xenvm.qualify.report import (
    duration_text,
    estimate_text,
    moment_text,
    percent_of_limit,
    report_html,
    shown,
)
from xenvm.qualify.results import Results

MakeResults = Callable[..., Results]
HOSTILE = "<script>alert(1)</script>\"'&\x00\x1b[31m<img src=x onerror=alert(1)>"


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - we wrote it


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def hostile_verdict() -> Verdict:
    return Verdict(
        requirement_id="WP-3.4-12",
        kind=VerdictKind.FAIL,
        observed=HOSTILE,
        expected=HOSTILE,
        unit=HOSTILE,
        source=HOSTILE,
        detail=HOSTILE,
        evidence=(Evidence(command=HOSTILE, output=HOSTILE * 100),),
        tier=Tier.FULL,
    )


def test_the_report_is_whole_html_in_one_file(make_results: MakeResults) -> None:
    page = Tags(report_html(make_results()))
    assert page.open == []
    assert len(page.ids) == len({*page.ids})
    assert not {"script", "link", "iframe", "img", "object", "form"} & {*page.tags}
    addresses = [v for n, v in page.attributes if n in {"href", "src", "action"}]
    assert addresses
    assert all(v and v.startswith("#") and v[1:] in page.ids for v in addresses)
    assert "url(" not in report_html(make_results())
    assert "@import" not in report_html(make_results())


def test_hostile_words_stay_words(make_results: MakeResults) -> None:
    html = report_html(make_results(hostile_verdict()))
    page = Tags(html)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "&lt;script&gt;" in html


def test_a_hostile_host_name_stays_a_word(make_results: MakeResults) -> None:
    results = make_results()
    results = replace(results, host=replace(results.host, hostname=HOSTILE), target=HOSTILE)
    assert "script" not in Tags(report_html(results)).tags
    parsed(junit_xml(results))


def test_evidence_class_and_verdict_come_first(make_results: MakeResults) -> None:
    body = report_html(make_results(tier=Tier.QUICK)).partition("<body>")[2]
    words = re.sub(r"<[^>]+>", " ", body).split()
    assert words[:2] == ["Nested", "evidence"]
    assert words.index("Qualified") < words.index("The", words.index("Qualified"))
    assert "(quick)" in words


def test_failures_stand_open_with_their_evidence_and_how_to_see_them(
    make_results: MakeResults,
) -> None:
    failed = Verdict(
        requirement_id="WP-3.4-12",
        kind=VerdictKind.FAIL,
        observed=97,
        expected=128,
        unit="bridges",
        evidence=(Evidence(command="ip -o link", output="the 97 bridges"),),
    )
    html = report_html(make_results(failed))
    finding = html[html.index('<details class="finding fail" id="WP-3.4-12" open') :]
    finding = finding[: finding.index("</details>")]
    for words in ("97 bridges", "128 bridges", "the 97 bridges", "By hand", "xl info"):
        assert words in finding


def test_what_was_not_asked_is_listed(make_results: MakeResults) -> None:
    results = make_results()
    page = report_html(replace(results, conclusions=results.conclusions[1:]))
    left_out = page.partition("What this run did not ask")[2].partition("</section>")[0]
    assert results.conclusions[0].requirement.id in left_out


def test_what_a_nested_host_cannot_show_is_listed(make_results: MakeResults) -> None:
    html = report_html(make_results())
    section = html[html.index("What a nested host cannot show") :]
    assert "WP-3.4-01" in section[: section.index("</section>")]


@pytest.mark.parametrize(
    ("observed", "expected", "percent"),
    [
        (64, 128, 50),
        (128, 128, 100),
        (1024, "at least 1024", 100),
        (3, "≤ 2", 150),
        ("yes", "no", None),
        (True, 1, None),
        (1, 0, None),
        (None, 128, None),
        (0, 128, 0),
    ],
)
def test_a_bar_shows_how_near_the_limit_a_count_came(
    observed: Observed, expected: Observed, percent: int | None
) -> None:
    assert percent_of_limit(observed, expected) == percent


def test_values_and_times_are_for_people() -> None:
    assert shown(None) == "—"
    assert shown(True) == "yes"
    assert shown(1.5, "GiB") == "1.5 GiB"
    assert duration_text(0.2) == estimate_text(0.2) == "under 1 s"
    assert estimate_text(61) == "about 1 min 1 s"
    assert duration_text(61) == "1 min 1 s"
    assert moment_text("2026-11-26T23:03:07.734Z") == "2026-11-26 23:03:07 UTC"
    assert moment_text("") == ""


def test_junit_has_a_case_for_every_requirement(make_results: MakeResults) -> None:
    broken = Verdict(requirement_id="WP-3.4-04", kind=VerdictKind.BROKEN, detail="it broke")
    suite = parsed(junit_xml(make_results(hostile_verdict(), broken)))[0]
    cases = suite.findall("testcase")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "1", "1")
    assert len(cases) == 6
    assert [len(suite.findall(f".//{name}")) for name in ("failure", "error", "skipped")] == [1] * 3
    assert "nested evidence" in str(suite.get("name"))


@given(st.text())
def test_junit_is_xml_whatever_the_host_says(text: str) -> None:
    element = ET.Element("x", name=text)
    element.text = text
    parsed(_plain(ET.tostring(element, encoding="unicode")))
