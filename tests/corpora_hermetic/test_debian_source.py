"""Test data is fetched whole or not at all, once, from where this machine's apt gets Debian."""

from __future__ import annotations

import io
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.corpora import debian_source
from tests.corpora.debian_source import NoCorpusError, libvirt_tests, mirror, unpack_tests

DOCUMENT = b"<domain type='xen'/>"
TARGETS = """\
third-party main https://packages.invalid/xen/
bookworm contrib https://mirror.invalid/contrib/
bookworm-security main https://mirror.invalid/debian-security/
bookworm main https://mirror.invalid/debian/
"""


def tarball(path: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return path


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An apt-get that names mirrors and downloads a small tarball; a line for each download."""
    tools = tmp_path / "tools"
    tools.mkdir()
    tarball(tools / "libvirt_9.0.0.orig.tar.xz", {"libvirt-9.0.0/tests/xl/one.xml": DOCUMENT})
    (tools / "targets").write_text(TARGETS)
    script = tools / "apt-get"
    script.write_text(f"""#!/bin/sh
case "$*" in
  indextargets*) cat {tools}/targets ;;
  *source*) echo ran >>{tools}/ran; cp {tools}/*.tar.xz . ;;
  *update) cat {tmp_path}/cache/corpora/.libvirt*/apt/sources.list >>{tools}/sources ;;
esac
""")
    script.chmod(0o755)
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian_source, "ARCHIVE_KEYRING", keyring)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("XENVM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("XENVM_MIRROR", raising=False)
    return tools


def test_it_is_fetched_once_however_many_ask(apt: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        (found,) = set(pool.map(libvirt_tests, ["9.0.0"] * 4))
    assert (found / "xl" / "one.xml").read_bytes() == DOCUMENT
    assert (apt / "ran").read_text() == "ran\n"
    assert sorted(path.name for path in found.parent.iterdir()) == [
        "libvirt-9.0.0", "libvirt-9.0.0.lock",
    ]  # fmt: skip


def test_it_comes_signed_from_the_mirror_of_this_machine(apt: Path) -> None:
    libvirt_tests("9.0.0")
    (line,) = (apt / "sources").read_text().splitlines()
    signed = f"[signed-by={apt.parent}/keyring.gpg]"
    assert line == f"deb-src {signed} https://mirror.invalid/debian/ bookworm main"


@pytest.mark.usefixtures("apt")
def test_another_mirror_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENVM_MIRROR", "https://other.invalid/debian")
    assert mirror() == "https://other.invalid/debian"


def test_without_a_debian_mirror_the_error_says_how_to_name_one(apt: Path) -> None:
    (apt / "targets").write_text("noble main https://mirror.invalid/ubuntu/\n")
    with pytest.raises(NoCorpusError, match="set XENVM_MIRROR"):
        libvirt_tests("9.0.0")


def test_a_fetch_that_fails_says_why_and_leaves_nothing(apt: Path) -> None:
    script = apt / "apt-get"
    script.write_text(
        script.read_text().replace("*source*)", "*source*) echo E: no net >&2; exit 100;")
    )
    with pytest.raises(NoCorpusError, match=r"libvirt 9\.0\.0 cannot be fetched.*no net"):
        libvirt_tests("9.0.0")
    assert [path.name for path in (apt.parent / "cache/corpora").iterdir()] == [
        "libvirt-9.0.0.lock"
    ]


@pytest.mark.usefixtures("apt")
def test_another_release_of_libvirt_does_not_pass_for_the_one_asked_for() -> None:
    with pytest.raises(NoCorpusError, match=r"no libvirt 11\.3\.0 any more, but libvirt_9"):
        libvirt_tests("11.3.0")


def test_without_debians_keyring_nothing_is_fetched(
    apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_source, "ARCHIVE_KEYRING", apt / "missing.gpg")
    with pytest.raises(NoCorpusError, match="apt-get install debian-archive-keyring"):
        libvirt_tests("9.0.0")
    assert not (apt / "ran").exists()


def test_only_shallow_files_of_tests_are_unpacked(tmp_path: Path) -> None:
    files = ["tests/xltest.c", "tests/xl/one.xml", "tests/xl/sys/deep.xml", "src/xl/two.xml"]
    source = tarball(tmp_path / "a.tar.xz", {f"libvirt-9.0.0/{name}": b"x" for name in files})
    unpack_tests(source, tmp_path / "out")
    found = [str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")]
    assert sorted(found) == ["xl/one.xml", "xltest.c"]


def test_links_among_them_are_kept_and_no_others(tmp_path: Path) -> None:
    links = {"in": "../qemu/one.xml", "out": "../../../../etc/passwd", "abs": "/etc/passwd"}
    source = tarball(
        tmp_path / "a.tar.xz",
        {"l/tests/qemu/one.xml": DOCUMENT},
        {f"l/tests/xl/{name}.xml": target for name, target in links.items()},
    )
    unpack_tests(source, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/xl").iterdir()] == ["in.xml"]
    assert (tmp_path / "out/xl/in.xml").read_bytes() == DOCUMENT


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    names = ["../../../evil", "/evil", "l/tests/../evil", "l/tests/../../evil", "l/../tests/evil"]
    source = tarball(tmp_path / "a.tar.xz", dict.fromkeys(names, b"evil"))
    (tmp_path / "deep").mkdir()
    unpack_tests(source, tmp_path / "deep/out")
    assert not list(tmp_path.rglob("evil"))
