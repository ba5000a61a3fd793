"""What an xl.cfg said beyond the model: the whole document, and what was read out of it."""

from __future__ import annotations

from dataclasses import dataclass

from xenvm.formats.xl import XlDocument
from xenvm.model.domain import DomainConfig
from xenvm.model.residue import Modelled, Residue


@dataclass(frozen=True, slots=True, kw_only=True)
class XlResidue(Residue):
    """The document that a config was read from, and the config as it was read.

    Attributes:
        document: The document; its comments, order, quotes and unknown keys stay.
        read: What was read, without a residue of its own.
    """

    document: XlDocument
    read: DomainConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class XlItemResidue(Residue):
    """The string that a device was read from, and the device as it was read.

    Attributes:
        text: The string, such as ``mac=…,bridge=…``.
        read: What was read, without a residue of its own.
    """

    text: str
    read: Modelled
