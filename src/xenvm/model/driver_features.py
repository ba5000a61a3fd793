"""What libvirt's drivers can do, as tables that are asked before a call is made.

Source:
    The function tables and flag checks of libvirt's libxl_driver.c and test_driver.c, 9.0 and 11.3;
    tests/lab calls each on a live host and sees that the table tells the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from xenvm.errors import NotSupportedError


class Feature(StrEnum):
    """What a driver may lack; its value ends the sentence «the driver cannot …»."""

    START_PAUSED = "start a domain paused"
    SHUTDOWN_VIA = "choose how a guest is asked to end"
    DUMP_LIVE = "dump a core while the guest runs on"
    CONSOLE = "open a console"
    JOB_PROGRESS = "tell how a job goes"
    ABORT_JOB = "abort a job"
    MIGRATE = "migrate a domain"
    MIGRATE_MAX_SPEED = "limit a migration's speed"
    MIGRATE_MAX_DOWNTIME = "limit a migration's downtime"
    MIGRATE_POST_COPY = "switch a migration to post-copy"
    ALL_DOMAIN_STATS = "count for all domains in one call"
    BLOCK_INFO = "tell the size of a VBD"
    BLOCK_RESIZE = "resize a VBD"
    BLOCK_PEEK = "read a VBD's blocks"
    BLOCK_COMMIT = "merge the layers of a VBD's image"
    BLOCK_IO_TUNE = "limit a VBD's rate"
    BLKIO_PARAMETERS = "weigh a domain's block I/O"
    INTERFACE_PARAMETERS = "change a VNIF's rate while the guest runs"
    MEMORY_PARAMETERS = "set a domain's memory limits apart from its memory"
    SINGLE_VCPU = "switch a single vCPU on or off"
    PIN_EMULATOR = "pin a domain's emulator"
    IO_THREADS = "give a domain I/O threads"
    DETACH_BY_ALIAS = "detach a device by its alias"
    SNAPSHOT = "snapshot a domain"
    CHECKPOINT = "make checkpoints of a domain"
    BACKUP = "back a domain's VBDs up"
    RENAME = "rename a domain"
    RESET = "reset a domain"
    SEND_KEY = "press keys in a guest"
    SCREENSHOT = "take a picture of a guest's screen"
    SAVE_IMAGE_XML = "tell what a save file holds"
    RESTORE_WITH_XML = "restore a domain as another"
    DUMP_FORMAT = "choose a core's format"
    GUEST_HOSTNAME = "ask a guest for its name"
    GUEST_INFO = "ask a guest for its users, file systems and time zone"
    GUEST_TIME = "set a guest's clock"
    GUEST_PASSWORD = "set a guest's passwords"  # noqa: S105 # a sentence, not a password
    GUEST_FREEZE = "freeze a guest's file systems"
    NODE_CPU_STATS = "count for the host's CPUs"
    NODE_MEMORY_STATS = "count for the host's memory"
    NODE_CPU_MAP = "tell which of the host's CPUs are online"
    CONNECTION_SECURITY = "tell whether the connection is encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFeatures:
    """What one driver has and lacks.

    Attributes:
        name: The driver, as it is named in errors.
        lacks: What it cannot do, and what to do instead; may be empty.
    """

    name: str
    lacks: Mapping[Feature, str]

    def has(self, feature: Feature) -> bool:
        """Return whether it can do this."""
        return feature not in self.lacks

    def refusal(self, feature: Feature) -> str:
        """Return the sentence that refuses what it lacks; empty for what it has."""
        if self.has(feature):
            return ""
        cure = self.lacks[feature]
        return f"{self.name} cannot {feature}" + (f": {cure}" if cure else "")

    def require(self, feature: Feature) -> None:
        """Refuse what it lacks, before it is asked.

        Raises:
            NotSupportedError: It lacks this; says what to do instead.
        """
        if not self.has(feature):
            raise NotSupportedError(self.refusal(feature))


LIBXL = DriverFeatures(
    name="libvirt's libxl driver",
    lacks={
        Feature.ABORT_JOB: "give the call a deadline",
        Feature.MIGRATE_MAX_SPEED: "limit it on the network between the hosts",
        Feature.MIGRATE_MAX_DOWNTIME: "",
        Feature.MIGRATE_POST_COPY: "",
        Feature.ALL_DOMAIN_STATS: "take a sample of the host",
        Feature.BLOCK_INFO: "ask Dom0 for the size of what is behind it",
        Feature.BLOCK_RESIZE: "resize what is behind it in Dom0, and attach it anew",
        Feature.BLOCK_PEEK: "read what is behind it in Dom0",
        Feature.BLOCK_COMMIT: "use qemu-img in Dom0 while the domain is shut off",
        Feature.BLOCK_IO_TUNE: "",
        Feature.BLKIO_PARAMETERS: "",
        Feature.INTERFACE_PARAMETERS: "attach it anew with another rate",
        Feature.MEMORY_PARAMETERS: "set its memory and its most memory",
        Feature.SINGLE_VCPU: "set how many it has",
        Feature.PIN_EMULATOR: "",
        Feature.IO_THREADS: "",
        Feature.DETACH_BY_ALIAS: "name it by its target or its MAC address",
        Feature.SNAPSHOT: "snapshot its volumes in Dom0",
        Feature.CHECKPOINT: "",
        Feature.BACKUP: "snapshot its volumes in Dom0",
        Feature.RENAME: "define it anew while it is shut off",
        Feature.RESET: "reboot it, or destroy and start it",
        Feature.SEND_KEY: "use its screen over VNC",
        Feature.SCREENSHOT: "use its screen over VNC",
        Feature.SAVE_IMAGE_XML: "keep the domain's config beside the file",
        Feature.RESTORE_WITH_XML: "restore it as what it was",
        Feature.DUMP_FORMAT: "it is an ELF file, as Xen writes it",
        Feature.GUEST_HOSTNAME: "ask inside the guest",
        Feature.GUEST_INFO: "ask inside the guest",
        Feature.GUEST_TIME: "set it inside the guest",
        Feature.GUEST_PASSWORD: "set them inside the guest",
        Feature.GUEST_FREEZE: "freeze them inside the guest",
        Feature.NODE_CPU_STATS: "take a sample of the host",
        Feature.NODE_MEMORY_STATS: "ask for the host's free memory",
        Feature.NODE_CPU_MAP: "take the host's inventory",
        Feature.CONNECTION_SECURITY: "",
    },
)

TEST = DriverFeatures(
    name="libvirt's test driver",
    lacks=dict.fromkeys(
        (
            Feature.START_PAUSED,
            Feature.SHUTDOWN_VIA,
            Feature.DUMP_LIVE,
            Feature.CONSOLE,
            Feature.JOB_PROGRESS,
            Feature.ABORT_JOB,
            Feature.MIGRATE,
            Feature.MIGRATE_MAX_SPEED,
            Feature.MIGRATE_MAX_DOWNTIME,
            Feature.MIGRATE_POST_COPY,
            Feature.BLOCK_RESIZE,
            Feature.BLOCK_PEEK,
            Feature.BLOCK_COMMIT,
            Feature.SINGLE_VCPU,
            Feature.DETACH_BY_ALIAS,
            Feature.BACKUP,
            Feature.RESTORE_WITH_XML,
            Feature.GUEST_INFO,
            Feature.NODE_MEMORY_STATS,
        ),
        "use a lab",
    ),
)
"""Later releases of libvirt have a little more of it; nothing here leans on that."""
