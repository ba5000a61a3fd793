"""What a domain may be given to drive itself, as far as its description tells."""

from __future__ import annotations

import contextlib
from typing import cast

import pytest

from xenvm.errors import NotSupportedError
from xenvm.host._libvirt import RawDomain
from xenvm.host.connection import Connection
from xenvm.host.domain_hostdevs import DomainHostdevs
from xenvm.host.plug import Plug
from xenvm.host.shell import NoShell
from xenvm.model.domain import DomainConfig
from xenvm.model.hostdev import Hostdev
from xenvm.model.quantities import PciAddress

PLAIN = DomainConfig(name="web", memory_kib=1 << 17, passthrough=None)
MAPPED = DomainConfig(name="web", memory_kib=1 << 17, passthrough=True)
OWNER = DomainConfig(
    name="web", memory_kib=1 << 17, hostdevs=(Hostdev(pci=PciAddress.parse("0000:03:00.0")),)
)


def hostdevs(domid: int | None) -> DomainHostdevs:
    plug = Plug(
        name="web",
        uuid="",
        connection=cast("Connection", None),
        shell=NoShell(),
        raw=lambda: cast("RawDomain", None),
        config=lambda: PLAIN,
        domid=lambda: domid,
    )
    return DomainHostdevs(plug)


@pytest.mark.parametrize(
    ("config", "domid", "refused"),
    [(PLAIN, 7, True), (PLAIN, None, False), (MAPPED, 7, False), (OWNER, 7, False)],
)
def test_a_running_guest_takes_a_function_only_if_it_was_started_for_one(
    config: DomainConfig, domid: int | None, *, refused: bool
) -> None:
    told = pytest.raises(NotSupportedError, match="set passthrough in its definition")
    with told if refused else contextlib.nullcontext():
        hostdevs(domid)._refuse_unmapped(config)
