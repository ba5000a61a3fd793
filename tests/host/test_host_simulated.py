"""A host's domains on libvirt's test driver: real libvirt, no Xen."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from xenvm.errors import (
    AlreadyExistsError,
    HostConnectionError,
    HostUriError,
    InvalidStateError,
    NotFoundError,
    NotSupportedError,
    SpecError,
    WaitTimeoutError,
)
from xenvm.host import Host, connect
from xenvm.host.domain_vnifs import RATE_MAX_KIB_PER_S
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import DomainState
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif

GUEST = DomainConfig(
    name="guest",
    memory_kib=98304,
    kernel="/boot/vmlinuz",
    vnifs=(Vnif(bridge="xenbr0", mac=MacAddress.xen(1)),),
    uuid=UUID("8b8f6c49-4dd0-4e0e-9f0c-5a7d2b5b7f01"),
)
NODE = """<node>
  <memory>1048576</memory>
  <domain type='test'><name>other</name><memory>65536</memory><os><type>hvm</type></os></domain>
</node>"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(NODE)
    with connect(f"test://{node}") as host:
        yield host


def test_a_domain_lives_from_define_to_undefine(host: Host) -> None:
    domain = host.define(GUEST)
    assert (domain.state, domain.domid, domain.uuid) == (DomainState.SHUT_OFF, None, GUEST.uuid)
    domain.start()
    assert (domain.state, domain.is_active) == (DomainState.RUNNING, True)
    assert domain.domid is not None
    domain.pause()
    assert domain.state is DomainState.PAUSED
    domain.unpause()
    domain.shutdown()
    domain.wait_until_off(deadline_s=5)
    domain.start()
    domain.destroy()
    domain.undefine()
    assert [domain.name for domain in host.list_domains()] == ["other"]
    domain.wait_until_off(deadline_s=5)
    with pytest.raises(NotFoundError):
        _ = domain.state


def test_a_domain_that_is_not_there_is_named(host: Host) -> None:
    with pytest.raises(NotFoundError, match="the host has no domain nobody"):
        host.domain("nobody")


def test_a_running_domain_is_waited_for_only_until_the_deadline(host: Host) -> None:
    with pytest.raises(WaitTimeoutError, match="other to shut off"):
        host.domain("other").wait_until_off(deadline_s=0.1)


def test_a_domain_tells_what_it_was_defined_as(host: Host) -> None:
    told = host.define(GUEST).config()
    assert dataclasses.replace(told, vnifs=GUEST.vnifs) == GUEST


def test_a_domain_is_found_by_name_and_by_uuid(host: Host) -> None:
    host.define(GUEST)
    assert GUEST.uuid is not None
    assert host.domain("guest").uuid == host.domain(GUEST.uuid).uuid == GUEST.uuid


def test_a_second_domain_of_that_name_or_uuid_is_refused(host: Host) -> None:
    host.define(GUEST)
    for twin in (dataclasses.replace(GUEST, uuid=None), dataclasses.replace(GUEST, name="twin")):
        with pytest.raises(AlreadyExistsError, match="undefine it first"):
            host.define(twin)


def test_an_unknown_domain_is_not_found(host: Host) -> None:
    with pytest.raises(NotFoundError):
        host.domain("nobody")


def test_a_domain_of_another_kind_is_described_as_what_it_is(host: Host) -> None:
    assert host.domain("other").config().hypervisor == "test"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "a\nb"), ("name", "a/b"), ("memory_kib", -1), ("max_vcpus", -1)],
)
def test_what_no_host_can_have_is_refused_by_the_fields_name(
    host: Host, field: str, value: object
) -> None:
    with pytest.raises(SpecError, match=field):
        host.define(dataclasses.replace(GUEST, **{field: value}))  # type: ignore[arg-type]


def test_text_that_xml_cannot_carry_is_refused_by_the_fields_name(host: Host) -> None:
    with pytest.raises(SpecError, match="cmdline"):
        host.define(dataclasses.replace(GUEST, cmdline="a\x00b"))


def test_destroying_a_shut_off_domain_is_refused(host: Host) -> None:
    with pytest.raises(InvalidStateError):
        host.define(GUEST).destroy()


def test_the_test_driver_cannot_start_a_domain_paused(host: Host) -> None:
    with pytest.raises(NotSupportedError, match="cannot start a domain paused: use a lab"):
        host.define(GUEST).start(paused=True)


def test_what_the_test_driver_cannot_do_is_not_supported(host: Host) -> None:
    domain = host.define(GUEST)
    domain.start()
    for deed in (
        domain.open_console,
        host.list_bridges,
        lambda: host.create_bridge("br9"),
        lambda: host.shell.put_file("/x", b""),
        lambda: host.shell.testinfra,
    ):
        with pytest.raises(NotSupportedError):
            deed()


def test_a_vnif_without_mac_is_not_plugged_in(host: Host) -> None:
    with pytest.raises(SpecError, match="mac is missing"):
        host.define(GUEST).vnifs.attach(Vnif(bridge="xenbr0"))


def test_a_device_that_no_guest_can_have_is_not_plugged_in(host: Host) -> None:
    domain = host.define(GUEST)
    with pytest.raises(SpecError, match="multicast"):
        domain.vnifs.attach(Vnif(bridge="xenbr0", mac=MacAddress("01:00:5e:00:00:01")))
    with pytest.raises(SpecError, match="target"):
        domain.vbds.attach(Vbd(target="../x", source="/dev/a"))


@pytest.mark.parametrize("kib_per_s", [0, -1, RATE_MAX_KIB_PER_S + 1])
def test_a_rate_that_xen_cannot_count_is_refused(host: Host, kib_per_s: int) -> None:
    with pytest.raises(SpecError, match=f"use 1 to {RATE_MAX_KIB_PER_S}, or None"):
        host.define(GUEST).vnifs.set_rate(MacAddress.xen(1), kib_per_s)


def test_a_device_that_is_not_there_is_not_found(host: Host) -> None:
    domain = host.define(GUEST)
    with pytest.raises(NotFoundError, match="no VNIF 00:16:3e:00:00:02"):
        domain.vnifs.detach(MacAddress.xen(2))
    with pytest.raises(NotFoundError, match="no VBD xvdb"):
        domain.vbds.detach("xvdb")


def test_a_host_tells_its_facts(host: Host) -> None:
    assert host.is_simulated
    assert host.is_usable
    assert host.free_memory_kib >= 0
    assert host.hypervisor_version == "0.0.2"
    assert int(host.libvirt_version.partition(".")[0]) >= 9
    assert host.hostname
    assert host.capabilities_xml().startswith("<capabilities>")


def test_a_closed_host_refuses_calls() -> None:
    host = connect("test:///default")
    host.close()
    host.close()
    assert not host.is_usable
    with pytest.raises(HostConnectionError, match="connect again"):
        host.list_domains()


def test_what_is_no_host_is_refused_before_any_call() -> None:
    with pytest.raises(HostUriError):
        connect("nonsense")


@pytest.mark.skipif(
    any(Path(p).exists() for p in ("/run/libvirt/libvirt-sock", "/run/libvirt/virtxend-sock")),
    reason="a libvirt daemon runs here",
)
def test_a_dom0_without_libvirtd_says_what_to_look_at() -> None:
    with pytest.raises(HostConnectionError, match="systemctl status libvirtd") as caught:
        connect("xen:///system")
    assert (caught.value.code, caught.value.domain) in {(38, 7), (5, 0), (1, 41)}


def test_importing_xenvm_brings_in_nothing_heavy() -> None:
    program = "import sys, xenvm; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    for module in ("libvirt", "lxml", "pytest", "click", "rich", "testinfra", "jinja2"):
        assert f"'{module}'" not in done.stdout
