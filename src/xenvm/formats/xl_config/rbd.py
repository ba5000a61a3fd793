r"""Images of Ceph's RBD as a disk's target: ``rbd:pool/image:mon_host=a\:6789\;b``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xenvm.model.vbd import DiskHost

PROTOCOL = "rbd"
_OPTION = re.compile(r":(?=[a-z_]+=)")
_HOST = re.compile(r"\\?;")
_ADDRESS = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<name>[^\\:]*))(?:\\?:(?P<port>[0-9]{1,5}))?")


def is_rbd(target: str) -> bool:
    """Return whether a disk's target is such an image."""
    return target.startswith(f"{PROTOCOL}:")


def parse_rbd(target: str) -> tuple[str, tuple[DiskHost, ...]]:
    """Return the image's name and who serves it.

    Raises:
        ValueError: A host is none.

    Source:
        libvirt 9.0.0 src/libxl/xen_xl.c and src/storage_file/storage_source.c.
    """
    name, *options = _OPTION.split(target.removeprefix(f"{PROTOCOL}:"))
    said = dict(option.partition("=")[::2] for option in options)
    monitors = said.get("mon_host", "")
    return name, tuple(_hosts(_HOST.split(monitors) if monitors else ()))


def _hosts(texts: Sequence[str]) -> Iterator[DiskHost]:
    for text in texts:
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:60]!r} is no host of RBD")
        name = found["name"] if found["six"] is None else found["six"].replace("\\:", ":")
        yield DiskHost(name=name, port=int(found["port"]) if found["port"] else None)


def format_rbd(name: str, hosts: Sequence[DiskHost]) -> str:
    r"""Return the target; hosts are escaped as libvirt does it, ``mon_host=a\:6789\;b``."""
    target = f"{PROTOCOL}:{name}:auth_supported=none"
    monitors = "\\;".join(map(_written, hosts))
    return f"{target}:mon_host={monitors}" if monitors else target


def _written(host: DiskHost) -> str:
    name = host.name or ""
    shown = "[" + name.replace(":", "\\:") + "]" if ":" in name else name
    return shown if host.port is None else f"{shown}\\:{host.port}"
