"""``xl vcpu-list``, of Dom0 and guests, online and not."""

from __future__ import annotations

import pytest

from xenvm.errors import ParseError
from xenvm.formats.dom0_xl import parse_vcpus
from xenvm.model.quantities import CpuSet

TEXT = """\
Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)
Domain-0                             0     0    1   r--      45.3  all / all
shop 1                               7     0    0   -b-    1040.1  0-1,3 / all
shop 1                               7     1    -   --p       0.0  none / 0
"""


def test_each_vcpu_says_where_it_is_and_may_be() -> None:
    dom0, first, second = parse_vcpus(TEXT, pcpus=4)
    assert (dom0.domid, dom0.number, dom0.pcpu, dom0.time_s) == (0, 0, 1, 45.3)
    assert dom0.cpus == CpuSet.of(range(4))
    assert (first.domain, first.domid, str(first.cpus)) == ("shop 1", 7, "0-1,3")
    assert (second.pcpu, len(second.cpus)) == (None, 0)
    assert str(second) == "vCPU 1 of shop 1"


@pytest.mark.parametrize("line", ["nonsense", TEXT.splitlines()[1].replace("all /", "3-1 /")])
def test_a_line_that_is_none_of_a_vcpu_is_refused(line: str) -> None:
    with pytest.raises(ParseError, match="xl vcpu-list printed"):
        parse_vcpus(f"Name\n{line}\n", pcpus=4)


def test_no_output_is_no_vcpus() -> None:
    assert parse_vcpus("", pcpus=4) == ()
