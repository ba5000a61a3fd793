"""Any device that xl.cfg describes in a string, by the key that it stands under."""

from __future__ import annotations

from .disk import parse_disk
from .pci import parse_pci
from .spec import XlSpec, parse_spec


def parse_device(text: str, name: str) -> XlSpec:
    """Return the device that ``text`` describes.

    Args:
        text: One string of a list such as ``vif=``.
        name: The key; one of :data:`~xenvm.formats.xl.spec_grammars.SPEC_GRAMMARS`.

    Raises:
        ParseError: It is no such device, or no device has that name.
    """
    if name == "disk":
        return parse_disk(text).spec
    return parse_pci(text).spec if name == "pci" else parse_spec(text, name)
