"""What a profile's limits say of one domain."""

from __future__ import annotations

import dataclasses
from string import ascii_lowercase

import pytest

from xenvm.model.domain import DomainConfig
from xenvm.model.findings import Severity
from xenvm.model.kinds import DiskBacking, DiskDriver, GuestType
from xenvm.model.profile import Limit, LimitKind, Profile
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.spec import load_profile
from xenvm.spec.limits import LIMITS

GIB_KIB = 1024 * 1024

GUEST = DomainConfig(
    name="web1",
    memory_kib=2 * GIB_KIB,
    vcpus=2,
    kernel="/boot/vmlinuz",
    vbds=(
        Vbd(target="xvda", source="/dev/vg/root", driver=DiskDriver.PHY),
        Vbd(target="xvdb", source="/srv/b.img", driver=DiskDriver.PHY, backing=DiskBacking.FILE),
    ),
    vnifs=(Vnif(bridge="xenbr0"), Vnif(bridge="xenbr0"), Vnif(bridge="xenbr1")),
    os_id="http://redhat.com/rhel/5.3",
)


def profile(key: str, value: int | tuple[str, ...], kind: LimitKind) -> Profile:
    """Return a profile of one limit."""
    limit = Limit(value=value, unit=LIMITS[key][0], kind=kind, source="a book, page 7")
    return Profile(name="ours", title="", source="", requirement_ids=(), limits={key: limit})


@pytest.mark.parametrize(
    ("key", "fits", "passed", "path"),
    [
        ("guest_types", ("pv", "hvm"), ("hvm",), "guest_type"),
        ("guest_os", ("rhel/5",), ("rhel/6",), "os_id"),
        ("vcpus_per_guest_max", 2, 1, "max_vcpus"),
        ("memory_per_guest_max_mib", 2048, 2047, "max_memory_kib"),
        ("disk_backings", ("lvm", "file"), ("lvm",), "vbds[1].backing"),
        ("disk_backings", ("partition", "file"), ("file",), "vbds[0].backing"),
        ("vbds_per_guest_max", 2, 1, "vbds"),
        ("vnifs_per_guest_max", 3, 2, "vnifs"),
        ("vnifs_per_bridge_max", 2, 1, "vnifs"),
    ],
)
def test_a_limit_that_is_passed_is_found_with_its_source(
    key: str, fits: int | tuple[str, ...], passed: int | tuple[str, ...], path: str
) -> None:
    assert GUEST.check(profile(key, fits, LimitKind.SUPPORTED)) == []
    (finding,) = GUEST.check(profile(key, passed, LimitKind.SUPPORTED))
    assert (finding.path, finding.severity) == (path, Severity.ERROR)
    assert finding.source == f"profile ours, {key}: a book, page 7"


def test_a_limit_that_is_only_recommended_is_a_warning() -> None:
    (finding,) = GUEST.check(profile("vcpus_per_guest_max", 1, LimitKind.RECOMMENDED))
    assert finding.severity is Severity.WARNING


def test_the_2008_profile_takes_a_pv_guest_on_its_backings_and_no_other() -> None:
    white_paper = load_profile("fujitsu-2008")
    assert GUEST.check(white_paper) == []
    pvh = dataclasses.replace(GUEST, guest_type=GuestType.PVH)
    assert [finding.path for finding in pvh.check(white_paper)] == ["guest_type"]
    many = dataclasses.replace(GUEST, vnifs=(Vnif(bridge="xenbr0"),) * 65)
    (finding,) = many.check(white_paper)
    assert "65 VNIFs on xenbr0 are more than the 64" in finding.message


def test_the_profile_of_rhel_5_bounds_all_that_a_pv_guest_has() -> None:
    rhel = load_profile("rhel5-xen-pv")
    disk, letters = GUEST.vbds[0], ascii_lowercase
    targets = [f"xvd{one}{other}" for one in letters[:10] for other in letters][:254]
    most = dataclasses.replace(
        GUEST,
        max_vcpus=32,
        max_memory_kib=168 * GIB_KIB,
        vbds=tuple(dataclasses.replace(disk, target=target) for target in targets),
        vnifs=(Vnif(bridge="xenbr0"),) * 15,
    )
    assert most.check(rhel) == []
    more = dataclasses.replace(
        most,
        max_vcpus=33,
        max_memory_kib=168 * GIB_KIB + 1024,
        vbds=(*most.vbds, dataclasses.replace(disk, target="xvdzz")),
        vnifs=(Vnif(bridge="xenbr0"),) * 16,
    )
    found = more.check(rhel)
    assert {finding.path for finding in found} == {"max_vcpus", "max_memory_kib", "vbds", "vnifs"}
    assert all("Red Hat" in finding.source or "RHEL 5" in finding.source for finding in found)


def test_a_profile_says_nothing_of_another_hypervisors_domain() -> None:
    other = dataclasses.replace(GUEST, hypervisor="kvm")
    assert [each.path for each in other.check(load_profile("fujitsu-2008"))] == ["hypervisor"]
