"""Each rule fails when its requirement is broken, and claims nothing that nobody saw."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenvm.model.inventory import (
    BlockDevice,
    BondLink,
    CpuPlace,
    DomainFacts,
    Interface,
    InterfaceKind,
    Inventory,
    Vif,
)
from xenvm.model.kinds import GuestType
from xenvm.model.profile import CheckKind, Profile
from xenvm.model.verdict import EvidenceClass, VerdictKind
from xenvm.spec import RULES, evaluate, requirement

GROUPS = ("hypervisor", "firmware", "dom0", "network", "storage", "host")


def changed(inventory: Inventory, group: str, **facts: object) -> Inventory:
    """Return ``inventory`` with some facts of one group replaced."""
    part = getattr(inventory, group)
    return replace(inventory, **{group: replace(part, **facts)})


def with_domain(inventory: Inventory, **facts: object) -> Inventory:
    """Return ``inventory`` with one running guest more, or with the first one changed."""
    first, *others = inventory.domains or ()
    return replace(inventory, domains=(replace(first, **facts), *others))  # type: ignore[arg-type]


def with_interfaces(inventory: Inventory, *more: Interface) -> Inventory:
    """Return ``inventory`` with more interfaces."""
    known = inventory.network.interfaces or ()
    return changed(inventory, "network", interfaces=(*known, *more))


def kinds(inventory: Inventory, profile: Profile) -> dict[str, VerdictKind]:
    """Return every rule's verdict, by requirement id."""
    return {v.requirement_id: v.kind for v in evaluate(inventory, profile)}


def failing(inventory: Inventory, profile: Profile) -> set[str]:
    """Return the requirements that ``inventory`` breaks."""
    verdicts = kinds(inventory, profile)
    return {id_ for id_, kind in verdicts.items() if kind is VerdictKind.FAIL}


def test_every_row_of_section_3_4_has_a_rule_a_live_test_or_a_reason(fujitsu: Profile) -> None:
    rows = {f"WP-3.4-{n:02}" for n in range(1, 23)} | {"WP-5.1-01", "WP-5.3-06", "WP-5.7-06"}
    assert rows <= set(fujitsu.requirement_ids)
    without_rule = {*fujitsu.requirement_ids} - set(RULES)
    checked = {requirement(id_).check for id_ in without_rule if not requirement(id_).not_assessed}
    assert checked == {CheckKind.LIVE}


def test_a_good_machine_fails_nothing_and_hides_nothing(
    complete: Inventory, fujitsu: Profile
) -> None:
    allowed = {VerdictKind.PASS, VerdictKind.NOT_APPLICABLE}
    assert set(kinds(complete, fujitsu).values()) == allowed


def test_what_is_not_assessed_says_why(complete: Inventory, fujitsu: Profile) -> None:
    verdicts = evaluate(complete, fujitsu)
    reasons = [v.detail for v in verdicts if v.kind is VerdictKind.NOT_APPLICABLE]
    assert len(reasons) == 3
    assert all(reasons)


def test_direct_io_is_asked_where_xen_has_an_iommu_and_nowhere_else(
    complete: Inventory, fujitsu: Profile
) -> None:
    ids = {"WP-5.5.2-01", "WP-5.5.2-02", "WP-5.5.2-05"}
    without = changed(complete, "hypervisor", virt_caps=("pv", "hvm", "hap"))
    without = changed(without, "firmware", iommu=False)
    found = {v.requirement_id: v for v in evaluate(without, fujitsu)}
    for id_ in ids | {"WP-5.5.2-04"}:
        assert found[id_].kind is VerdictKind.NOT_APPLICABLE
        assert "IOMMU" in found[id_].detail
    assert not ids & {*kinds(complete, fujitsu)}


@pytest.mark.parametrize(
    ("broken", "group", "facts"),
    [
        ("WP-3.4-01", "hypervisor", {"virt_caps": ("pv", "hap", "pv_directio")}),
        ("WP-5.4-04", "hypervisor", {"virt_caps": ("pv", "hvm", "pv_directio")}),
        ("WP-5.5.2-04", "hypervisor", {"virt_caps": ("pv", "hvm", "hap")}),
        ("WP-3.4-03", "host", {"product_name": "PRIMERGY RX100 S5"}),
        ("WP-3.4-03", "host", {"product_name": "PRIMERGY RX300 S40"}),
        ("WP-3.4-05", "firmware", {"cpu_threads": 16}),
        ("WP-3.4-05", "hypervisor", {"command_line": "console=vga maxcpus=8"}),
        ("WP-3.4-05", "hypervisor", {"command_line": "nosmp"}),
        ("WP-3.4-06", "firmware", {"installed_memory_mib": 16384}),
        ("WP-3.4-06", "hypervisor", {"command_line": "mem=8G dom0_mem=1G"}),
        ("WP-3.4-07", "dom0", {"memory_kib": 512 * 1024}),
        ("WP-3.4-07", "dom0", {"memory_kib": 1024 * 1024 - 4}),
        ("WP-3.4-17", "dom0", {"services": ("pacemakerd", "sshd")}),
        ("WP-3.4-17", "dom0", {"services": ("corosync",)}),
        ("WP-3.4-21", "hypervisor", {"threads_per_core": 2, "cores_per_socket": 2}),
        ("WP-5.1-01", "dom0", {"control_domain": False}),
        ("WP-5.1-01", "dom0", {"hypervisor_type": "kvm"}),
        ("WP-5.3-06", "hypervisor", {"scheduler": "rtds"}),
    ],
)
def test_a_spoilt_machine_fails_exactly_the_requirement_it_breaks(
    complete: Inventory, fujitsu: Profile, broken: str, group: str, facts: dict[str, object]
) -> None:
    assert failing(changed(complete, group, **facts), fujitsu) == {broken}


def test_one_socket_fails_whatever_libvirt_says(complete: Inventory, fujitsu: Profile) -> None:
    cpus = tuple(CpuPlace(cpu=n, core=n, socket=0, node=0) for n in range(8))
    single = changed(complete, "hypervisor", cores_per_socket=8, cpus=cpus)
    assert failing(changed(single, "firmware", cpu_sockets=1), fujitsu) == {"WP-3.4-02"}


def test_without_core_ids_the_firmware_is_the_second_witness_of_sockets_and_smt(
    complete: Inventory, fujitsu: Profile
) -> None:
    unnamed = changed(complete, "hypervisor", cpus=())
    assert not failing(unnamed, fujitsu)
    alone = kinds(changed(unnamed, "firmware", cpu_sockets=None, cpu_cores=None), fujitsu)
    assert alone["WP-3.4-02"] is VerdictKind.NOT_OBSERVABLE
    assert alone["WP-3.4-21"] is VerdictKind.NOT_OBSERVABLE


def test_siblings_on_any_core_fail_though_cpu_0_has_none(
    complete: Inventory, fujitsu: Profile
) -> None:
    cpus = complete.hypervisor.cpus or ()
    last = replace(cpus[-1], core=cpus[-2].core)
    spoilt = changed(complete, "hypervisor", cpus=(*cpus[:-1], last))
    assert failing(spoilt, fujitsu) == {"WP-3.4-21"}


def test_cores_of_one_number_on_two_sockets_are_no_siblings(
    complete: Inventory, fujitsu: Profile
) -> None:
    assert kinds(complete, fujitsu)["WP-3.4-21"] is VerdictKind.PASS


def test_smt_switched_off_by_xen_leaves_no_cpu_unused(
    complete: Inventory, fujitsu: Profile
) -> None:
    parked = changed(complete, "hypervisor", command_line="smt=0 dom0_mem=1G")
    assert not failing(changed(parked, "firmware", cpu_threads=16, cpu_cores=8), fujitsu)


def test_memory_options_of_dom0_are_no_limits_of_xen(complete: Inventory, fujitsu: Profile) -> None:
    assert "WP-3.4-06" not in failing(
        changed(complete, "hypervisor", command_line="dom0_mem=4G,max:4G"), fujitsu
    )


def test_guests_are_counted_against_cores_not_threads(
    complete: Inventory, fujitsu: Profile
) -> None:
    guest = (complete.domains or ())[0]
    crowd = tuple(
        replace(guest, name=f"g{n}", domid=n, memory_kib=1024, macs=()) for n in range(1, 34)
    )
    assert "WP-3.4-04" in failing(replace(complete, domains=crowd), fujitsu)
    assert "WP-3.4-04" not in failing(replace(complete, domains=crowd[:32]), fujitsu)
    smt = changed(complete, "hypervisor", nr_cpus=16, threads_per_core=2)
    assert "WP-3.4-04" in failing(replace(smt, domains=crowd), fujitsu)


@pytest.mark.parametrize("guest_type", [GuestType.HVM, GuestType.PVH])
def test_a_guest_that_is_not_pv_fails_even_when_it_is_off(
    complete: Inventory, fujitsu: Profile, guest_type: GuestType
) -> None:
    other = DomainFacts(
        name="other", guest_type=guest_type, macs=(), guest_os="http://redhat.com/rhel/5"
    )
    spoilt = replace(complete, domains=(*(complete.domains or ()), other))
    assert failing(spoilt, fujitsu) == {"WP-3.4-09"}


@pytest.mark.parametrize(
    ("guest_os", "listed"),
    [
        ("http://redhat.com/rhel/5.3", True),
        ("http://redhat.com/rhel/4.6", True),
        ("http://redhat.com/rhel/4.5", False),
        ("http://redhat.com/rhel/50", False),
        ("http://microsoft.com/win/2k8", False),
    ],
)
def test_the_os_in_a_guest_is_looked_up_on_the_list(
    complete: Inventory, fujitsu: Profile, guest_os: str, *, listed: bool
) -> None:
    found = failing(with_domain(complete, guest_os=guest_os), fujitsu)
    assert found == (set() if listed else {"WP-3.4-10"})


def test_an_unnamed_guest_os_is_not_observable_but_our_own_guests_do_not_count(
    complete: Inventory, fujitsu: Profile
) -> None:
    unnamed = kinds(with_domain(complete, guest_os=None), fujitsu)
    assert unnamed["WP-3.4-10"] is VerdictKind.NOT_OBSERVABLE
    own = kinds(with_domain(complete, guest_os=None, name="xenvm-ab12-g0"), fujitsu)
    assert own["WP-3.4-10"] is VerdictKind.PASS


@pytest.mark.parametrize("master", ["", "ovs-system"])
def test_a_vif_that_is_routed_or_on_open_vswitch_fails(
    complete: Inventory, fujitsu: Profile, master: str
) -> None:
    interfaces = tuple(
        replace(i, master=master) if i.kind is InterfaceKind.VIF else i
        for i in complete.network.interfaces or ()
    )
    switch = Interface(name="ovs-system", kind=InterfaceKind.OTHER)
    spoilt = changed(complete, "network", interfaces=(*interfaces, switch))
    assert failing(spoilt, fujitsu) == {"WP-3.4-11"}


def test_a_leaked_back_end_of_a_dead_guest_is_nobodys_vif(
    complete: Inventory, fujitsu: Profile
) -> None:
    dead = Vif(name="vif9.0", domid=9, bridge="xenbr0", script="vif-bridge", mac="")
    vifs = (*(complete.network.vifs or ()), dead)
    assert not failing(changed(complete, "network", vifs=vifs), fujitsu)


def bridges(count: int) -> tuple[Interface, ...]:
    """Return so many empty bridges."""
    return tuple(Interface(name=f"br{n}", kind=InterfaceKind.BRIDGE) for n in range(count))


def test_the_129th_bridge_fails(complete: Inventory, fujitsu: Profile) -> None:
    assert not failing(with_interfaces(complete, *bridges(127)), fujitsu)
    assert failing(with_interfaces(complete, *bridges(128)), fujitsu) == {"WP-3.4-12"}


def external_bridge(number: int) -> tuple[Interface, ...]:
    """Return a bridge over a VLAN on bond0, which stands on two NICs."""
    return (
        Interface(name=f"br{number}", kind=InterfaceKind.BRIDGE),
        Interface(
            name=f"bond0.{number}",
            kind=InterfaceKind.VLAN,
            master=f"br{number}",
            lowers=("bond0",),
        ),
    )


def test_an_external_bridge_more_than_nics_fails_though_it_stands_on_vlans(
    complete: Inventory, fujitsu: Profile
) -> None:
    two = with_interfaces(complete, *external_bridge(1))
    assert not failing(two, fujitsu)
    three = with_interfaces(two, *external_bridge(2))
    assert failing(three, fujitsu) == {"WP-3.4-13"}


def vifs_on(bridge: str, count: int, kind: InterfaceKind) -> tuple[Interface, ...]:
    """Return so many guest ports on a bridge."""
    suffix = "-emu" if kind is InterfaceKind.EMULATED else ""
    return tuple(
        Interface(name=f"vif2.{n}{suffix}", kind=kind, master=bridge) for n in range(count)
    )


def test_the_65th_vnif_on_a_bridge_fails_but_twins_and_uplinks_do_not_count(
    complete: Inventory, fujitsu: Profile
) -> None:
    full = with_interfaces(complete, *vifs_on("xenbr0", 63, InterfaceKind.VIF))
    with_twins = with_interfaces(full, *vifs_on("xenbr0", 63, InterfaceKind.EMULATED))
    assert not failing(with_twins, fujitsu)
    more = Interface(name="vif3.0", kind=InterfaceKind.VIF, master="xenbr0")
    assert failing(with_interfaces(with_twins, more), fujitsu) == {"WP-3.4-14"}


def test_an_uplink_by_one_nic_or_by_a_bond_of_one_fails(
    complete: Inventory, fujitsu: Profile
) -> None:
    bond = (complete.network.bonds or ())[0]
    lonely = replace(bond, links=(BondLink(name="eth0", up=True),))
    assert failing(changed(complete, "network", bonds=(lonely,)), fujitsu) == {"WP-3.4-19"}
    assert failing(changed(complete, "network", bonds=()), fujitsu) == {"WP-3.4-19"}


def test_a_guest_on_a_plain_disk_fails_and_on_a_software_raid_passes(
    complete: Inventory, fujitsu: Profile
) -> None:
    plain = BlockDevice(name="sda", number="8:0", kind="disk", transport="sata", model="ATA Disk")
    volume = BlockDevice(name="dm-0", number="253:0", kind="lvm", parents=("sda",))
    assert failing(changed(complete, "storage", devices=(plain, volume)), fujitsu) == {"WP-3.4-18"}
    mirror = BlockDevice(name="md0", number="9:0", kind="raid1", parents=("sda", "sdb"))
    on_mirror = replace(volume, parents=("md0",))
    assert not failing(changed(complete, "storage", devices=(plain, mirror, on_mirror)), fujitsu)


def test_a_disk_that_does_not_tell_is_not_observable(complete: Inventory, fujitsu: Profile) -> None:
    unknown = BlockDevice(name="dm-0", number="253:0", kind="lvm")
    found = kinds(changed(complete, "storage", devices=(unknown,)), fujitsu)
    assert found["WP-3.4-18"] is VerdictKind.NOT_OBSERVABLE


@pytest.mark.parametrize("mac", ["00:16:3e:00:00:02", "01:16:3e:00:00:09"])
def test_a_mac_that_is_a_guests_that_is_off_or_is_multicast_fails(
    complete: Inventory, fujitsu: Profile, mac: str
) -> None:
    assert failing(with_domain(complete, macs=(mac,)), fujitsu) == {"WP-5.7-06"}


def test_the_back_ends_own_mac_is_never_a_duplicate(complete: Inventory, fujitsu: Profile) -> None:
    both = ("fe:ff:ff:ff:ff:ff", "fe:ff:ff:ff:ff:ff")
    assert not failing(with_domain(complete, macs=both), fujitsu)


def test_the_hypervisors_memory_is_reported_and_never_gates(
    complete: Inventory, fujitsu: Profile
) -> None:
    verdicts = {v.requirement_id: v for v in evaluate(complete, fujitsu)}
    assert verdicts["WP-3.4-08"].observed == 8190 - 6080 - 1024 - 1024
    hungry = changed(complete, "hypervisor", free_memory_mib=10)
    assert not failing(hungry, fujitsu)


@pytest.mark.parametrize("evidence", list(EvidenceClass))
def test_a_class_shows_what_its_requirements_say_it_shows(
    complete: Inventory, fujitsu: Profile, evidence: EvidenceClass
) -> None:
    for id_, kind in kinds(replace(complete, evidence=evidence), fujitsu).items():
        asked = requirement(id_)
        if not asked.not_assessed:
            shown = evidence in asked.observable_on
            assert kind is (VerdictKind.PASS if shown else VerdictKind.NOT_OBSERVABLE), id_


def test_every_class_that_cannot_show_a_requirement_has_a_reason(fujitsu: Profile) -> None:
    for id_ in fujitsu.requirement_ids:
        asked = requirement(id_)
        assert bool(asked.hidden_because) == (EvidenceClass.NESTED not in asked.observable_on)


def test_a_verdict_carries_the_raw_lines_that_show_it_and_its_source(
    complete: Inventory, fujitsu: Profile
) -> None:
    verdict = RULES["WP-5.3-06"](complete, fujitsu)
    assert [e.output for e in verdict.evidence] == ["xen_scheduler : credit2\n"]
    assert verdict.source == fujitsu.limits["schedulers"].source


def test_a_limit_that_the_profile_does_not_set_is_not_asked(
    complete: Inventory, fujitsu: Profile
) -> None:
    lax = replace(fujitsu, limits={})
    assert kinds(complete, lax)["WP-3.4-04"] is VerdictKind.NOT_APPLICABLE


def optional_facts(inventory: Inventory) -> list[tuple[str, str]]:
    """Return (group, field) of every fact that may be None."""
    found = [("", "domains")]
    for group in GROUPS:
        part = getattr(inventory, group)
        assert is_dataclass(part)
        found += [(group, f.name) for f in fields(part) if f.default is None]
    return found


def without(inventory: Inventory, group: str, name: str) -> Inventory:
    """Return ``inventory`` with one fact not observed."""
    if not group:
        return replace(inventory, domains=None)
    return changed(inventory, group, **{name: None})


@st.composite
def spoilt_inventories(draw: st.DrawFn, complete: Inventory) -> Inventory:
    """Draw an inventory in which several facts are bad."""
    bad: list[tuple[str, dict[str, object]]] = [
        ("hypervisor", {"virt_caps": ("pv",)}),
        ("hypervisor", {"threads_per_core": 2}),
        ("hypervisor", {"cpus": ()}),
        ("hypervisor", {"scheduler": "null"}),
        ("hypervisor", {"command_line": "mem=1G nosmp smt=0"}),
        ("firmware", {"cpu_threads": 64, "cpu_sockets": 1, "cpu_cores": 2}),
        ("firmware", {"installed_memory_mib": 1 << 20}),
        ("dom0", {"memory_kib": 1024, "services": ("corosync",), "control_domain": False}),
        ("network", {"bonds": (), "vifs": (Vif(name="v", domid=1, bridge="", script="", mac=""),)}),
        ("storage", {"guest_disks": ()}),
        ("host", {"product_name": "other"}),
    ]
    inventory = complete
    for group, facts in draw(st.lists(st.sampled_from(bad))):
        inventory = changed(inventory, group, **facts)
    if draw(st.booleans()):
        inventory = with_domain(inventory, guest_type=GuestType.HVM, macs=("00:16:3e:00:00:02",))
    return inventory


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_removing_a_fact_never_makes_a_pass(
    complete: Inventory, fujitsu: Profile, data: st.DataObject
) -> None:
    inventory = data.draw(spoilt_inventories(complete))
    group, name = data.draw(st.sampled_from(optional_facts(inventory)))
    before = kinds(inventory, fujitsu)
    for id_, kind in kinds(without(inventory, group, name), fujitsu).items():
        if kind is VerdictKind.PASS:
            assert before[id_] is VerdictKind.PASS, (id_, group, name)


def test_with_no_facts_at_all_nothing_passes(complete: Inventory, fujitsu: Profile) -> None:
    inventory = complete
    for group, name in optional_facts(complete):
        inventory = without(inventory, group, name)
    allowed = {VerdictKind.NOT_OBSERVABLE, VerdictKind.NOT_APPLICABLE}
    assert set(kinds(inventory, fujitsu).values()) == allowed
