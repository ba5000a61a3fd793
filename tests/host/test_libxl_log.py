"""libxl's failures are told with their causes, and never with older ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm.errors import ToolstackError
from xenvm.host import CommandResult, HostShell
from xenvm.host.libxl_log import TAIL, latest_words, libxl_log
from xenvm.host.shell import LocalShell, NoShell

LOG = """\
2026-11-23 16:14:55.135+0000: libxl: libxl_device.c:1337:device_hotplug_child_death_cb: script: \
Could not find bridge device nobr
2026-11-23 16:33:28.780+0000: libxl: libxl_device.c:455:libxl__device_disk_set_backend: \
Disk vdev=xvdd failed to stat: /tmp/nofile.img: No such file or directory
2026-11-23 16:33:28.803+0000: libxl: libxl_device.c:1486:device_addrm_aocomplete: unable to add \
device
"""
"""Of a lab's Dom0: a VNIF on a bridge that is not there, and later a VBD without its file."""

CAUSE = (
    "libxl__device_disk_set_backend: Disk vdev=xvdd failed to stat: /tmp/nofile.img: "
    "No such file or directory; device_addrm_aocomplete: unable to add device"
)


OF_THE_DOMAIN = """\
2026-11-23 16:33:28.791+0000: libxl: libxl_pci.c:1779:device_pci_add_done: Domain 18:\
libxl__device_pci_add failed for PCI device 0:10:0.0 (rc -3)
"""


class LogShell(NoShell):
    """A Dom0 of which only libxl's log can be read."""

    def run(self, command: str, *args: str, **_kwargs: object) -> CommandResult:
        told = f"2026-11-23 16:33:29\n{LOG}"
        return CommandResult(command=command % args, returncode=0, stdout=told, stderr="")


@pytest.mark.parametrize(
    ("shell", "detail"), [(LogShell(), CAUSE), (NoShell(), "its log cannot be read: a simulated")]
)
def test_a_failure_has_the_end_of_the_log_as_its_detail(shell: HostShell, detail: str) -> None:
    failure = ToolstackError("libxenlight failed to attach", code=1, domain=41)
    with pytest.raises(ToolstackError) as caught, libxl_log(shell, "web"):
        raise failure
    assert caught.value.detail.startswith(detail)
    assert str(caught.value).startswith("libxenlight failed to attach (")
    assert (caught.value.code, caught.value.domain) == (1, 41)
    assert caught.value.__cause__ is failure


def test_what_is_of_one_domain_is_told_from_its_own_log_in_its_turn(tmp_path: Path) -> None:
    (tmp_path / "libxl-driver.log").write_text(LOG)
    (tmp_path / "-a b.log").write_text(OF_THE_DOMAIN)
    told = LocalShell().run(TAIL, str(tmp_path), "40", "libxl-driver.log", "./-a b.log").stdout
    _, *lines = told.splitlines()
    assert lines == sorted((LOG + OF_THE_DOMAIN).splitlines())
    words = latest_words("\n".join(["2026-11-23 16:33:29", *lines]), took_s=6).split("; ")
    assert [word.partition(":")[0] for word in words] == [
        "libxl__device_disk_set_backend", "device_pci_add_done", "device_addrm_aocomplete"
    ]  # fmt: skip


def test_older_trouble_is_not_taken_for_the_cause() -> None:
    assert latest_words(f"2026-11-23 16:33:29\n{LOG}", took_s=6) == CAUSE
    assert "nobr" in latest_words(f"2026-11-23 16:33:29\n{LOG}", took_s=3600)
    assert "says nothing" in latest_words(f"2026-11-23 17:00:00\n{LOG}", took_s=6)


@pytest.mark.parametrize("told", ["", "no clock\nline", "2026-11-23 16:33:29\nno line of libxl"])
def test_what_is_no_log_tells_no_cause(told: str) -> None:
    assert "libxl_" not in latest_words(told, took_s=6)
