"""The guest that xenvm brings along: a kernel of the host's own and one small agent.

The protocol is described in docs/reference/probe-protocol.md and typed in ``protocol``.
"""

from .guest import ProbeGuest
from .image import ProbeImage, deploy
from .protocol import Beat, Hello, Reply, pattern
from .tools import ToolsDisk, deploy_tools

__all__ = [
    "Beat",
    "Hello",
    "ProbeGuest",
    "ProbeImage",
    "Reply",
    "ToolsDisk",
    "deploy",
    "deploy_tools",
    "pattern",
]
