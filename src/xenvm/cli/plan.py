"""xenvm plan: what a qualification would do."""

from __future__ import annotations

import json

import click

from xenvm import spec
from xenvm.host.inventory import gather
from xenvm.model.profile import CheckKind
from xenvm.model.verdict import EvidenceClass, Tier
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.plan import Circumstances, Step, Will, make_plan, plan_to_json, total_s
from xenvm.qualify.report import estimate_text
from xenvm.qualify.run import asked_requirements
from xenvm.target import open_host

from .live_host import HOST
from .progress import lab_progress


@click.command("plan")
@HOST
@click.option("--profile", default="fujitsu-2008", show_default=True, help="A name or a path.")
@click.option(
    "--tier",
    type=click.Choice([t.value for t in Tier]),
    default="quick",
    show_default=True,
    help="As for qualify.",
)
@click.option("--to", "peer", default="", metavar="HOST", help="A second host, as for qualify.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(host: str, profile: str, tier: str, peer: str, as_json: bool) -> None:
    """Show what a qualification of HOST would run, what is blocked and why, and how long it takes.

    Touches nothing on the host.

    \b
    Example:
      xenvm plan xen+ssh://root@host/system --tier full
    """
    asked = spec.load_host_profile(profile)
    with lab_progress() as report, open_host(host, report=report) as live:
        inventory = gather(live)
        circumstances = Circumstances(
            inventory=inventory,
            profile=asked,
            tier=Tier(tier),
            rules=spec.evaluate(inventory, asked),
            volume_groups=Dom0(live, host).volume_groups(),
        )
    steps = make_plan(
        asked_requirements(asked, Tier(tier), (), hosts=2 if peer else 1), circumstances
    )
    if as_json:
        click.echo(json.dumps({"evidence": inventory.evidence.value, **plan_to_json(steps)}))
    else:
        _show(inventory.evidence, steps)


def _show(evidence: EvidenceClass, steps: tuple[Step, ...]) -> None:
    click.echo(f"{evidence} evidence")
    width = max(len(step.requirement.id) for step in steps)
    for step in steps:
        requirement = step.requirement
        click.echo(f"{requirement.id:<{width}}  {_deed(step):<22}  {requirement.title}")
        if step.why:
            click.echo(f"{'':<{width}}  {step.why}")
    blocked = sum(step.will is Will.BLOCKED for step in steps)
    click.echo(f"{estimate_text(total_s(steps))}; {blocked} blocked")


def _deed(step: Step) -> str:
    """Return what is done about a requirement, such as ``live, about 30 s``."""
    if step.will is not Will.RUN:
        return step.will.value.replace("-", " ")
    if step.requirement.check is CheckKind.STATIC:
        return "rule"
    return f"live, {estimate_text(step.estimate_s)}"
