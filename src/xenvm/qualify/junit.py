"""junit.xml: one test case per requirement, for the tools that read such files."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from xenvm.model.verdict import Verdict, VerdictKind

from .results import Results

JUNIT_FILE = "junit.xml"

_ELEMENTS = {
    VerdictKind.FAIL: "failure",
    VerdictKind.BROKEN: "error",
    VerdictKind.BLOCKED: "skipped",
    VerdictKind.NOT_OBSERVABLE: "skipped",
    VerdictKind.NOT_APPLICABLE: "skipped",
}
"""What a verdict is in JUnit's terms; a pass and a warning have no element."""

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Results) -> str:
    """Return the document; its first property is the evidence class."""
    conclusions = results.all_conclusions
    elements = [_ELEMENTS.get(c.verdict.kind) for c in conclusions]
    suite = ET.Element(
        "testsuite",
        name=f"{results.evidence} evidence: {results.profile.name} on {results.target}",
        tests=str(len(conclusions)),
        failures=str(elements.count("failure")),
        errors=str(elements.count("error")),
        skipped=str(elements.count("skipped")),
        time=f"{results.duration_s:.3f}",
        timestamp=results.started,
        hostname=results.host.hostname or "",
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("evidence", "verdict", "tier", "run_id"):
        ET.SubElement(properties, "property", name=name, value=str(getattr(results, name)))
    for conclusion in conclusions:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"xenvm.{results.profile.name}",
            name=f"{conclusion.requirement.id} {conclusion.requirement.title}",
            time=f"{conclusion.verdict.duration_s:.3f}",
        )
        _tell(case, conclusion.verdict)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return _plain(ET.tostring(root, encoding="unicode", xml_declaration=True)) + "\n"


def _tell(case: ET.Element, verdict: Verdict) -> None:
    element = _ELEMENTS.get(verdict.kind)
    compared = f"observed {verdict.observed}, expected {verdict.expected} {verdict.unit}".rstrip()
    if element:
        message = f"{verdict.kind}: {verdict.detail or compared}"
        ET.SubElement(case, element, message=message).text = compared
    out = "\n".join(f"$ {e.command}\n{e.output}" for e in verdict.evidence)
    if out:
        ET.SubElement(case, "system-out").text = out


def _plain(text: str) -> str:
    """Return ``text`` without what XML cannot carry."""
    return _NOT_XML.sub("�", text)
