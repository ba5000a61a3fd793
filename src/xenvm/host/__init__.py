"""A live host: Host, Domain, Bridge, the Dom0 shell, the inventory, the probe guest."""

from .bridge import Bridge
from .console import Console
from .domain import Domain
from .events import Subscription
from .host import Host, connect
from .saving import Saving
from .shell import CommandResult, HostShell
from .uri import HostKind, HostUri

__all__ = [
    "Bridge",
    "CommandResult",
    "Console",
    "Domain",
    "Host",
    "HostKind",
    "HostShell",
    "HostUri",
    "Saving",
    "Subscription",
    "connect",
]
