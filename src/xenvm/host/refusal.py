"""What neither Xen nor libvirt would take, refused before anybody is asked."""

from __future__ import annotations

from xenvm.errors import SpecError
from xenvm.model.domain import DomainConfig
from xenvm.model.findings import Severity


def refuse_errors(config: DomainConfig, *, below: str = "") -> None:
    """Refuse a config whose check finds an error.

    Args:
        config: What somebody wants.
        below: Only errors in the field with this name count; empty for all.

    Raises:
        SpecError: Names the first field that is wrong.
    """
    wrong = [
        finding
        for finding in config.check()
        if finding.severity is Severity.ERROR and finding.path.startswith(below)
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise SpecError(f"{wrong[0].path}: {wrong[0].message}{more}")
