"""What the lab needs of this machine: checked together, each with its cure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from xenvm.errors import CommandError, LabPrerequisiteError
from xenvm.processes import run, search_path

from .paths import cache_directory

DISK_LEAST_GIB = 4
MEMORY_SPARE_MIB = 512
"""What QEMU needs beside the memory of its machine."""

RUN_TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "ssh": "openssh-client",
}
BUILD_TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "ssh-keygen": "openssh-client",
    "tar": "tar",
}
ARCHIVE_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def check(*, memory_mib: int, building: bool) -> None:
    """Check everything that a lab needs, and name all that is missing at once.

    Args:
        memory_mib: Memory of the lab's machine.
        building: Whether an image must be built, which needs more.

    Raises:
        LabPrerequisiteError: Something is missing; one line and one cure for each.
    """
    missing = list(_missing_tools(RUN_TOOLS))
    missing += _missing_memory(memory_mib)
    if building:
        missing += _missing_for_building()
    if missing:
        raise LabPrerequisiteError(missing)


def _missing_tools(tools: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for tool, package in tools.items():
        if not shutil.which(tool, path=search_path()):
            yield f"no {tool}", f"sudo apt-get install --no-install-recommends {package}"


def _missing_memory(memory_mib: int) -> Iterator[tuple[str, str]]:
    available_mib = available_memory_mib()
    needed_mib = memory_mib + MEMORY_SPARE_MIB
    if available_mib is not None and available_mib < needed_mib:
        yield (
            f"{available_mib} MiB of memory is available, {needed_mib} MiB is needed",
            "end something, or give the lab less with --memory-mib",
        )


def available_memory_mib() -> int | None:
    """Return MemAvailable of this machine in MiB, or None where the kernel does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    value = facts.get("MemAvailable", "").split()
    return int(value[0]) // 1024 if value else None


def _missing_for_building() -> Iterator[tuple[str, str]]:
    yield from _missing_tools(BUILD_TOOLS)
    if not ARCHIVE_KEYRING.exists():
        yield (
            "no keys of the Debian archive",
            "sudo apt-get install --no-install-recommends debian-archive-keyring",
        )
    yield from _missing_disk()
    if os.geteuid() != 0:
        yield from _missing_user_namespaces()


def _missing_disk() -> Iterator[tuple[str, str]]:
    place = cache_directory()
    while not place.exists():
        place = place.parent
    free_gib = shutil.disk_usage(place).free / (1 << 30)
    if free_gib < DISK_LEAST_GIB:
        yield (
            f"{free_gib:.1f} GiB is free at {place}, {DISK_LEAST_GIB} GiB is needed",
            "free some, or set XENVM_CACHE_DIR to a larger disk",
        )


def _missing_user_namespaces() -> Iterator[tuple[str, str]]:
    try:
        run(["unshare", "--map-root-user", "--map-auto", "true"], deadline_s=10)
    except CommandError as exc:
        why = exc.stderr.splitlines()[-1] if exc.stderr else str(exc)
        yield (
            f"no user namespaces ({why})",
            "sudo apt-get install uidmap; sudo sysctl -w kernel.unprivileged_userns_clone=1"
            " kernel.apparmor_restrict_unprivileged_userns=0; or run as root",
        )
