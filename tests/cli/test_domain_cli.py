"""xenvm domain: what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xenvm.cli import xenvm
from xenvm.cli.domain import FILE_MAX_BYTES

GUEST = """<domain type='xen'>
  <name>web1</name>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type machine='xenpv'>linux</type><kernel>/boot/vmlinuz</kernel></os>
  <devices>
    <disk type='block' device='disk'>
      <driver name='phy'/> <source dev='/dev/vg/root'/> <target dev='xvda' bus='xen'/>
    </disk>
    <interface type='bridge'>
      <mac address='00:16:3e:00:00:01'/> <source bridge='xenbr0'/>
    </interface>
  </devices>
</domain>
"""
SCSI = "<hostdev type='scsi'><source><adapter name='scsi_host0'/></source></hostdev>"


def run(*args: str, stdin: str | bytes | None = None) -> Result:
    """Run the command line."""
    return CliRunner().invoke(xenvm, ["domain", *args], input=stdin, env={"COLUMNS": "80"})


def written(folder: Path, name: str, *changes: tuple[str, str]) -> str:
    """Write the guest, changed, and return its path."""
    text = GUEST
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_clean_domain_is_checked_with_status_0(tmp_path: Path) -> None:
    result = run("check", written(tmp_path, "web1.xml"))
    assert (result.exit_code, result.output) == (0, "web1: nothing is wrong\n")


def test_warnings_alone_leave_status_0(tmp_path: Path) -> None:
    result = run("check", written(tmp_path, "web1.xml", ("name='phy'", "name='qemu'")))
    assert result.exit_code == 0
    assert "vbds[0].driver" in result.output
    assert result.output.endswith("web1: 1 warning\n")


def test_errors_are_told_with_field_and_source_in_80_columns_and_status_1(tmp_path: Path) -> None:
    file = written(tmp_path, "web1.xml", ("</devices>", f"{SCSI}<watchdog/></devices>"))
    result = run("check", file)
    assert result.exit_code == 1
    assert "hostdevs[0].kind" in result.output
    assert "devices/watchdog" in result.output
    assert "libxlMakePCIList" in result.output
    assert result.output.endswith("web1: 2 errors\n")
    assert max(map(len, result.output.splitlines())) <= 80


def test_findings_are_json_for_programs(tmp_path: Path) -> None:
    file = written(tmp_path, "web1.xml", ("<kernel>/boot/vmlinuz</kernel>", ""))
    result = run("check", file, "--profile", "fujitsu-2008", "--json")
    assert result.exit_code == 1
    printed = json.loads(result.output)
    (finding,) = printed.pop("findings")
    assert printed == {
        "schema": "xenvm-domain-check/1",
        "file": file,
        "domain": "web1",
        "profile": "fujitsu-2008",
    }
    assert (finding["path"], finding["severity"]) == ("kernel", "error")
    assert set(finding) == {"path", "severity", "message", "source"}


def test_a_profile_is_held_against_the_domain(tmp_path: Path) -> None:
    file = written(tmp_path, "web1.xml", (">linux<", ">xenpvh<"), ("'xenpv'", "'xenpvh'"))
    assert run("check", file).exit_code == 0
    result = run("check", file, "--profile", "fujitsu-2008")
    assert result.exit_code == 1
    assert "guest_types" in result.output


def test_a_domain_is_read_from_standard_input_in_any_encoding() -> None:
    text = GUEST.replace("web1", "wäb1")
    assert run("check", "-", stdin=text.encode()).output == "wäb1: nothing is wrong\n"
    utf16 = f"<?xml version='1.0' encoding='utf-16'?>{text}".encode("utf-16")
    assert run("check", "-", stdin=utf16).output == "wäb1: nothing is wrong\n"


def test_the_same_domain_does_not_differ_and_exits_0(tmp_path: Path) -> None:
    old = written(tmp_path, "a.xml")
    new = written(tmp_path, "b.xml", ("unit='MiB'>512", "unit='KiB'>524288"))
    result = run("diff", old, new)
    assert result.exit_code == 0
    assert "the same domain" in result.output
    assert json.loads(run("diff", old, new, "--json").output)["differences"] == []


def test_differences_are_told_in_the_fields_terms_and_exit_1(tmp_path: Path) -> None:
    old = written(tmp_path, "a.xml")
    changes = (
        ("'/dev/vg/root'", "'/dev/vg/other'"),
        ("unit='MiB'>512", "unit='MiB'>1024"),
        ("</devices>", "<watchdog model='ib700'/></devices>"),
        ("</disk>", "</disk><disk type='block'><target dev='xvdb'/></disk>"),
    )
    new = written(tmp_path, "b.xml", *changes)
    result = run("diff", old, new)
    assert result.exit_code == 1
    assert "vbds[xvda].source" in result.output
    wide = [line for line in result.output.splitlines() if not line.startswith(("A: ", "B: "))]
    assert max(map(len, wide)) <= 80
    printed = json.loads(run("diff", old, new, "--json").output)
    found = {each["path"]: (each["old"], each["new"]) for each in printed["differences"]}
    assert found == {
        "max_memory_kib": (524288, 1048576),
        "memory_kib": (524288, 1048576),
        "vbds[xvda].source": ("/dev/vg/root", "/dev/vg/other"),
        "vbds[xvdb]": (None, {"target": "xvdb"}),
        "devices/watchdog/@model": (None, "ib700"),
    }
    unmodelled = [each["path"] for each in printed["differences"] if not each["modelled"]]
    assert unmodelled == ["devices/watchdog/@model"]


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    screens = [f"<graphics type='vnc' passwd='s3cret{number}'/></devices>" for number in (1, 2)]
    old, new = (
        written(tmp_path, f"{number}.xml", ("</devices>", screen))
        for number, screen in enumerate(screens)
    )
    without = written(tmp_path, "without.xml")
    for pair in ((old, new), (without, new)):
        for result in (run("diff", *pair), run("diff", *pair, "--json")):
            assert result.exit_code == 1
            assert "hidden" in result.output
            assert "s3cret" not in result.output


def test_a_domain_comes_out_of_its_own_format_as_it_went_in(tmp_path: Path) -> None:
    file = written(tmp_path, "web1.xml")
    printed = run("convert", file, "--to", "xml")
    assert printed.exit_code == 0
    assert printed.output.replace('"', "'") == GUEST
    copy = tmp_path / "copy.xml"
    assert run("convert", file, "--to", "xml", "--output", str(copy)).output == ""
    assert run("diff", file, str(copy)).exit_code == 0
    assert copy.read_text(encoding="utf-8") == printed.output


XL_GUEST = """# the web server
name = "web1"
memory = 512
vcpus = 2
kernel = "/boot/vmlinuz"
disk = [ "phy:/dev/vg/root,xvda,w" ]
vif = [ "mac=00:16:3e:00:00:01,bridge=xenbr0" ]
cpus_soft = "1"
"""


def test_an_xl_cfg_becomes_xml_and_what_is_left_behind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "web1.cfg"
    path.write_text(XL_GUEST, encoding="utf-8")
    copy = tmp_path / "copy.xml"
    told = run("convert", str(path), "--to", "xml", "--output", str(copy)).output
    assert told == f"xenvm: {path}: not carried into xml: cpus_soft\n"
    assert run("diff", str(path), str(copy)).exit_code == 0


def test_xml_becomes_an_xl_cfg_and_what_is_left_behind_is_named(tmp_path: Path) -> None:
    title = ("</name>", "</name><title>Web</title>")
    path = written(tmp_path, "web1.xml", title)
    copy = tmp_path / "copy.cfg"
    told = run("convert", path, "--to", "xl", "--output", str(copy)).output
    assert told == f"xenvm: {path}: not carried into xl: title\n"
    assert 'name = "web1"\n' in copy.read_text(encoding="utf-8")
    assert run("check", str(copy)).output == "web1: nothing is wrong\n"


def test_an_xl_cfg_comes_out_as_it_went_in() -> None:
    assert run("convert", "-", "--to", "xl", stdin=XL_GUEST).output == XL_GUEST


def test_a_vnif_that_xl_cannot_start_is_refused(tmp_path: Path) -> None:
    network = ("<interface type='bridge'>", "<interface type='network'>")
    result = run("convert", written(tmp_path, "web1.xml", network), "--to", "xl")
    assert result.exit_code == 2
    assert "vnifs[00:16:3e:00:00:01]: xl has no word for a VNIF of kind 'network'" in result.output


def test_a_wrong_value_of_an_xl_cfg_is_told_by_file_line_and_key() -> None:
    result = run("check", "-", stdin="name='a'\nmemory='much'\n")
    assert (result.exit_code, result.output) == (
        2,
        "xenvm: standard input:2: memory is not an integer\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<domain>\n<name>web1</nam>", "web1.xml:2: "),
        ("<domain>\n\n<vcpu>many</vcpu></domain>", "web1.xml:3: /domain/vcpu: 'many'"),
        ("<network/>", "web1.xml:1: /network: expected <domain>"),
        ("\x00\x01", "web1.xml:"),
        ("", "web1.xml:"),
    ],
)
@pytest.mark.parametrize("verb", ["check", "convert", "diff"])
def test_bad_input_is_one_line_with_file_and_line_and_exit_2(
    tmp_path: Path, verb: str, text: str, said: str
) -> None:
    path = tmp_path / "web1.xml"
    path.write_text(text, encoding="utf-8")
    more = {"check": (), "convert": ("--to", "xml"), "diff": (written(tmp_path, "b.xml"),)}
    result = run(verb, str(path), *more[verb])
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1


def test_a_file_that_is_too_big_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "big.xml"
    with path.open("wb") as stream:
        stream.truncate(FILE_MAX_BYTES + 1)
    result = run("check", str(path))
    assert result.exit_code == 2
    assert f"at most {FILE_MAX_BYTES} bytes" in result.output


@pytest.mark.parametrize(
    "args",
    [
        ("check", "none.xml"),
        ("check", "."),
        ("check", "-", "--profile", "fujitsu"),
        ("diff", "none.xml", "-"),
        ("convert", "none.xml", "--to", "xml"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(args: tuple[str, ...]) -> None:
    result = run(*args, stdin=GUEST)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
