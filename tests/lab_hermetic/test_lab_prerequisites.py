"""What the lab needs of this machine is checked together, each with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from xenvm import processes
from xenvm.errors import LabPrerequisiteError
from xenvm.lab import prerequisites


def missing(*, memory_mib: int = 1, building: bool = True) -> dict[str, str]:
    try:
        prerequisites.check(memory_mib=memory_mib, building=building)
    except LabPrerequisiteError as exc:
        return dict(exc.missing)
    return {}


def test_every_missing_tool_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(processes, "SYSTEM_FOLDERS", ())
    said = missing()
    for tool in ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs", "ssh"):
        assert f"no {tool}" in said
    assert "apt-get install" in said["no mmdebstrap"]


def test_tools_that_an_ordinary_users_path_leaves_out_are_found_and_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool = tmp_path / "mke2fs"
    tool.write_text("#!/bin/sh\necho made\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(processes, "SYSTEM_FOLDERS", (str(tmp_path),))
    assert "no mke2fs" not in missing()
    assert processes.run(["mke2fs"], deadline_s=10).stdout == "made\n"


def test_what_only_a_build_needs_is_not_asked_of_a_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no mmdebstrap" not in missing(building=False)


def test_too_little_memory_is_named_with_both_numbers() -> None:
    (said,) = [what for what in missing(memory_mib=1 << 30, building=False) if "memory" in what]
    assert f"{(1 << 30) + prerequisites.MEMORY_SPARE_MIB} MiB is needed" in said


def test_too_little_disk_is_named_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XENVM_CACHE_DIR", str(tmp_path / "not" / "there"))
    monkeypatch.setattr(prerequisites, "DISK_LEAST_GIB", 1 << 30)
    assert any(f"GiB is free at {tmp_path}" in what for what in missing())


def test_missing_keys_of_the_archive_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prerequisites, "ARCHIVE_KEYRING", tmp_path / "none.gpg")
    assert "debian-archive-keyring" in missing()["no keys of the Debian archive"]


def test_a_user_without_user_namespaces_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2; exit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    (said,) = [what for what in missing() if "user namespaces" in what]
    assert "Operation not permitted" in said


def test_all_that_is_missing_is_said_in_one_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabPrerequisiteError) as caught:
        prerequisites.check(memory_mib=1 << 30, building=True)
    assert len(str(caught.value).splitlines()) == 1 + len(caught.value.missing)
