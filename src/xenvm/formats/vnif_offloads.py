"""What both ends of a VNIF leave to each other, as xenstore tells; pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping

ASK = (
    "xenstore-ls -f /local/domain/%s/device/vif/0; xenstore-ls -f /local/domain/0/backend/vif/%s/0"
)
"""Prints what :func:`parse_offloads` reads, of a guest's first VNIF; takes its domid twice."""

_FEATURE = re.compile(
    r"^/local/domain/\d+/(?P<end>device|backend)/vif/[\d/]+/"
    r'feature-(?P<name>sg|gso-\w+|[\w-]*csum-offload) = "(?P<value>[01])"',
    re.MULTILINE,
)
_ENDS = {"device": "guest", "backend": "dom0"}


def parse_offloads(text: str) -> Mapping[str, float]:
    """Return what each end takes from the other, such as ``guest_gso_tcpv4``: 1 for yes, 0 for no.

    Args:
        text: What :data:`ASK` printed; an end that tells nothing of an offload has none here.

    Source:
        Xen, xen/include/public/io/netif.h: an end that has ``feature-gso-tcpv4`` takes segments
        larger than the MTU, and one that has ``feature-no-csum-offload`` no packets without a
        checksum.
    """
    return {
        f"{_ENDS[found['end']]}_{found['name'].replace('-', '_')}": float(found["value"])
        for found in _FEATURE.finditer(text)
    }
