"""The probe guest on a real Xen: it is what it was made of, and each verb does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xenvm.errors import GuestError
from xenvm.host import Host
from xenvm.host.probe import ProbeGuest, ProbeImage
from xenvm.host.probe.guest import ProbeParts, probe_config
from xenvm.host.probe.protocol import pattern_sha256
from xenvm.lab import Lab
from xenvm.model.kinds import DiskBacking, GuestType
from xenvm.model.quantities import MacAddress
from xenvm.model.vbd import Vbd
from xenvm.model.vnif import Vnif
from xenvm.waiting import pause

pytestmark = [pytest.mark.timeout(1800), pytest.mark.thorough]

NAME = "xenvm-probe"
FOLDER = "/var/lib/xenvm/probe-live"
MACS = MacAddress.xen(0xA1001), MacAddress.xen(0xA1002)
DISKS = ("xvda", "xvdb")


@pytest.fixture(scope="module")
def parts(host: Host) -> Iterator[ProbeParts]:
    """Two VNIFs on one bridge, a disk to write to, and one that may only be read."""
    bridge = host.create_bridge("xenvm-probe-b0", address="198.18.9.1/24")
    for disk in DISKS:
        host.shell.run(f"mkdir -p {FOLDER} && truncate -s 192M {FOLDER}/{disk}")
    vbds = [
        Vbd(target=disk, source=f"{FOLDER}/{disk}", backing=DiskBacking.FILE, readonly=number > 0)
        for number, disk in enumerate(DISKS)
    ]
    vnifs = [Vnif(bridge=bridge.name, mac=mac) for mac in MACS]
    # Each vCPU is a queue more of each device, and 96 MiB are full.
    yield ProbeParts(vcpus=2, memory_mib=192, vbds=vbds, vnifs=vnifs)
    bridge.delete()
    host.shell.run(f"rm -r {FOLDER}")


@pytest.fixture(scope="module")
def guest(host: Host, image: ProbeImage, parts: ProbeParts) -> Iterator[ProbeGuest]:
    started = ProbeGuest.start(host, probe_config(f"{NAME}-g0", image, **parts))
    started.wait_until_up()
    yield started
    started.remove()


def started(host: Host, image: ProbeImage, **parts: object) -> ProbeGuest:
    guest = ProbeGuest.start(host, probe_config(f"{NAME}-g1", image, **parts))  # type: ignore[arg-type]
    try:
        guest.wait_until_up()
    except GuestError:
        guest.remove()
        raise
    return guest


def test_the_how_to_does_what_it_says(
    lab: Lab, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/break-a-guest.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(block.replace('open_host("lab")', f'open_host("lab:{lab.name}")'), {})  # noqa: S102
    assert capsys.readouterr().out == "0-1\n"
    assert "xenvm-broken" not in [domain.name for domain in host.list_domains()]


@pytest.mark.parametrize("kind", GuestType)
def test_it_is_what_it_was_made_of(host: Host, image: ProbeImage, kind: GuestType) -> None:
    memory_mib = 192
    guest = started(host, image, guest_type=kind, vcpus=1, max_vcpus=2, memory_mib=memory_mib)
    try:
        facts = guest.facts()
        assert (facts.guest_type, facts.vcpus, facts.vcpus_online) == (kind.upper(), 1, "0")
        assert memory_mib * 1024 * 0.6 < facts.memory_kib < memory_mib * 1024
        assert guest.ask("pci").fields["pci"] is not None
        config = guest.domain.config()
        assert (config.guest_type, config.vcpus, config.max_vcpus) == (kind, 1, 2)
    finally:
        guest.remove()


def test_it_spins_until_it_may_rest(guest: ProbeGuest) -> None:
    guest.ask("spin", cpus=2)
    before = guest.ask("cpu_time")
    pause(4)
    busy = guest.ask("cpu_time")
    guest.ask("rest")
    passed_s = busy.number("uptime_s") - before.number("uptime_s")
    took_s = sum(busy.number(key) - before.number(key) for key in ("busy_s", "steal_s"))
    assert took_s > 1.2 * passed_s
    before = guest.ask("cpu_time")
    pause(4)
    idle = guest.ask("cpu_time")
    assert idle.number("idle_s") - before.number("idle_s") > 3


def test_its_heart_beats_as_it_is_told(guest: ProbeGuest) -> None:
    guest.ask("beat", every_ms=100)
    pause(1)
    guest.listen()
    first = len(guest.beats)
    pause(3)
    guest.ask("beat")
    assert len(guest.beats) - first > 12
    assert [beat.n for beat in guest.beats] == list(range(1, len(guest.beats) + 1))


def test_it_remembers_and_eats_memory(guest: ProbeGuest) -> None:
    guest.ask("remember", seed="r-1", kib=512)
    guest.ask("eat_memory", kib=16384)
    assert guest.ask("recall").fields["sha256"] == pattern_sha256("r-1", 512)
    guest.ask("rest")
    with pytest.raises(GuestError, match="eat_memory did not work"):
        guest.ask("eat_memory", kib=1024 * 1024)


def test_its_disks_and_links_are_what_they_are(guest: ProbeGuest) -> None:
    mib = 1024 * 1024
    assert guest.ask("disk", device="xvda").fields == {"bytes": 192 * mib, "readonly": False}
    assert guest.ask("disk", device="xvdb").fields == {"bytes": 192 * mib, "readonly": True}
    nic = guest.facts().nic(str(MACS[0])).name
    assert guest.ask("link", nic=nic).fields == {"carrier": True, "mtu": 1500, "queues": 2}


def test_it_streams_to_another(
    host: Host, image: ProbeImage, guest: ProbeGuest, parts: ProbeParts
) -> None:
    mac = MacAddress.xen(0xA1003)
    vnifs = [Vnif(bridge=parts["vnifs"][0].bridge, mac=mac)]
    hearer = started(host, image, vnifs=vnifs)
    try:
        nic = hearer.facts().nic(str(mac)).name
        hearer.ask("listen", nic=nic, address="198.18.9.3/24", port=5000)
        nic = guest.facts().nic(str(MACS[0])).name
        guest.ask("stream", nic=nic, address="198.18.9.2/24", peer="198.18.9.3", port=5000)
        pause(4)
        status, heard = guest.ask("stream_status"), hearer.ask("heard")
        assert (status.fields["connected"], status.fields["errors"]) == (True, 0)
        assert heard.number("wrong") == 0
        assert heard.number("lines") > 8
        assert status.number("sent") > 8
    finally:
        hearer.remove()


def test_it_swaps(guest: ProbeGuest) -> None:
    kib = guest.facts().memory_kib
    swapped = guest.ask("swap", device="xvda", kib=kib + 20480, deadline_s=180)
    assert swapped.number("pswpout_pages") * 4 > 20480
    assert guest.facts().swap_kib > 190 * 1024


@pytest.mark.parametrize("verb", ["poweroff", "crash"])
def test_it_ends(host: Host, image: ProbeImage, verb: str) -> None:
    guest = started(host, image)
    try:
        guest.ask(verb)
        guest.domain.wait_until_off(deadline_s=60)
    finally:
        guest.remove()


def test_it_ends_when_dom0_asks_it(host: Host, image: ProbeImage) -> None:
    guest = started(host, image)
    try:
        guest.domain.shutdown()
        guest.domain.wait_until_off(deadline_s=60)
    finally:
        guest.remove()


def test_it_reboots_and_then_hangs(host: Host, image: ProbeImage) -> None:
    guest = started(host, image)
    try:
        first = guest.facts().boot_id
        guest.ask("reboot")
        assert guest.wait_until_rebooted().boot_id != first
        guest.ask("hang")
        with pytest.raises(GuestError, match="did not answer"):
            guest.facts(deadline_s=10)
        assert guest.domain.is_active
    finally:
        guest.remove()
