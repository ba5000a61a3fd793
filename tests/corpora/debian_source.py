"""libvirt's own test data, out of Debian's source packages; fetched once, then cached."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from xenvm.errors import CommandError
from xenvm.lab.paths import cache_directory, locked
from xenvm.lab.prerequisites import ARCHIVE_KEYRING
from xenvm.processes import run

RELEASES = {"9.0.0": "bookworm", "11.3.0": "trixie"}
"""Which Debian release has which libvirt."""

UPDATE_DEADLINE_S = 240.0
DOWNLOAD_DEADLINE_S = 240.0
LOCK_DEADLINE_S = UPDATE_DEADLINE_S + DOWNLOAD_DEADLINE_S + 120.0

_SUITES = {*RELEASES.values(), "stable", "oldstable", "testing", "unstable", "forky", "sid"}
_DEPTH_MOST = 2
"""tests/FILE and tests/FOLDER/FILE; deeper down are trees of sysfs."""

_APT_CONF = """\
Dir::Etc::SourceList "{root}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "{root}/state";
Dir::State::Status "{root}/status";
Dir::Cache "{root}/cache";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
"""Read after the machine's own configuration, whose proxies stay in force; without its hooks."""


class NoCorpusError(Exception):
    """libvirt's test data is neither cached nor to be had; the text says why."""


def libvirt_tests(version: str) -> Path:
    """Return the folder ``tests`` of libvirt's sources, fetched first when it is not cached.

    Two at once wait for each other; a fetch that dies leaves nothing that counts.

    Raises:
        NoCorpusError: It could not be fetched.
    """
    corpora = cache_directory() / "corpora"
    wanted = corpora / f"libvirt-{version}"
    with locked(corpora / f"libvirt-{version}.lock", deadline_s=LOCK_DEADLINE_S):
        if not wanted.is_dir():
            for leftover in corpora.glob(f".libvirt-{version}-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f".libvirt-{version}-", dir=corpora) as place:
                unpacked = Path(place) / "unpacked"
                unpack_tests(_fetch(version, Path(place)), unpacked)
                unpacked.rename(wanted)
    return wanted


def mirror() -> str:
    """Return the URL of a Debian mirror: XENVM_MIRROR, else one that this machine's apt uses.

    Raises:
        NoCorpusError: It uses none, or has no apt.
    """
    if url := os.environ.get("XENVM_MIRROR"):
        return url
    words = ["apt-get", "indextargets", "--no-release-info"]
    words += ["--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"]
    try:
        lines = run(words, deadline_s=30).stdout.splitlines()
    except CommandError as exc:
        raise NoCorpusError(f"this machine has no apt to fetch sources with: {exc}") from exc
    for suite, component, url in (line.split(maxsplit=2) for line in lines):
        if suite in _SUITES and component == "main":
            return url
    raise NoCorpusError("this machine's apt names no Debian mirror: set XENVM_MIRROR=URL")


def unpack_tests(tarball: Path, wanted: Path) -> None:
    """Unpack libvirt's ``tests`` into the new folder ``wanted``, its shallow files only.

    Nothing is written outside of it: Debian 12's Python has no extraction filters, so each name is
    checked here, and only plain files and links from one of them to another are made.
    """
    wanted.mkdir()
    links = []
    with tarfile.open(tarball) as archive:
        for member in archive:
            inside = _below_tests(member.name)
            if inside is None:
                continue
            path = wanted / inside
            if member.isfile():
                path.parent.mkdir(exist_ok=True)
                content = archive.extractfile(member)
                path.write_bytes(content.read() if content else b"")
            elif member.issym():
                links.append((path, member.linkname))
    for path, target in links:
        aimed = Path(os.path.normpath(path.parent / target))
        if aimed.is_relative_to(wanted) and aimed.is_file():
            path.parent.mkdir(exist_ok=True)
            path.symlink_to(target)


def _below_tests(name: str) -> PurePosixPath | None:
    """Return where a member lies below ``libvirt-VERSION/tests``, or None if it is not wanted."""
    parts = PurePosixPath(name).parts
    inside = parts[2:]
    wanted = parts[1:2] == ("tests",) and 1 <= len(inside) <= _DEPTH_MOST and ".." not in inside
    return PurePosixPath(*inside) if wanted else None


def _fetch(version: str, place: Path) -> Path:
    """Return the upstream tarball, checked by apt against Debian's signature."""
    if not ARCHIVE_KEYRING.is_file():
        raise NoCorpusError(f"{ARCHIVE_KEYRING} is missing: apt-get install debian-archive-keyring")
    release, url = RELEASES[version], mirror()
    root, got = place / "apt", place / "got"
    for folder in (root / "state/lists/partial", root / "cache/archives/partial", got):
        folder.mkdir(parents=True)
    source = f"deb-src [signed-by={ARCHIVE_KEYRING}] {url} {release} main\n"
    (root / "sources.list").write_text(source)
    (root / "status").touch()
    configuration = root / "apt.conf"
    configuration.write_text(_APT_CONF.format(root=root))
    apt = ["apt-get", "-qq", "-c", str(configuration)]
    try:
        run([*apt, "--error-on=any", "update"], deadline_s=UPDATE_DEADLINE_S)
        words = [*apt, "source", "--download-only", "--tar-only", "libvirt"]
        run(words, deadline_s=DOWNLOAD_DEADLINE_S, cwd=got)
    except CommandError as exc:
        raise NoCorpusError(f"libvirt {version} cannot be fetched from {url}: {exc}") from exc
    tarballs = sorted(got.glob("libvirt_*.orig.tar.*"))
    if not tarballs or not tarballs[0].name.startswith(f"libvirt_{version}.orig"):
        found = ", ".join(path.name for path in got.iterdir()) or "nothing"
        raise NoCorpusError(f"Debian's {release} has no libvirt {version} any more, but {found}")
    return tarballs[0]
