"""The probe's kernel and initramfs on a host: built once per content, kept under its hash."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from xenvm.errors import BlockedError, CommandError, OutOfSpaceError
from xenvm.host.shell import HostShell

from .cpio import newc

DIRECTORY = "/var/lib/xenvm/probe"
BUSYBOX_PLACES = ("/bin/busybox", "/usr/bin/busybox", "/usr/bin/busybox-static")
MODULES = ("xen-blkfront", "xen-netfront", "xen-pcifront")
ELF = b"\x7fELF"
ELF_HEADER_BYTES = 64
PROGRAM_INTERPRETER = 3
DEADLINE_S = 180.0

ASK = f"""
release=$(uname -r)
kernel=/boot/vmlinuz-$release
[ -r "$kernel" ] || exit 3
echo "$release" "$(sha256sum <"$kernel" | cut -c1-64)"
ls {DIRECTORY} 2>/dev/null | sed 's/^/have /'
"""
"""Prints: release and kernel's hash; then what the cache holds."""

READ_MODULES = """
for name in %s; do
  modprobe --show-depends "$name" 2>/dev/null | sed -n 's/^insmod //p'
done | awk '!seen[$1]++ {print $1}' | while read -r file; do
  case $file in
  *.xz) content=$(xz -dc "$file" | base64 -w0) ;;
  *.zst) content=$(zstd -dcq "$file" | base64 -w0) ;;
  *.gz) content=$(gzip -dc "$file" | base64 -w0) ;;
  *) content=$(base64 -w0 "$file") ;;
  esac
  name=${file##*/}
  echo "${name%%.ko*}.ko $content"
done
"""

# libxl unpacks a kernel in Dom0 for each guest it starts; once is enough, and none where one
# unpacked lies beside it. Where none of the three packings fits, the kernel is used as it is.
INSTALL_KERNEL = """
cd %s
kernel=/boot/vmlinuz-$(uname -r)
unpacked=/boot/vmlinux-$(uname -r)
is_elf() { [ "$(head -c 4 "$1" | tail -c 3)" = ELF ]; }
try() { # MAGIC COMMAND…
  magic=$1; shift
  at=$(LC_ALL=C grep -aboP "$magic" "$kernel" | head -n 1 | cut -d: -f1)
  [ -n "$at" ] || return 1
  tail -c +$((at + 1)) "$kernel" | "$@" >kernel.tmp 2>/dev/null
  is_elf kernel.tmp
}
{ is_elf "$unpacked" && cp "$unpacked" kernel.tmp; } 2>/dev/null ||
  try '\\xFD7zXZ\\x00' xz -dc || try '\\x28\\xB5\\x2F\\xFD' zstd -dcq ||
  try '\\x1f\\x8b\\x08' gzip -dc || cp "$kernel" kernel.tmp
mv kernel.tmp kernel
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeImage:
    """Paths on the host from which probe guests boot.

    Attributes:
        kernel: The host's own kernel, unpacked.
        initrd: The probe's initramfs.
        release: The kernel's release.
    """

    kernel: str
    initrd: str
    release: str

    @property
    def packed_kernel(self) -> str:
        """Return the path of the kernel as the distribution packed it, which firmware boots."""
        return f"/boot/vmlinuz-{self.release}"


def deploy(shell: HostShell, *, drivers: Sequence[str] = ()) -> ProbeImage:
    """Return the probe's image on a host, building and uploading it first if it is not there.

    Args:
        shell: Dom0's shell.
        drivers: Modules of Dom0's kernel for what is passed through to the guest.

    Returns:
        The image; it stays on the host, for the next run.

    Raises:
        BlockedError: The host has no kernel to boot or cannot unpack its modules, or there is no
            static busybox to be had.
        OutOfSpaceError: Dom0 has no room for it; nothing of it was left.
        CommandError: A command in Dom0 failed.
    """
    asked = shell.run(ASK, deadline_s=DEADLINE_S, check=False)
    if asked.returncode != 0:
        raise BlockedError(
            "Dom0 has no /boot/vmlinuz of its running kernel to boot guests with: install that"
            " kernel's package there, or boot Dom0 with the one that is installed"
        )
    first, *rest = asked.stdout.splitlines()
    release, kernel_sha256 = first.split()
    static = {"bin/busybox": _busybox(shell), "init": _agent()}
    modules = (*MODULES, *drivers)
    name = _digest(release, kernel_sha256, static, modules)
    place = f"{DIRECTORY}/{name}"
    image = ProbeImage(kernel=f"{place}/kernel", initrd=f"{place}/initrd", release=release)
    if f"have {name}" not in rest:
        _install(shell, place, static, modules)
    return image


def _install(
    shell: HostShell, place: str, static: Mapping[str, bytes], modules: Sequence[str]
) -> None:
    """Fill a directory beside the final one and rename it, so that half of it never counts.

    Raises:
        OutOfSpaceError: Dom0 has no room for it; nothing of it was left.
        CommandError: A command in Dom0 failed otherwise.
    """
    building = f"{place}.building"
    try:
        _build(shell, building, {**static, **_modules(shell, modules)})
    except CommandError as exc:
        shell.run(f"rm -rf {building}", deadline_s=30)
        if "No space left" in exc.stderr:
            raise OutOfSpaceError(
                f"{DIRECTORY} in Dom0 has no room for a kernel and an initramfs: make room"
            ) from exc
        raise
    shell.run(f"rm -rf {place} && mv {building} {place}", deadline_s=30)


def _build(shell: HostShell, building: str, files: Mapping[str, bytes]) -> None:
    shell.run(f"rm -rf {building} && mkdir -p {building}", deadline_s=30)
    initrd = newc(files, directories=("bin", "modules", "dev", "proc", "sys"))
    shell.put_file(f"{building}/initrd", initrd, mode=0o644)
    shell.run(INSTALL_KERNEL % building, deadline_s=DEADLINE_S)


def _modules(shell: HostShell, names: Sequence[str]) -> dict[str, bytes]:
    said = shell.run(READ_MODULES % " ".join(map(shlex.quote, names)), deadline_s=DEADLINE_S).stdout
    rows = [line.partition(" ") for line in said.splitlines()]
    packed = [name for name, _, content in rows if not content]
    if packed:
        raise BlockedError(
            f"Dom0 cannot unpack its modules {', '.join(packed)}: install xz-utils, zstd or gzip"
            " there, as they are packed"
        )
    return {
        f"modules/{number:02d}-{name}": base64.b64decode(content)
        for number, (name, _, content) in enumerate(rows)
    }


def _agent() -> bytes:
    return resources.files("xenvm.host.probe").joinpath("agent.sh").read_bytes()


def _busybox(shell: HostShell) -> bytes:
    """Return a static busybox: this machine's, else the host's own.

    Raises:
        BlockedError: Neither has one.
    """
    places = [os.environ.get("XENVM_BUSYBOX", ""), *BUSYBOX_PLACES]
    for place in filter(None, places):
        path = Path(place)
        if path.is_file() and is_static(content := path.read_bytes()):
            return content
    for place in BUSYBOX_PLACES:
        try:
            said = shell.run(f"base64 -w0 {place}", deadline_s=DEADLINE_S).stdout
        except CommandError:
            continue
        if is_static(content := base64.b64decode(said)):
            return content
    raise BlockedError("no static busybox here: sudo apt-get install busybox-static")


def is_static(program: bytes) -> bool:
    """Return whether ``program`` is an x86-64 ELF that asks for no dynamic loader."""
    if program[:5] != ELF + b"\x02" or len(program) < ELF_HEADER_BYTES:
        return False
    table = int.from_bytes(program[32:40], "little")
    size = int.from_bytes(program[54:56], "little")
    count = int.from_bytes(program[56:58], "little")
    kinds = (program[table + n * size : table + n * size + 4] for n in range(count))
    return all(int.from_bytes(kind, "little") != PROGRAM_INTERPRETER for kind in kinds)


def _digest(
    release: str, kernel_sha256: str, static: Mapping[str, bytes], modules: Sequence[str]
) -> str:
    named = f"{release} {kernel_sha256} {INSTALL_KERNEL} {' '.join(modules)}"
    hashed = hashlib.sha256(named.encode())
    for name, content in sorted(static.items()):
        hashed.update(f"{name} {len(content)} ".encode() + content)
    return hashed.hexdigest()[:16]
