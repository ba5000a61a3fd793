"""What a document says beyond the model: named by path, and compared."""

from __future__ import annotations

import dataclasses

from xenvm import formats
from xenvm.formats.unmodelled import unmodelled, unmodelled_differences
from xenvm.model.comparison import Difference
from xenvm.model.domain import DomainConfig

BARE = """<domain type="xen">
  <name>web1</name>
  <memory unit="MiB">512</memory>
  <os><type machine="xenpv">linux</type><kernel>/boot/vmlinuz</kernel></os>
  <devices>
    <disk type="block" device="disk"><source dev="/dev/a"/><target dev="xvda" bus="xen"/></disk>
    <disk type="block" device="disk"><source dev="/dev/b"/><target dev="xvdb" bus="xen"/></disk>
  </devices>
</domain>"""


def read(*, then: str = "", disk: str = "") -> DomainConfig:
    """Return the bare domain, with XML at its end, and at the end of its second disk."""
    text = BARE.replace("</domain>", f"{then}</domain>")
    head, _, tail = text.rpartition("</disk>")
    return formats.parse_domain_xml(f"{head}{disk}</disk>{tail}")


def test_what_the_model_says_is_not_beyond_it() -> None:
    assert unmodelled(read(then="<!-- a comment --> <on_crash>destroy</on_crash>")) == {
        "os/type/@machine": "xenpv"
    }


def test_an_unknown_element_is_told_down_to_its_attributes_and_texts() -> None:
    config = read(then='<x:y xmlns:x="urn:x" a="1"><z>t</z><z/> u </x:y>')
    assert unmodelled(config) == {
        "os/type/@machine": "xenpv",
        "urn:x:y/@a": "1",
        "urn:x:y/z[1]": "t",
        "urn:x:y/z[2]": "",
        "urn:x:y/text()": "u",
    }


def test_what_is_unknown_of_a_device_is_told_by_its_name() -> None:
    config = read(disk="<serial>s1</serial>")
    assert unmodelled(config)["devices/disk[xvdb]/serial"] == "s1"


def test_devices_that_changed_places_do_not_differ() -> None:
    config = read(disk="<serial>s1</serial>")
    swapped = dataclasses.replace(config, vbds=config.vbds[::-1])
    again = formats.parse_domain_xml(formats.format_domain_xml(swapped))
    assert again.vbds[0].target == "xvdb"
    assert unmodelled_differences(config, again) == []


def test_what_came_went_and_changed_is_told() -> None:
    old = read(then="<hugepages/>", disk="<serial>s1</serial>")
    new = read(then="<x/>", disk="<serial>s2</serial>")
    found = {each.path: each for each in unmodelled_differences(old, new)}
    assert found == {
        "hugepages": Difference(path="hugepages", old="", new=None, is_modelled=False),
        "x": Difference(path="x", old=None, new="", is_modelled=False),
        "devices/disk[xvdb]/serial": Difference(
            path="devices/disk[xvdb]/serial", old="s1", new="s2", is_modelled=False
        ),
    }


def test_the_way_in_which_a_size_is_written_is_not_beyond_the_model() -> None:
    kib = BARE.replace('unit="MiB">512<', 'unit="KiB">524288<')
    config, same = formats.parse_domain_xml(BARE), formats.parse_domain_xml(kib)
    assert config == same
    assert unmodelled_differences(config, same) == []


def test_a_domain_that_a_program_made_has_nothing_beyond_the_model() -> None:
    assert unmodelled(DomainConfig(name="web1", memory_kib=1024)) == {}
