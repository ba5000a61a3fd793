"""The text of xl.cfg(5) and of the older xm: parsed, never evaluated; edited, nothing else moved.

A document is read with :func:`parse_xl_document`, which keeps every byte; keys have the types of
:data:`XL_KEYS`, :func:`examine` says what is odd. Devices have values of their own.
"""

from __future__ import annotations

from .cpu_list import CpuItem, CpuItemKind, XlCpuList
from .device import parse_device
from .disk import XlDisk, parse_disk
from .document import XlDocument, XlEntry, format_xl_document, parse_xl_document
from .grammar import XlAtoms, XlInput, XlValue
from .keys import XL_KEYS, KeyStatus, XlKey
from .lookup import (
    FindingKind,
    XlFinding,
    examine,
    read_boolean,
    read_cpus,
    read_integer,
    read_specs,
    read_string,
    read_strings,
)
from .pci import XlPci, parse_pci
from .serial_port import XlSerialPort
from .spec import ParameterStyle, SpecParameter, XlSpec
from .spec_grammars import SPEC_GRAMMARS, SpecGrammar
from .value_types import ValueKind, ValueType
from .vif_rate import VifRate

__all__ = [
    "SPEC_GRAMMARS",
    "XL_KEYS",
    "CpuItem",
    "CpuItemKind",
    "FindingKind",
    "KeyStatus",
    "ParameterStyle",
    "SpecGrammar",
    "SpecParameter",
    "ValueKind",
    "ValueType",
    "VifRate",
    "XlAtoms",
    "XlCpuList",
    "XlDisk",
    "XlDocument",
    "XlEntry",
    "XlFinding",
    "XlInput",
    "XlKey",
    "XlPci",
    "XlSerialPort",
    "XlSpec",
    "XlValue",
    "examine",
    "format_xl_document",
    "parse_device",
    "parse_disk",
    "parse_pci",
    "parse_xl_document",
    "read_boolean",
    "read_cpus",
    "read_integer",
    "read_specs",
    "read_string",
    "read_strings",
]
