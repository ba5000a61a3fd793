"""Every rule on domains, asked."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from .domain_fields import DomainFields
from .domain_rules import boot, chardevs, devices, machine, screens, sizes, vbds, vnifs, words
from .domain_rules.limits import limit_findings
from .domain_rules.rulebook import RULES
from .findings import Finding
from .profile import Profile

RULE_MODULES: Sequence[ModuleType] = (
    words,
    sizes,
    boot,
    machine,
    vbds,
    vnifs,
    chardevs,
    screens,
    devices,
)
"""Importing them fills the register, in no order."""

DOMAIN_RULES = tuple(
    rule for module in RULE_MODULES for rule in RULES if rule.find.__module__ == module.__name__
)
"""Every rule that needs no profile, in the order in which they are asked."""

XEN = "xen"


def check_domain(config: DomainFields, profile: Profile | None = None) -> list[Finding]:
    """Return what is wrong with ``config``, in the order of the rules.

    Of another hypervisor's domain it says that it is one, and no more.

    Args:
        config: Read or made.
        profile: Its limits on a domain are held against ``config``, too.
    """
    ours = config.hypervisor == XEN
    rules = [rule for rule in DOMAIN_RULES if ours or rule.find is words.hypervisor_is_xen]
    findings = [finding for rule in rules for finding in rule.findings(config)]
    if profile is not None and ours:
        findings += limit_findings(config, profile)
    return findings
