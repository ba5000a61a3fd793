"""A domain that was read from xl.cfg and changed: that key's text changes, and nothing else."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.formats.xl_configs import changed, configs, fields_of
from xenvm.formats import format_xl_config, parse_xl_config
from xenvm.formats.xl import XlDocument, parse_xl_document
from xenvm.formats.xl_config.config import LENSES
from xenvm.formats.xl_config.implied import plain
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics
from xenvm.model.kinds import GuestType
from xenvm.model.quantities import CpuSet
from xenvm.model.vbd import Vbd

Changes = dict[str, object]

GUEST = """\
# The web server.
name = 'web'                 # as the team calls it
builder = "hvm"
memory=512; vcpus = 2

disk = [
    'phy:/dev/vg/root,xvda,w',          # root
    "/img/data.qcow2,qcow2,xvdb,rw,script=block-x",
    ",,hdc,cdrom"                       # empty
]
vif  = [ 'mac=00:16:3E:00:00:01, bridge=br0,rate=10MB/s@20ms,gatewaydev=eth0' ]
root = "/dev/xvda1"
extra = 'ro quiet'
pci = ['01:00.0@1f', '02:00.*', 'name=gpu']
usbdevice = ['host:1', 'tablet']
cpus = ["0-1", "nodes:0"]
cpuid = "host,sse3=k,family=6"
serial = 'pty'
mystery = [1, [2]]
"""


def edited(**changes: object) -> str:
    """Return the guest's text after some fields have changed."""
    return format_xl_config(changed(parse_xl_config(GUEST), changes))


def item(field: str, number: int, **changes: object) -> Changes:
    """Return a change of one device of the guest."""
    devices = list(getattr(parse_xl_config(GUEST), field))
    devices[number] = changed(devices[number], changes)
    return {field: tuple(devices)}


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"name": "web2"}, "name = 'web'  ", "name = 'web2'  "),
        ({"memory_kib": 1 << 20, "max_memory_kib": 1 << 20}, "memory=512;", "memory=1024;"),
        ({"vcpus": 4, "max_vcpus": 4}, "vcpus = 2", "vcpus = 4"),
        ({"guest_type": "pv"}, 'builder = "hvm"', 'builder = "generic"'),
        ({"cmdline": "root=/dev/xvda1 ro"}, "extra = 'ro quiet'", "extra = 'ro'"),
        ({"cmdline": "root=/dev/sda ro quiet"}, '"/dev/xvda1"', '"/dev/sda"'),
        (item("vbds", 0, source="/dev/vg/new"), "phy:/dev/vg/root", "phy:/dev/vg/new"),
        (item("vbds", 0, readonly=True), "root,xvda,w", "root,xvda,ro"),
        (item("vbds", 0, driver="qemu"), "root,xvda,w'", "root,xvda,w,backendtype=qdisk'"),
        (item("vbds", 1, source="/a, b"), '"/img/data.qcow2,qcow2,xvdb,rw,script=block-x"',
         '",qcow2,xvdb,rw,script=block-x,target=/a, b"'),
        (item("vbds", 2, source="/cd.iso"), '",,hdc,cdrom"', '"/cd.iso,,hdc,cdrom"'),
        (item("vnifs", 0, bridge="br1"), "bridge=br0", "bridge=br1"),
        (item("vnifs", 0, mac=None), "'mac=00:16:3E:00:00:01, bridge", "' bridge"),
        (item("vnifs", 0, model="netfront"), "eth0'", "eth0,type=vif'"),
        (item("hostdevs", 0, write_filtering=False), "@1f'", "@1f,permissive=1'"),
        ({"hostdevs": ()}, "'01:00.0@1f', ", ""),
        ({"inputs": ()}, ", 'tablet'", ""),
        (item("pins", 0, cpus=CpuSet.of([5])), '"0-1"', '"5"'),
        ({"pins": ()}, '"0-1"', '"all"'),
        (item("cpu_features", 0, policy="disable"), "sse3=k", "sse3=0"),
        ({"cpu_features": ()}, "host,sse3=k,family=6", "host,family=6"),
        (item("serials", 0, kind="file", path="/log"), "'pty'", "'file:/log'"),
        ({"serials": ()}, "serial = 'pty'\n", ""),
        ({"weight": 512}, "mystery = [1, [2]]\n", "mystery = [1, [2]]\ncpu_weight = 512\n"),
        ({"acpi": False}, "mystery = [1, [2]]\n", "mystery = [1, [2]]\nacpi = 0\n"),
    ],
)  # fmt: skip
def test_a_change_moves_nothing_else(changes: Changes, old: str, new: str) -> None:
    assert GUEST.count(old) == 1
    assert edited(**changes) == GUEST.replace(old, new)


def test_devices_that_the_model_does_not_know_stay_where_they_are() -> None:
    assert "pci = ['02:00.*', 'name=gpu']" in edited(hostdevs=())


def test_devices_change_places_with_all_that_they_say() -> None:
    config = parse_xl_config(GUEST)
    text = format_xl_config(replace(config, vbds=config.vbds[::-1]))
    assert parse_xl_config(text).vbds == config.vbds[::-1]
    assert "/img/data.qcow2,qcow2,xvdb,rw,script=block-x" in text


def test_a_device_that_goes_leaves_the_remarks_on_the_others() -> None:
    vbds = parse_xl_config(GUEST).vbds
    gone = '    "/img/data.qcow2,qcow2,xvdb,rw,script=block-x",\n'
    assert edited(vbds=(vbds[0], vbds[2])) == GUEST.replace(gone, "")


def test_a_new_device_is_written_beside_the_old_ones() -> None:
    vbds = (*parse_xl_config(GUEST).vbds, Vbd(target="xvdc", source="/dev/vg/c"))
    text = edited(vbds=vbds)
    assert "format=raw,vdev=xvdc,access=rw,target=/dev/vg/c" in text
    assert text.splitlines()[:8] == GUEST.splitlines()[:8]


def test_a_change_of_the_kind_of_guest_keeps_what_it_says_true() -> None:
    config = replace(parse_xl_config("name='g'\nacpi=1\n"), guest_type=GuestType.HVM, acpi=False)
    text = format_xl_config(replace(config, guest_type=GuestType.HVM))
    assert parse_xl_config(text).acpi is False


def test_a_key_that_hides_another_does_not_stay_in_its_way() -> None:
    text = "name='g'\ntype='hvm'\nspice=1\nspicedisable_ticketing=1\nspicepasswd='old'\n"
    config = parse_xl_config(text)
    screen = replace(config.graphics[0], password="new")  # noqa: S106 - a text
    text = format_xl_config(replace(config, graphics=(screen,)))
    assert parse_xl_config(text).graphics == (screen,)


def test_of_two_entries_of_a_key_the_one_that_counts_is_changed() -> None:
    text = "name='g'\nmemory=1\nmemory=2\n"
    config = replace(parse_xl_config(text), memory_kib=3072, max_memory_kib=3072)
    assert format_xl_config(config) == "name='g'\nmemory=1\nmemory=3\n"


def test_a_field_that_xl_cannot_say_changes_nothing() -> None:
    assert edited(title="The web server") == GUEST


def test_a_change_and_its_undoing_leave_the_text_as_it_was() -> None:
    config = parse_xl_config(GUEST)
    there = replace(config, graphics=(Graphics(),), memory_kib=1024)
    assert format_xl_config(replace(there, graphics=(), memory_kib=config.memory_kib)) == GUEST


@settings(max_examples=30, deadline=None)
@given(configs(), st.data())
def test_any_change_of_one_field_changes_its_own_keys_only(
    config: DomainConfig, data: st.DataObject
) -> None:
    text = "".join(
        f"# {number}\n{line}  # mine\n"
        for number, line in enumerate(format_xl_config(config).rstrip("\n").split("\n"))
    )
    before = parse_xl_config(text)
    assert before == config
    strategies = fields_of(GuestType(config.guest_type))
    name = data.draw(st.sampled_from(sorted(strategies.keys() - {"guest_type", "clock_offset"})))
    after = changed(before, {name: data.draw(strategies[name])})
    assume(sayable(after))
    written = format_xl_config(after)
    assert plain(parse_xl_config(written)) == plain(after)
    keys = next(lens.keys for lens in LENSES if name in lens.fields)
    old, new = parse_xl_document(text), parse_xl_document(written)
    assert others(old, keys) == others(new, keys)
    remarks = {line for line in text.split("\n") if line.startswith("# ")}
    assert remarks <= set(written.split("\n"))
    if getattr(after, name) == getattr(before, name):
        assert written == text


def others(document: XlDocument, keys: tuple[str, ...]) -> list[str]:
    """Return the entries of a document that have none of these keys."""
    return [str(replace(e, before="")) for e in document.entries if e.key not in keys]


def sayable(config: DomainConfig) -> bool:
    """Return whether a drawn mixture of two domains is one that xl can say."""
    return plain(parse_xl_config(format_xl_config(bare(config)))) == plain(config)


def bare(config: DomainConfig) -> DomainConfig:
    """Return a config without what it was read from."""
    return dataclasses.replace(config, residue=None)
