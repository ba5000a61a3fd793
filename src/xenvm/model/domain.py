"""A domain as it is described, whoever described it."""

from __future__ import annotations

from dataclasses import dataclass

from .domain_check import check_domain
from .domain_fields import DomainFields
from .findings import Finding
from .profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainConfig(DomainFields):
    """What a domain is made of.

    What is not said is left to libvirt: it gives a PV guest a console, a memory balloon and input
    devices, and an HVM guest ACPI only where it is asked for.
    """

    def check(self, profile: Profile | None = None) -> list[Finding]:
        """Return what is wrong with it, by Xen, by libvirt and by the limits of ``profile``."""
        return check_domain(self, profile)
