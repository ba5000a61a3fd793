"""xenvm schedule: check, apply, run, unit."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime, time
from importlib import resources
from pathlib import Path

import click

from xenvm.errors import ScheduleFileError, SpecError, UsageError, XenvmError
from xenvm.formats.schedule_toml import SCHEDULE_MAX_BYTES, parse_clock, parse_schedule
from xenvm.formats.systemd_unit import unit_word
from xenvm.model.reallocation import Step, check_schedule
from xenvm.model.schedule import Period, ResourceSchedule
from xenvm.waiting import pause

from .live_host import AS_JSON, HOST, live_host, print_json

CHECK_SCHEMA = "xenvm-schedule-check/1"
APPLY_SCHEMA = "xenvm-schedule-apply/1"
UNIT_FILE = "xenvm-schedule.service"
EVERY_S = 60.0
"""How long a domain may have what the schedule does not say, such as after its reboot."""

FILE = click.argument("file", type=click.Path(path_type=Path))
AT = click.option("--at", "clock", metavar="HH:MM", help="As if it were that time of day.")


@click.group()
def command() -> None:
    """Who has how much of a host at which time of day.

    FILE has a table for each period, with its start and what each domain has then.

    \b
    Example:
      xenvm schedule check day-and-night.toml lab
    """


@command.command("check")
@FILE
@HOST
@AS_JSON
def check_command(file: Path, host: str, as_json: bool) -> None:
    """Say what of a schedule the host cannot give; change nothing.

    Exit status: 0 it can give all of it, 1 it cannot, 2 no such file, or no schedule.

    \b
    Example:
      xenvm schedule check day-and-night.toml lab --json
    """
    from xenvm.host.reallocation import read_shares  # noqa: PLC0415 - --help needs no libvirt

    schedule = read_schedule(file)
    names = {name for period in schedule.periods for name in period.allocations}
    with live_host(host, f"looking at what {host} has") as live:
        found = check_schedule(read_shares(live, sorted(names)), schedule)
    if as_json:
        findings = [asdict(finding) for finding in found]
        print_json({"schema": CHECK_SCHEMA, "findings": findings})
    else:
        for finding in found:
            click.echo(f"{finding.path}: {finding.message}")
        if not found:
            click.echo(f"{host} can give all of it")
    raise SystemExit(bool(found))


@command.command("apply")
@FILE
@HOST
@AT
@AS_JSON
def apply_command(file: Path, host: str, clock: str | None, as_json: bool) -> None:
    """Give each domain what the schedule says for now.

    Checked against the host before anything changes; what is given back comes first, so that
    nothing is handed out twice; when a step fails, those before it are undone.

    \b
    Examples:
      xenvm schedule apply day-and-night.toml lab
      xenvm schedule apply day-and-night.toml lab --at 22:00
    """
    period = read_schedule(file).at(_moment(clock))
    steps = apply_period(period, host)
    if as_json:
        document = {
            "schema": APPLY_SCHEMA,
            "period": period.name,
            "steps": [asdict(step) for step in steps],
        }
        print_json(document)
    else:
        _say(period, steps)


@command.command("run", short_help="Hold the host to the schedule until stopped.")
@FILE
@HOST
@AT
@click.option("--rounds", type=click.IntRange(1), help="End after looking so many times.")
def run_command(file: Path, host: str, clock: str | None, rounds: int | None) -> None:
    """Hold the host to the schedule, looking once a minute, until it is stopped.

    A domain that was rebooted, or started by somebody else, so gets its cap back. A host that
    cannot be reached, or a step that fails, is told and tried again.

    \b
    Example:
      xenvm schedule run day-and-night.toml xen:///system
    """
    schedule = read_schedule(file)
    done = 0
    while rounds is None or done < rounds:
        if done:
            pause(EVERY_S)
        done += 1
        period = schedule.at(_moment(clock))
        try:
            steps = apply_period(period, host)
        except XenvmError as exc:
            # Who is not there at first was written wrongly; who goes later may come again.
            if done == 1 and isinstance(exc, UsageError):
                raise
            click.echo(f"xenvm: {period.name}: {exc}; trying again", err=True)
            continue
        if steps or done == 1:
            _say(period, steps)
        sys.stdout.flush()


@command.command("unit", short_help="Print a systemd unit that runs a schedule.")
@FILE
@HOST
def unit_command(file: Path, host: str) -> None:
    """Print a systemd unit that holds HOST to a schedule from boot on.

    \b
    Example:
      xenvm schedule unit /etc/xenvm/day-and-night.toml xen:///system
    """
    read_schedule(file)
    template = resources.files("xenvm.cli").joinpath(UNIT_FILE).read_text(encoding="utf-8")
    program = Path(sys.argv[0]).absolute()
    words = [str(program), "schedule", "run", str(file.absolute()), host]
    click.echo(template.replace("@COMMAND@", " ".join(map(unit_word, words))), nl=False)


def read_schedule(file: Path) -> ResourceSchedule:
    """Return the schedule in a file.

    Raises:
        ScheduleFileError: It is too big, no text, or no schedule; names file, table and key.
    """
    with file.open("rb") as stream:
        data = stream.read(SCHEDULE_MAX_BYTES + 1)
    try:
        return parse_schedule(data.decode("utf-8"), file=str(file))
    except UnicodeDecodeError as exc:
        raise ScheduleFileError(f"{file}: this is no UTF-8 text: {exc.reason}") from exc


def apply_period(period: Period, host: str) -> tuple[Step, ...]:
    """Return the steps that it took to give each domain on HOST what it has in a period."""
    from xenvm.host.reallocation import reallocate  # noqa: PLC0415 - --help needs no libvirt

    with live_host(host, f"giving out what {host} has") as live:
        steps = reallocate(live, period.allocations)
        live.put_back_caps()
        return steps


def _moment(clock: str | None) -> time:
    try:
        return parse_clock(clock) if clock else datetime.now().astimezone().time()
    except SpecError as exc:
        raise UsageError(f"--at: {exc}") from exc


def _say(period: Period, steps: tuple[Step, ...]) -> None:
    if not steps:
        click.echo(f"{period.name}: all is as it shall be")
    for step in steps:
        click.echo(f"{period.name}: {step}")
