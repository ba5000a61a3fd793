"""The image of a lab host: built once from Debian packages, cached by its recipe's hash."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from xenvm.errors import CommandError, LabBuildError, tail
from xenvm.processes import DEVNULL, PIPE, STDOUT, Process, end, run, start
from xenvm.waiting import Deadline, wait_until

from .paths import cache_directory, locked
from .prerequisites import ARCHIVE_KEYRING
from .progress import ASSEMBLE, INSTALL, Report
from .recipe import NOT_INSTALLED, Recipe

HYPERVISOR = "xen"
KERNEL = "vmlinuz"
INITRD = "initrd.img"
"""What multiboot loads, by its name in the image's directory."""

BUILD_DEADLINE_S = 1500.0
LOG_SHOWN_CHARACTERS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The files of a built image, in one directory that never changes once it is there."""

    image_id: str
    directory: Path

    @property
    def root_disk(self) -> Path:
        """Return the raw root disk."""
        return self.directory / "root.raw"

    @property
    def private_key(self) -> Path:
        """Return the ssh key that the image lets in as root."""
        return self.directory / "id_ed25519"

    @property
    def host_key(self) -> str:
        """Return the image's ssh host key, as ``ssh-ed25519 BASE64``."""
        words = (self.directory / "host_ed25519.pub").read_text(encoding="ascii").split()
        return " ".join(words[:2])


def find_image(recipe: Recipe) -> Image | None:
    """Return the cached image of ``recipe``, or None when it has not been built."""
    directory = cache_directory() / "images" / recipe.image_id
    return Image(image_id=recipe.image_id, directory=directory) if directory.is_dir() else None


def build_image(recipe: Recipe, report: Report) -> Image:
    """Return the image of ``recipe``, building it first when it is not cached.

    Two builds at once wait for each other; a build that dies leaves nothing that counts.

    Raises:
        LabBuildError: A step failed; names the log.
    """
    images = cache_directory() / "images"
    with locked(images / f"{recipe.image_id}.lock", deadline_s=BUILD_DEADLINE_S):
        if image := find_image(recipe):
            return image
        _remove_unfinished(images, recipe)
        directory = Path(tempfile.mkdtemp(prefix=f".{recipe.image_id}-", dir=images))
        try:
            _build(recipe, directory, report)
            directory.chmod(0o755)
            directory.rename(images / recipe.image_id)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
    image = find_image(recipe)
    if image is None:
        raise LabBuildError(f"the image {recipe.image_id} vanished from {images}; try again")
    return image


def _remove_unfinished(images: Path, recipe: Recipe) -> None:
    for leftover in images.glob(f".{recipe.image_id}-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _build(recipe: Recipe, directory: Path, report: Report) -> None:
    for name in ("id_ed25519", "host_ed25519"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "xenvm-lab", "-f", name]
        run(key, deadline_s=30, cwd=directory)
    log_path = cache_directory() / "images" / f"{recipe.image_id}.log"
    report(INSTALL)
    with log_path.open("wb") as log:
        installing = start(_install_argv(recipe), stdout=PIPE, stderr=log, stdin=DEVNULL)
        assembling = start(
            _assemble_argv(recipe), stdin=installing.stdout or DEVNULL, stdout=log,
            stderr=STDOUT, cwd=directory,
        )  # fmt: skip
        try:
            _wait_for_both(installing, assembling, report)
        finally:
            end(installing)
            end(assembling)
    if installing.returncode or assembling.returncode:
        said = tail(log_path.read_text(errors="replace"), LOG_SHOWN_CHARACTERS)
        raise LabBuildError(f"the image could not be built; {log_path} ends with:\n{said}")


def _wait_for_both(installing: Process, assembling: Process, report: Report) -> None:
    if installing.stdout:
        installing.stdout.close()  # the assembler holds the other end
    deadline = Deadline(BUILD_DEADLINE_S)
    for process, what in ((installing, "the packages"), (assembling, "the disk")):
        if process is assembling:
            report(ASSEMBLE)
        wait_until(what, functools.partial(_ended, process), deadline_s=deadline.left_s)


def _ended(process: Process) -> bool:
    return process.poll() is not None


def _install_argv(recipe: Recipe) -> list[str]:
    argv = ["mmdebstrap", "--variant=minbase", f"--keyring={ARCHIVE_KEYRING}"]
    argv.append(f"--include={','.join(recipe.packages)}")
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_INSTALLED]
    argv += [f"--aptopt={option}" for option in _apt_proxies()]
    argv.append(f'--customize-hook=chroot "$1" sh -c {shlex.quote(recipe.setup)}')
    argv += [recipe.release, "-"]
    if mirror := os.environ.get("XENVM_MIRROR"):
        argv.append(mirror)
    return argv


def _apt_proxies() -> list[str]:
    """Return this machine's own apt proxies, so that the image's packages come the same way."""
    try:
        said = run(["apt-config", "dump"], deadline_s=20).stdout
    except CommandError:
        return []
    wanted = ("Acquire::http::Proxy ", "Acquire::https::Proxy ")
    return [line.rstrip(";") for line in said.splitlines() if line.startswith(wanted)]


def _assemble_argv(recipe: Recipe) -> list[str]:
    script = resources.files("xenvm.lab").joinpath("image_files", "assemble.sh").read_text()
    argv = ["sh", "-c", script, "assemble", str(recipe.root_disk_gib)]
    if os.geteuid() == 0:
        return argv
    return ["unshare", "--map-root-user", "--map-auto", *argv]
