"""What a host's guests can be, and what they can have."""

from __future__ import annotations

import pytest

from xenvm.model.capabilities import Capabilities, GuestCapabilities
from xenvm.model.domain_capabilities import CapabilityEnum, Support
from xenvm.model.kinds import GuestType


@pytest.mark.parametrize(
    ("os_type", "guest_type"),
    [
        ("xen", GuestType.PV),
        ("linux", GuestType.PV),
        ("xenpvh", GuestType.PVH),
        ("hvm", GuestType.HVM),
        ("exe", None),
    ],
)
def test_libvirts_word_for_a_guest_is_one_of_xens_kinds(
    os_type: str, guest_type: GuestType | None
) -> None:
    assert GuestCapabilities(os_type=os_type, arch="x86_64").guest_type is guest_type


def test_a_host_of_which_nothing_is_said_has_no_guests_and_no_cells() -> None:
    assert (Capabilities().guests, Capabilities().host.cells) == ((), ())


def test_the_values_of_an_attribute_are_found_by_its_name() -> None:
    buses = CapabilityEnum(name="bus", values=("xen", "ide"))
    disk = Support(supported=True, enums=(CapabilityEnum(name="model"), buses))
    assert disk.values_of("bus") == ("xen", "ide")
    assert disk.values_of("model") == disk.values_of("colour") == ()
