"""Looking at what a host has for a domain that is to move."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from xenvm.formats.dom0_movement import disk_identities, feature_words, marked_lines, version_of
from xenvm.formats.dom0_xl import parse_info
from xenvm.host import Host
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DiskBacking
from xenvm.model.movement import Means

LOOK_DEADLINE_S = 60.0
_LOCAL_BACKINGS = frozenset({DiskBacking.BLOCK, DiskBacking.FILE})


def means_of(host: Host, config: DomainConfig) -> Means:
    """Return what ``host`` has for the domain that ``config`` describes.

    Raises:
        CommandError: Dom0 could not tell.
        NotSupportedError: The host is simulated.
    """
    script = resources.files("xenvm.movement").joinpath("means.sh").read_text(encoding="utf-8")
    words = list(_questions(config))
    command = "sh -s --" + " %s" * len(words)
    said = host.shell.run(command, *words, stdin=script, deadline_s=LOOK_DEADLINE_S).stdout
    marked = marked_lines(said)
    domains = host.list_domains()
    return Means(
        host=marked.get("named", ("",))[0] or host.hostname,
        machine_id=marked.get("machine-id", ("",))[0],
        xen_version=version_of(said),
        hw_caps=feature_words(said),
        virt_caps=frozenset(parse_info(said).get("virt_caps", "").split()),
        free_memory_kib=host.free_memory_kib,
        bridges=frozenset(marked.get("bridge", ())),
        files=frozenset(marked.get("file", ())),
        disks=disk_identities(marked.get("disk", ())),
        names=frozenset(key for one in domains for key in (one.name, str(one.uuid))),
        macs=frozenset({v.mac for v in config.vnifs if v.mac} & host.devices.macs_in_use()),
    )


def local_disks(config: DomainConfig) -> Iterator[str]:
    """Yield the devices and images in Dom0 that the domain has as disks."""
    for vbd in config.vbds:
        if vbd.source and vbd.backing in _LOCAL_BACKINGS:
            yield vbd.source


def boot_files(config: DomainConfig) -> Iterator[str]:
    """Yield the files in Dom0 that the domain boots from."""
    loader = config.loader.path if config.loader else None
    for path in (config.kernel, config.initrd, loader):
        if path and path.startswith("/"):
            yield path


def bridges(config: DomainConfig) -> Iterator[str]:
    """Yield the bridges that the domain's VNIFs are plugged into."""
    for vnif in config.vnifs:
        if vnif.bridge:
            yield vnif.bridge


def _questions(config: DomainConfig) -> Iterator[str]:
    yield from (f"bridge:{name}" for name in bridges(config))
    yield from (f"file:{path}" for path in boot_files(config))
    yield from (f"disk:{path}" for path in local_disks(config))
