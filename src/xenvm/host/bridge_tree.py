"""A look at which guest of a host hangs on which NIC."""

from __future__ import annotations

import re

from xenvm.formats.dom0_network import parse_vifs
from xenvm.formats.link_json import parse_bridges, parse_links
from xenvm.formats.xenstore import parse_xenstore
from xenvm.model.bridge_tree import BridgeTree, bridge_tree

from .shell import HostShell

# iproute2 prints all its JSON on the first line.
_LOOK = """\
ip -json -details address show
xenstore-ls -f /local/domain 2>/dev/null |
  grep -E '^/local/domain/([0-9]+/name|0/backend/vif/.*) = '
:
"""
_NAME = re.compile(r"/local/domain/(\d+)/name")


def look_at_tree(shell: HostShell) -> BridgeTree:
    """Return the tree of a host's bridges: one round trip.

    Raises:
        ParseError: Dom0 printed something else than was asked for.
        NotSupportedError: The host is simulated.
    """
    links, _, xenstore = shell.run(_LOOK).stdout.lstrip().partition("\n")
    names = {
        int(match[1]): name
        for path, name in parse_xenstore(xenstore).items()
        if (match := _NAME.fullmatch(path))
    }
    return bridge_tree(parse_bridges(links), parse_links(links), parse_vifs(xenstore), names)
