"""The probe's image: what of Dom0's goes into it."""

from __future__ import annotations

import base64

import pytest

from xenvm.errors import BlockedError
from xenvm.host.probe.image import _modules
from xenvm.host.shell import CommandResult, LocalShell

BYTES = b"a module"


class Told(LocalShell):
    """A shell in whose Dom0 every command prints the same."""

    def __init__(self, text: str):
        super().__init__()
        self._text = text

    def run(self, command: str, *_: str, **__: object) -> CommandResult:
        return CommandResult(command=command, returncode=0, stdout=self._text, stderr="")


def test_modules_are_taken_in_the_order_in_which_they_are_loaded() -> None:
    content = base64.b64encode(BYTES).decode()
    found = _modules(Told(f"xenbus.ko {content}\nxen-blkfront.ko {content}\n"), ("xen-blkfront",))
    assert found == {"modules/00-xenbus.ko": BYTES, "modules/01-xen-blkfront.ko": BYTES}


def test_a_module_that_dom0_cannot_unpack_is_named() -> None:
    with pytest.raises(BlockedError, match=r"cannot unpack its modules xen-blkfront\.ko: "):
        _modules(Told("xen-blkfront.ko \n"), ("xen-blkfront",))
