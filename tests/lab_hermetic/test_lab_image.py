"""An image is built whole or not at all, once, however many ask; packages come from a stand-in."""

from __future__ import annotations

import io
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xenvm.errors import LabBuildError
from xenvm.lab.image import Image, build_image, find_image
from xenvm.lab.progress import Step, silent
from xenvm.lab.recipe import Recipe
from xenvm.lab.shape import Release

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="as a user, tar needs user namespaces")

RECIPE = Recipe(release=Release.BOOKWORM, packages=("one",), setup="true", root_disk_gib=1)


def a_root() -> bytes:
    """Return a tar of the least that an image is assembled from."""
    files = {"./boot/vmlinuz-6.1": b"kernel", "./boot/initrd.img-6.1": b"initrd"}
    files["./boot/xen-4.17.gz"] = bytes.fromhex("1f8b080000000000000303000000000000000000")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("./boot", "./root", "./etc", "./etc/ssh"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A mmdebstrap that writes a small root, and a line for each time it ran."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "root.tar").write_bytes(a_root())
    script = tools / "mmdebstrap"
    script.write_text(f"#!/bin/sh\necho ran >>{tools}/ran; cat {tools}/root.tar\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("XENVM_CACHE_DIR", str(tmp_path / "cache"))
    return tools


def left_in_cache(tools: Path) -> list[str]:
    return sorted(path.name for path in (tools.parent / "cache" / "images").iterdir())


@pytest.mark.usefixtures("installs")
def test_a_built_image_is_found_again() -> None:
    steps: list[Step] = []
    assert find_image(RECIPE) is None
    image = build_image(RECIPE, steps.append)
    assert find_image(RECIPE) == image
    assert (image.directory / "vmlinuz").read_bytes() == b"kernel"
    assert image.root_disk.stat().st_size == 1 << 30
    assert image.host_key.startswith("ssh-ed25519 ")
    assert len(steps) == 2


def test_two_builds_at_once_build_once(installs: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        built: list[Image] = list(pool.map(lambda _: build_image(RECIPE, silent), range(2)))
    assert built[0] == built[1]
    assert (installs / "ran").read_text().splitlines() == ["ran"]


def test_a_build_that_fails_leaves_no_half_image_and_says_why(installs: Path) -> None:
    (installs / "mmdebstrap").write_text("#!/bin/sh\necho 'E: no mirror answers' >&2; exit 1\n")
    with pytest.raises(LabBuildError, match="no mirror answers"):
        build_image(RECIPE, silent)
    assert find_image(RECIPE) is None
    assert not [name for name in left_in_cache(installs) if name.startswith(".")]


def test_what_a_killed_build_left_is_cleared_by_the_next(installs: Path) -> None:
    half = installs.parent / "cache" / "images" / f".{RECIPE.image_id}-dead"
    half.mkdir(parents=True)
    build_image(RECIPE, silent)
    assert not half.exists()
