"""How an image of a lab host is made: packages and set-up, as data with a hash."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from .shape import Release, digest

PACKAGES = (
    "systemd-sysv", "udev", "kmod", "dbus",
    "linux-image-amd64", "xen-system-amd64", "xen-utils", "qemu-system-xen",
    "libvirt-daemon-system", "libvirt-daemon-driver-xen", "libvirt-clients",
    "openssh-server", "netcat-openbsd",
    "lvm2", "fdisk", "parted", "kpartx", "qemu-utils",
    "iproute2", "iputils-ping", "bridge-utils",
    "dmidecode", "pciutils", "xz-utils", "zstd", "busybox-static",
    "fio", "iperf3", "sockperf",
)  # fmt: skip

NOT_INSTALLED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")

ROOT_DISK_GIB = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what an image holds.

    Attributes:
        release: The Debian release.
        packages: Debian packages beside the minimal base.
        setup: A shell script, run inside the image once its packages are there.
        root_disk_gib: Size of the root disk; it is sparse.
    """

    release: Release
    packages: tuple[str, ...] = PACKAGES
    setup: str = ""
    root_disk_gib: int = ROOT_DISK_GIB

    @property
    def image_id(self) -> str:
        """Return the name under which the image is cached."""
        return f"{self.release}-{digest(self)}"


def recipe_for(release: Release) -> Recipe:
    """Return the recipe of a release's image."""
    setup = resources.files("xenvm.lab").joinpath("image_files", "setup.sh").read_text()
    return Recipe(release=release, setup=setup)
