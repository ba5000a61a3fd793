from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm import processes
from xenvm.errors import ParseError
from xenvm.host import connect
from xenvm.qualify.dom0 import Dom0
from xenvm.qualify.names import UNDO_FILE, is_ours, new_run_id, run_prefix
from xenvm.qualify.restore import _command, leftovers, restore
from xenvm.qualify.snapshot import Snapshot, compare, parse_snapshot, snapshot_script

OURS = [
    ("bridge", "xenvm-ab12-b127"),
    ("domain", "xenvm-ab12-g1 5f0c6f5e-0000-4000-8000-000000000001 7 running"),
    ("folder", "/var/lib/xenvm/runs/ab12"),
    ("link", "xenvm-ab12-v1"),
    ("loop device", "loop0 /var/lib/xenvm/runs/ab12/disk.img"),
    ("volume", "vg0/xenvm-ab12-lv"),
    ("xen domain", "xenvm-ab12-g1 7"),
]
THEIRS = [
    ("bridge", "xenbr0"),
    ("bridge", "xenvm-b1"),
    ("bridge", "my-xenvm-ab12-b1"),
    ("domain", "xenvm-lab 5f0c6f5e-0000-4000-8000-000000000002 - shut-off"),
    ("folder", "/var/lib/xenvm/runs/notes.txt"),
    ("folder", "/var/lib/xenvm/runs"),
    ("link", "eth0"),
    ("loop device", "loop1 /srv/images/xenvm-ab12-disk"),
    ("loop device", "loop2 /var/lib/xenvm/runs/ab12/../../../../srv/disk"),
    ("vif", "vif7.0"),
    ("volume", "xenvm-ab12-vg/root"),
    ("xen domain", "Domain-0 0"),
    ("xenstore", "/local/domain/7"),
]

DOMAIN = """
  <domain type='test'>
    <name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os><type arch='x86_64'>hvm</type></os>
  </domain>"""


def snapshot(things: list[tuple[str, str]]) -> Snapshot:
    return Snapshot(things=frozenset(things))


def test_only_what_a_run_made_is_ever_removed() -> None:
    assert leftovers(snapshot(OURS + THEIRS)) == sorted(OURS)


def test_one_runs_leftovers_are_not_anothers() -> None:
    assert leftovers(snapshot(OURS), run_id="zz99") == []
    assert leftovers(snapshot(OURS), run_id="ab12") == sorted(OURS)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_name_reaches_the_shell_unquoted(name: str) -> None:
    hostile = f"{name}'; echo injected; $(echo injected)"
    for kind in ("bridge", "folder", "link", "loop device", "volume", "xen domain"):
        words = shlex.split(_command(kind, hostile))
        assert "echo" not in words


def test_what_a_run_wrote_down_to_undo_is_done_before_its_folder_goes(tmp_path: Path) -> None:
    folder = tmp_path / "ab12"
    for undo in ("", f"echo 0-1 >{tmp_path}/pinned; false\n"):
        folder.mkdir()
        if undo:
            (folder / UNDO_FILE).write_text(undo)
        processes.run(["sh", "-c", _command("folder", str(folder))], deadline_s=20)
        assert not folder.exists()
    assert (tmp_path / "pinned").read_text() == "0-1\n"


def test_a_run_id_makes_names_that_fit_a_bridge() -> None:
    for _ in range(50):
        name = f"{run_prefix(new_run_id())}b127"
        assert is_ours(name)
        assert len(name) <= 15


def test_this_machine_can_be_looked_at() -> None:
    text = processes.run(["sh", "-c", snapshot_script()], deadline_s=30).stdout
    seen = parse_snapshot(text)
    assert len(seen.boot_id) == 36
    assert "lo" in seen.of_kind("link")


def test_a_look_that_was_cut_off_is_no_look() -> None:
    with pytest.raises(ParseError, match="cut off"):
        parse_snapshot("boot\tx\nbridge\txenbr0\n")


def test_two_looks_differ_by_what_came_and_went() -> None:
    before = parse_snapshot("boot\tx\nbridge\ta\nbridge\tb\nend\t.\n")
    after = parse_snapshot("boot\tx\nbridge\tb\nvif\tvif1.0\nend\t.\n")
    differences = compare(before, after)
    assert differences.left == (("vif", "vif1.0"),)
    assert differences.missing == (("bridge", "a"),)
    assert differences.text == "left: vif vif1.0; missing: bridge a"
    assert compare(before, before).none


def test_a_reboot_in_between_is_seen() -> None:
    before, after = (parse_snapshot(f"boot\t{boot}\nend\t.\n") for boot in "xy")
    assert compare(before, after).rebooted


@pytest.fixture
def dom0(tmp_path: Path) -> Iterator[Dom0]:
    names = ("xenvm-ab12-g1", "xenvm-zz99-g1", "somebody-s")
    node = tmp_path / "node.xml"
    node.write_text(f"<node>{''.join(DOMAIN.format(name=name) for name in names)}</node>")
    with connect(f"test://{node}") as host:
        host.domain("xenvm-zz99-g1").destroy()
        yield Dom0(host, "test:///default")


def names(dom0: Dom0) -> list[str]:
    return [line.rsplit(" ", 3)[0] for line in dom0.look().of_kind("domain")]


def test_domains_of_crashed_runs_are_ended_and_forgotten(dom0: Dom0) -> None:
    said = []
    done = restore(dom0, say=lambda thing, why: said.append((thing[0], why)))
    assert names(dom0) == ["somebody-s"]
    assert said == [("domain", ""), ("domain", "")]
    assert not done.failed
    assert restore(dom0).removed == ()


def test_what_cannot_be_removed_is_told_and_hinders_nothing(
    dom0: Dom0, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Dom0.look
    stuck = {OURS[0]}
    monkeypatch.setattr(Dom0, "look", lambda self: Snapshot(things=look(self).things | stuck))
    done = restore(dom0)
    assert [thing for thing, _ in done.failed] == [OURS[0]]
    assert "no Dom0" in done.failed[0][1]
    assert len(done.removed) == 2
