"""libvirt's storage pools and volumes ⇄ model; pure text."""

from __future__ import annotations

from xenvm.model.storage import StoragePoolConfig, StorageVolumeConfig

from .binding import format_element, read_document


def parse_storage_pool_xml(text: str | bytes) -> StoragePoolConfig:
    """Return the storage pool that ``text`` describes.

    Args:
        text: A libvirt ``<pool>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(StoragePoolConfig, text, "pool")


def format_storage_pool_xml(pool: StoragePoolConfig) -> str:
    """Return the libvirt document for ``pool``.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(pool, "pool")


def parse_storage_volume_xml(text: str | bytes) -> StorageVolumeConfig:
    """Return the volume that ``text`` describes.

    Args:
        text: A libvirt ``<volume>`` document, of at most 16 MiB.

    Raises:
        ParseError: It is no such document; names path, line and text.
    """
    return read_document(StorageVolumeConfig, text, "volume")


def format_storage_volume_xml(volume: StorageVolumeConfig) -> str:
    """Return the libvirt document for ``volume``.

    Raises:
        SpecError: The XML cannot say what a field says; names the field.
    """
    return format_element(volume, "volume")
