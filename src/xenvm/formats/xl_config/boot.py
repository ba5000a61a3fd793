"""What a guest boots with in xl.cfg: kernel and command line, boot loader, order, ACPI tables."""

from __future__ import annotations

from xenvm.formats.xl import XlDocument
from xenvm.model.boot import AcpiTable
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import BootDevice, GuestType

from .lens import Fields, Keys, Lens, text_key
from .source import Source

BOOT_LETTERS = {
    "a": BootDevice.FLOPPY,
    "c": BootDevice.DISK,
    "d": BootDevice.CDROM,
    "n": BootDevice.NETWORK,
}
_LETTERS = {str(device): letter for letter, device in BOOT_LETTERS.items()}

SLIC = "slic"
"""The kind of ACPI table that every libvirt takes; ``rawset`` is new in 11.2, and means the same
to Xen."""


def _read_cmdline(source: Source) -> Fields:
    """Return ``cmdline``, or what older files split into ``root`` and ``extra``."""
    root, extra = source.string("root"), source.string("extra")
    split = " ".join(part for part in (root and f"root={root}", extra) if part)
    line = source.string("cmdline") if "cmdline" in source.present else split
    return {"cmdline": line} if line else {}


def _write_cmdline(config: DomainConfig, document: XlDocument) -> Keys:
    """Return ``cmdline``, or the split form in a document that has it, as far as it fits."""
    line = config.cmdline
    if line is None or "cmdline" in document or not ({"root", "extra"} & set(document.keys)):
        return {"cmdline": line}
    if "root" not in document:
        return {"extra": line}
    root, _, extra = line.removeprefix("root=").partition(" ")
    if not line.startswith("root=") or not root:
        return {"cmdline": line}
    return {"root": root, "extra": extra or None}


def _read_bootloader_args(source: Source) -> Fields:
    """Return what the boot loader is told: of a list, its strings with blanks between.

    ``bootargs``, which is xm's and libvirt's, counts where ``bootloader_args`` is not there; xl
    does not read it.
    """
    atoms = source.atoms("bootloader_args")
    words = (atoms,) if isinstance(atoms, str) else source.strings("bootloader_args")
    text = " ".join(words) if atoms is not None else source.string("bootargs")
    return {"bootloader_args": text} if text else {}


def _write_bootloader_args(config: DomainConfig, document: XlDocument) -> Keys:
    text = config.bootloader_args
    if not text:
        return {}
    if isinstance(document.atoms("bootloader_args"), str):
        return {"bootloader_args": text}
    if "bootargs" in document and "bootloader_args" not in document:
        return {"bootargs": text}
    return {"bootloader_args": text.split()}


def _read_boot(source: Source) -> Fields:
    """Return what HVM boots from; a letter that nobody knows stays one."""
    letters = source.string("boot") if source.is_hvm else None
    return {"boot": tuple(BOOT_LETTERS.get(letter, letter) for letter in letters or "")}


def _write_boot(config: DomainConfig, _: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM:
        return {}
    letters = (_LETTERS.get(str(device), str(device)) for device in config.boot)
    return {"boot": "".join(letter for letter in letters if len(letter) == 1) or None}


def _read_acpi_tables(source: Source) -> Fields:
    path = source.string("acpi_firmware") if source.is_hvm else None
    return {"acpi_tables": (AcpiTable(kind=SLIC, path=path),)} if path else {}


def _write_acpi_tables(config: DomainConfig, _: XlDocument) -> Keys:
    if config.guest_type != GuestType.HVM or not config.acpi_tables:
        return {}
    return {"acpi_firmware": config.acpi_tables[0].path}


BOOT = (
    text_key("initrd", "ramdisk"),
    Lens(
        fields=("cmdline",),
        keys=("cmdline", "root", "extra"),
        read=_read_cmdline,
        write=_write_cmdline,
    ),
    text_key("bootloader", "bootloader"),
    Lens(
        fields=("bootloader_args",),
        keys=("bootloader_args", "bootargs"),
        read=_read_bootloader_args,
        write=_write_bootloader_args,
    ),
    Lens(fields=("boot",), keys=("boot",), read=_read_boot, write=_write_boot),
    Lens(
        fields=("acpi_tables",),
        keys=("acpi_firmware",),
        read=_read_acpi_tables,
        write=_write_acpi_tables,
    ),
)
