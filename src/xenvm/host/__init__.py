"""A live host: Host, Domain, Bridge, the Dom0 shell, the inventory, the probe guest."""

from .bridge import Bridge
from .console import Console
from .definition import Definition
from .domain import Domain
from .events import Subscription
from .host import Host, connect
from .saving import Saving
from .shell import CommandResult, HostShell
from .uri import HostKind, HostUri
from .watch import Watch

__all__ = [
    "Bridge",
    "CommandResult",
    "Console",
    "Definition",
    "Domain",
    "Host",
    "HostKind",
    "HostShell",
    "HostUri",
    "Saving",
    "Subscription",
    "Watch",
    "connect",
]
