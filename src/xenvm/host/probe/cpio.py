"""An initramfs as bytes: the "newc" cpio that Linux unpacks at boot."""

from __future__ import annotations

from collections.abc import Mapping

EXECUTABLE = 0o100755
DIRECTORY = 0o040755
ALIGNMENT = 4


def newc(files: Mapping[str, bytes], directories: tuple[str, ...] = ()) -> bytes:
    """Return a cpio archive of executable files and empty directories, all root's.

    Source:
        The Linux kernel's "initramfs buffer format": 13 fields of 8 hex digits after the magic.
    """
    entries = [_entry(name, DIRECTORY, b"", number) for number, name in enumerate(directories, 1)]
    first = len(directories) + 1
    entries += [
        _entry(name, EXECUTABLE, content, number)
        for number, (name, content) in enumerate(files.items(), first)
    ]
    return b"".join([*entries, _entry("TRAILER!!!", 0, b"", 0)])


def _entry(name: str, mode: int, content: bytes, inode: int) -> bytes:
    links = 1
    fields = [inode, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + "".join(f"{field:08x}" for field in fields).encode()
    return _padded(header + name.encode() + b"\0") + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % ALIGNMENT)
