"""The kernel of xl.cfg, and the firmware that runs before it in an HVM guest."""

from __future__ import annotations

from collections.abc import Iterator

from xenvm.formats.xl import XlDocument
from xenvm.model.boot import Loader
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import Firmware, GuestType

from .lens import Fields, Keys, Lens
from .source import Source

PFLASH, ROM = "pflash", "rom"

_KINDS = {
    "ovmf": Firmware.EFI,
    "uefi": Firmware.EFI,
    "bios": Firmware.BIOS,
    "seabios": Firmware.BIOS,
    "rombios": Firmware.BIOS,
}
_BIOS_WORDS = {Firmware.EFI: "ovmf", Firmware.BIOS: "seabios"}
_FIRMWARE_WORDS = {Firmware.EFI: "uefi", Firmware.BIOS: "bios"}


def is_hvmloader(path: str | None) -> bool:
    """Return whether a path is that of hvmloader, which each HVM guest runs first anyhow."""
    return path is not None and path.rpartition("/")[2] == "hvmloader"


def _read(source: Source) -> Fields:
    """Return kernel, kind of firmware and its file.

    For HVM, a ``kernel`` called hvmloader, as xm wanted it, is the loader: xl passes over it, too.
    A kind without ``bios_path_override`` leaves the file to the host. A word for a PV guest's
    ``firmware``, such as ``pvgrub64``, has no place in the model.

    Source:
        xen 4.17 tools/xl/xl_parse.c; libvirt 11.3.0 src/libxl/xen_xl.c and xen_xm.c.
    """
    kernel = source.string("kernel")
    if not source.is_hvm:
        return {"kernel": kernel}
    word = source.string("firmware") or ""
    kind = _KINDS.get(word) or _KINDS.get(source.string("bios") or "")
    override = source.string("bios_path_override")
    if kind is Firmware.EFI and override:
        said = {"loader": Loader(path=override, kind=PFLASH, readonly=True)}
    else:
        custom = (word if word not in _KINDS else "") or source.string("firmware_override")
        path = custom or (kernel if is_hvmloader(kernel) else None)
        said = {"loader": Loader(path=path, kind=ROM)} if path else {}
    is_direct = kernel is not None and not is_hvmloader(kernel)
    return {**said, "firmware": None if "loader" in said and override else kind} | (
        {"kernel": kernel} if is_direct else {}
    )


def _write(config: DomainConfig, document: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM:
        return {"kernel": config.kernel}
    loader = config.loader or Loader()
    if loader.path and (loader.kind == PFLASH or config.firmware == Firmware.EFI):
        return {"kernel": config.kernel, "bios": "ovmf", "bios_path_override": loader.path}
    return {
        "kernel": config.kernel or _loader_as_kernel(loader, document),
        **_kind(config, document),
        "firmware_override": None if is_hvmloader(loader.path) else loader.path,
    }


def _kind(config: DomainConfig, document: XlDocument) -> Keys:
    """Return the kind of firmware, by the key that the document has for it."""
    kind = config.firmware
    if kind not in set(Firmware):
        return {}
    if document.get("firmware") in _KINDS:
        return {"firmware": _FIRMWARE_WORDS[Firmware(kind)]}
    return {"bios": _BIOS_WORDS[Firmware(kind)]}


def _loader_as_kernel(loader: Loader, document: XlDocument) -> str | None:
    """Return hvmloader's path where the document has one, as xm did."""
    has_one = is_hvmloader(str(document.get("kernel") or ""))
    return loader.path if has_one and is_hvmloader(loader.path) else None


def _unsaid(source: Source) -> Iterator[str]:
    """Yield the loader that a PV guest gets by name."""
    if not source.is_hvm and source.string("firmware"):
        yield "firmware"


FIRMWARE = (
    Lens(
        fields=("kernel", "firmware", "loader"),
        keys=("kernel", "bios", "bios_path_override", "firmware", "firmware_override"),
        read=_read,
        write=_write,
        unsaid=_unsaid,
    ),
)
