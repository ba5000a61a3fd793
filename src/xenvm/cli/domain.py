"""xenvm domain: check, diff, convert; the commands for live domains are in modules of their own."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xenvm import formats
from xenvm.errors import ParseError, SpecError
from xenvm.formats.unmodelled import unmodelled_differences
from xenvm.formats.unmodelled_check import check_unmodelled
from xenvm.model.comparison import Difference, differences
from xenvm.model.domain import DomainConfig
from xenvm.model.findings import Finding, Severity
from xenvm.spec import load_profile

from . import domain_devices, domain_life, domain_set, domain_watch
from .plain import HIDDEN, SECRET_FIELDS, plain, plain_text

CHECK_SCHEMA = "xenvm-domain-check/1"
DIFF_SCHEMA = "xenvm-domain-diff/1"
FILE_MAX_BYTES = 16 * 1024 * 1024
STDIN = "-"
UNMODELLED_SHOWN = 5

PARSERS: Mapping[str, Callable[[bytes], DomainConfig]] = {
    "xml": formats.parse_domain_xml,
    "xl": formats.parse_xl_config,
}
FORMATTERS: Mapping[str, Callable[[DomainConfig], str]] = {
    "xml": formats.format_domain_xml,
    "xl": formats.format_xl_config,
}
LOST: Mapping[str, Callable[[DomainConfig], list[str]]] = {
    "xml": formats.lost_in_xml,
    "xl": formats.lost_in_xl,
}
"""What does not get into a format."""

COLOUR = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


@click.group()
def command() -> None:
    """Domains on a host, and as files: list, start, stop; check, compare, convert.

    FILE is a domain's description, in a format that is told by what is in it; - is standard input.
    HOST defaults to $XENVM_HOST, else to lab.

    \b
    Examples:
      xenvm domain list lab
      xenvm domain check guest.xml
    """


for live_command in (
    domain_life.list_command,
    domain_life.show_command,
    domain_life.start_command,
    domain_life.stop_command,
    domain_devices.attach,
    domain_devices.detach,
    domain_watch.console_command,
    domain_watch.top_command,
    domain_set.command,
):
    command.add_command(live_command)


@command.command("check", short_help="Say what is wrong with a description.")
@click.argument("file")
@click.option("--profile", "profile_name", help="Hold a profile's limits against it, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check_command(file: str, profile_name: str | None, as_json: bool) -> None:
    """Say what is wrong with a domain's description, and where that is written.

    An error is what Xen or libvirt refuses, or silently leaves out; a warning is what loses
    something. Exit status: 0 no errors, 1 errors, 2 no such file, or not a domain's.

    \b
    Examples:
      xenvm domain check guest.xml
      xenvm domain check guest.xml --profile rhel5-xen-pv --json
    """
    profile = load_profile(profile_name) if profile_name else None
    _, config = read_config(file)
    findings = [*config.check(profile), *check_unmodelled(config)]
    if as_json:
        document = {
            "schema": CHECK_SCHEMA,
            "file": file,
            "domain": config.name,
            "profile": profile.name if profile else None,
            "findings": [asdict(finding) for finding in findings],
        }
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        _show_findings(config.name or file, findings)
    raise SystemExit(any(finding.severity is Severity.ERROR for finding in findings))


@command.command("diff", short_help="Say what differs between two descriptions.")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def diff_command(old: str, new: str, as_json: bool) -> None:
    """Say what differs between two domains' descriptions, in the field's terms.

    VBDs are matched by their target and VNIFs by their MAC address, not by their order. What has no
    field is told by its XML path. Exit status as diff's: 0 the same, 1 different, 2 bad input.

    \b
    Examples:
      xenvm domain diff before.xml after.xml
      xenvm domain diff before.xml after.xml --json
    """
    old_format, ours = read_config(old)
    new_format, theirs = read_config(new)
    found = differences(ours, theirs)
    if old_format == new_format:
        found += unmodelled_differences(ours, theirs)
    if as_json:
        document = {
            "schema": DIFF_SCHEMA,
            "old": old,
            "new": new,
            "differences": [_difference_to_json(difference) for difference in found],
        }
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        _show_differences(old, new, found)
    raise SystemExit(bool(found))


@command.command("convert")
@click.argument("file")
@click.option(
    "--to",
    "to_format",
    type=click.Choice(list(FORMATTERS)),
    required=True,
    help="libvirt's XML, or an xl.cfg.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file, not to standard output.",
)
def convert_command(file: str, to_format: str, output: Path | None) -> None:
    """Write a domain's description in another format.

    In its own format it comes out as it went in. What another format has no word for does not get
    into it, and is named on standard error.

    \b
    Examples:
      xenvm domain convert guest.cfg --to xml
      xenvm domain convert guest.xml --to xml --output copy.xml
    """
    from_format, config = read_config(file)
    try:
        text = FORMATTERS[to_format](config).rstrip("\n") + "\n"
    except SpecError as exc:
        raise SpecError(f"{file}: {exc}") from exc
    if from_format != to_format:
        _tell_lost(file, to_format, LOST[to_format](config))
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def read_config(file: str) -> tuple[str, DomainConfig]:
    """Return the format of a file, or of standard input, and the domain that it describes.

    Raises:
        ParseError: It is too big, or no domain's description; names file and line.
    """
    if file == STDIN:
        data, name = sys.stdin.buffer.read(FILE_MAX_BYTES + 1), "standard input"
    else:
        name = file
        with Path(file).open("rb") as stream:
            data = stream.read(FILE_MAX_BYTES + 1)
    if len(data) > FILE_MAX_BYTES:
        raise ParseError(f"{name}: a domain's description has at most {FILE_MAX_BYTES} bytes")
    found = format_of(data)
    if found not in PARSERS:
        raise ParseError(f"{name}: this is no domain's description: give libvirt's XML")
    try:
        return found, PARSERS[found](data)
    except ParseError as exc:
        line = "" if exc.line is None else f":{exc.line}"
        said = str(exc).removeprefix(f"line {exc.line}: ")
        raise ParseError(
            f"{name}{line}: {said}", path=exc.path, text=exc.text, line=exc.line
        ) from exc


def format_of(data: bytes) -> str:
    """Return the format that ``data`` is in: ``xml`` if it begins with a tag, else ``xl``."""
    # UTF-16 has zeros around its first "<", and every UTF may have a mark before it.
    begin = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    return "xml" if begin.startswith(b"<") else "xl"


def _difference_to_json(difference: Difference) -> dict[str, object]:
    return {
        "path": difference.path,
        "old": plain(_open(difference, difference.old)),
        "new": plain(_open(difference, difference.new)),
        "modelled": difference.is_modelled,
    }


def _open(difference: Difference, value: object) -> object:
    """Return a value that anybody may see."""
    secret = difference.path.rpartition(".")[2] in SECRET_FIELDS
    return HIDDEN if secret and value is not None else value


def _show_findings(name: str, findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, markup=False)
    if findings:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("field", overflow="fold", max_width=24)
        table.add_column("", no_wrap=True)
        table.add_column("what is wrong, and where it is written", overflow="fold")
        for finding in findings:
            said = Text(finding.message).append(f"\n{finding.source}", style="dim")
            severity = Text(finding.severity, style=COLOUR[finding.severity])
            table.add_row(finding.path, severity, said)
        console.print(table)
        console.print()
    counts = Counter(finding.severity for finding in findings)
    console.print(f"{name}: {_counted(counts)}")


def _counted(counts: Counter[Severity]) -> str:
    said = [
        f"{counts[severity]} {severity}{'s' if counts[severity] > 1 else ''}"
        for severity in Severity
        if counts[severity]
    ]
    return ", ".join(said) or "nothing is wrong"


def _show_differences(old: str, new: str, found: Sequence[Difference]) -> None:
    console = Console(highlight=False, markup=False)
    if not found:
        console.print(f"{old} and {new} describe the same domain", soft_wrap=True)
        return
    console.print(f"A: {old}\nB: {new}\n", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("field", overflow="fold", max_width=30)
    table.add_column("A", overflow="fold")
    table.add_column("B", overflow="fold")
    for difference in found:
        style = "" if difference.is_modelled else "dim"
        values = (_open(difference, value) for value in (difference.old, difference.new))
        table.add_row(difference.path, *map(plain_text, values), style=style)
    console.print(table)


def _tell_lost(file: str, to_format: str, paths: Sequence[str]) -> None:
    if paths:
        more = "" if len(paths) <= UNMODELLED_SHOWN else ", …"
        shown = ", ".join(paths[:UNMODELLED_SHOWN]) + more
        click.echo(f"xenvm: {file}: not carried into {to_format}: {shown}", err=True)
