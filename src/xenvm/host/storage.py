"""Volumes and image files in Dom0: listed by anybody, changed only where it is allowed."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from xenvm.errors import (
    AlreadyExistsError,
    CommandError,
    DeviceInUseError,
    NotAllowedError,
    NotFoundError,
    OutOfSpaceError,
    SpecError,
    XenvmError,
)
from xenvm.formats.dom0_volumes import parse_groups, parse_images, parse_volumes
from xenvm.model.dom0_storage import ImageFile, LogicalVolume, VolumeGroup, check_lvm_name
from xenvm.model.kinds import DiskFormat

from .backings import users_of
from .connection import Connection
from .shell import HostShell

DEADLINE_S = 60.0
COPY_DEADLINE_S = 3600.0

_EXISTS = 17
_MISSING = 2
_FULL = 28
"""Exit statuses of our scripts, after EEXIST, ENOENT and ENOSPC."""

_LVM = "LC_ALL=C PATH=$PATH:/usr/sbin:/sbin "
_COLUMNS = "--noheadings --nosuffix --units b --separator '|' -o"
_GROUPS = f"{_LVM} vgs {_COLUMNS} vg_name,vg_uuid,vg_size,vg_free"
_VOLUMES = f"{_LVM} lvs {_COLUMNS} vg_name,lv_name,lv_uuid,lv_size,origin,pool_lv,lv_path"
_NO_ROOM = ("nsufficient free", "nsufficient suitable")
"""What LVM says when a group is full."""

# A file is made beside its place and linked to it when it is whole: it is there or it is not, and
# one that is there already stays what it is.
_MAKE = f"""\
LC_ALL=C; export LC_ALL
path=%s
new=$path.xenvm-$$
trap 'rm -f "$new"' EXIT
trap 'exit 1' HUP INT TERM
[ ! -e "$path" ] && [ ! -L "$path" ] || exit {_EXISTS}
said=$(%s "$new" 2>&1) || {{
  printf '%%s\\n' "$said" >&2
  case $said in *'No space left'*) exit {_FULL} ;; esac
  exit 1
}}
ln "$new" "$path" && exit
[ -e "$path" ] || [ -L "$path" ] || exit 1
exit {_EXISTS}
"""

_LIST_IMAGES = f"""\
cd -P %s 2>/dev/null || exit {_MISSING}
for file in *; do
  [ -f "$file" ] && [ ! -L "$file" ] || continue
  head=$(od -An -v -tx1 -N 32 "$file" | tr -d ' \\n')
  printf '%%s %%s %%s/%%s\n' "${{head:--}}" "$(stat -c '%%s %%b' -- "$file")" "$PWD" "$file"
done
:
"""


class Storage:
    """What Dom0 keeps guests' disks on.

    Nothing is made or deleted but below the allow-list, which is empty unless given.

    Attributes:
        allowed: Volume groups (``vg``), volumes (``vg/lv``), folders and files (``/srv/images``)
            that may be changed.
    """

    def __init__(self, connection: Connection, shell: HostShell, allowed: Collection[str] = ()):
        self.allowed = tuple(allowed)
        self._connection = connection
        self._shell = shell

    def list_groups(self) -> tuple[VolumeGroup, ...]:
        """Return Dom0's volume groups, by name."""
        return parse_groups(self._shell.run(_GROUPS, deadline_s=DEADLINE_S).stdout)

    def list_volumes(self) -> tuple[LogicalVolume, ...]:
        """Return Dom0's logical volumes, by group and name."""
        return parse_volumes(self._shell.run(_VOLUMES, deadline_s=DEADLINE_S).stdout)

    def list_images(self, folder: str) -> tuple[ImageFile, ...]:
        """Return the files in a folder of Dom0, by path; symbolic links are left out.

        Raises:
            NotFoundError: There is no such folder.
            CommandError: Dom0 could not read it.
        """
        try:
            told = self._shell.run(_LIST_IMAGES, folder, deadline_s=DEADLINE_S).stdout
        except CommandError as exc:
            if exc.returncode == _MISSING:
                raise NotFoundError(f"Dom0 has no folder {folder}") from exc
            raise
        return parse_images(told)

    def create_volume(self, group: str, name: str, size_mib: int) -> LogicalVolume:
        """Make a logical volume; LVM rounds its size up to whole extents.

        Args:
            group: Where.
            name: What it is called.
            size_mib: How large, in MiB.

        Returns:
            The volume.

        Raises:
            SpecError: LVM takes no such name, or the size is none.
            NotAllowedError: The group is not on the allow-list.
            NotFoundError: There is no such group.
            AlreadyExistsError: It has a volume of that name.
            OutOfSpaceError: It has no room; nothing was made.
        """
        words = f"-L {_size(size_mib)}M -Wy -n %s %s"
        return self._lvcreate(group, name, words, (name, group))

    def snapshot_volume(self, group: str, name: str, snapshot: str, size_mib: int) -> LogicalVolume:
        """Make a snapshot of a volume as it is now.

        Args:
            group: Where.
            name: The volume.
            snapshot: What the snapshot is called.
            size_mib: How much may change, in MiB, before the snapshot is lost.

        Returns:
            The snapshot.

        Raises:
            SpecError: LVM takes no such name, or the size is none.
            NotAllowedError: The group is not on the allow-list.
            NotFoundError: There is no such volume.
            AlreadyExistsError: The group has a volume of the snapshot's name.
            OutOfSpaceError: It has no room; nothing was made.
        """
        check_lvm_name(name)
        words = f"-s -L {_size(size_mib)}M -n %s %s"
        return self._lvcreate(group, snapshot, words, (snapshot, f"{group}/{name}"))

    def delete_volume(self, group: str, name: str) -> None:
        """Delete a logical volume, and what is on it.

        Raises:
            NotAllowedError: Neither the volume nor its group is on the allow-list.
            NotFoundError: There is no such volume.
            DeviceInUseError: A domain has it, running or not, or Dom0; or other volumes need it.
        """
        self._require_volume(group, name)
        volumes = [volume for volume in self.list_volumes() if volume.group == group]
        volume = next((volume for volume in volumes if volume.name == name), None)
        if volume is None:
            raise NotFoundError(f"Dom0 has no volume {group}/{name}: see list_volumes()")
        needing = [f"volume {v.name}" for v in volumes if name in {v.origin, v.pool}]
        users = [*needing, *users_of(self._connection, self._shell, volume.path)]
        if users:
            raise DeviceInUseError(volume.path, users, cure="detach or delete those first")
        # By its UUID: a volume that took the name meanwhile is another one.
        self._shell.run(
            f"{_LVM} lvremove -qq -y --select %s %s",
            f"lv_uuid={volume.uuid}", group, deadline_s=DEADLINE_S,
        )  # fmt: skip

    def create_image(
        self,
        path: str,
        size_mib: int,
        *,
        layout: DiskFormat = DiskFormat.RAW,
        sparse: bool = False,
    ) -> ImageFile:
        """Make an image file.

        Args:
            path: Where, absolute.
            size_mib: How large a disk the guest sees, in MiB.
            layout: ``raw`` or ``qcow2``.
            sparse: Whether it takes room only as it is written; else all of it, now.

        Returns:
            The image.

        Raises:
            SpecError: The path is not absolute, the size none, or the layout no such.
            NotAllowedError: It is not below the allow-list.
            NotFoundError: There is no such folder.
            AlreadyExistsError: There is something of that name.
            OutOfSpaceError: There is no room; nothing was made.
        """
        commands = {
            (DiskFormat.RAW, False): f"fallocate -l {_size(size_mib)}MiB",
            (DiskFormat.RAW, True): f"truncate -s {size_mib}M",
            (DiskFormat.QCOW2, False): "sh -c 'qemu-img create -q -f qcow2 -o preallocation=falloc"
            f' "$0" {size_mib}M\'',
            (DiskFormat.QCOW2, True): f"sh -c 'qemu-img create -q -f qcow2 \"$0\" {size_mib}M'",
        }
        if (layout, sparse) not in commands:
            raise SpecError(f"we make no {layout} images: use raw or qcow2")
        return self._make_image(path, commands[layout, sparse], DEADLINE_S)

    def snapshot_image(self, path: str, copy: str) -> ImageFile:
        """Copy an image as it is now; the copy needs the image no more, and holes stay holes.

        Args:
            path: The image.
            copy: Where the copy goes, absolute.

        Returns:
            The copy.

        Raises:
            NotAllowedError: The copy is not below the allow-list.
            NotFoundError: There is no such image, or no such folder for the copy.
            AlreadyExistsError: There is something of the copy's name.
            DeviceInUseError: A domain has the image, running or not: a copy could be torn.
            OutOfSpaceError: There is no room; nothing was made.
        """
        source = self._image(path)
        if users := users_of(self._connection, self._shell, source):
            raise DeviceInUseError(path, users, cure="detach it there first, or copy may be torn")
        quoted = "'" + source.replace("'", "'\\''") + "'"
        return self._make_image(copy, f"cp --sparse=always -- {quoted}", COPY_DEADLINE_S)

    def delete_image(self, path: str) -> None:
        """Delete an image file.

        Raises:
            NotAllowedError: It is not below the allow-list.
            NotFoundError: There is no such file; a symbolic link is none.
            DeviceInUseError: A domain has it, running or not, or Dom0.
        """
        place = self._place(path)
        source = self._image(place)
        if users := users_of(self._connection, self._shell, source):
            raise DeviceInUseError(path, users, cure="detach it there first")
        self._shell.run("rm -- %s", source)

    def _lvcreate(self, group: str, name: str, words: str, args: tuple[str, ...]) -> LogicalVolume:
        check_lvm_name(name)
        self._require_volume(group, name)
        made, told = f"{_LVM} lvcreate -qq -y {words}", f"{_VOLUMES} %s"
        try:
            text = self._shell.run(
                f"{made} >/dev/null && {told}", *args, f"{group}/{name}", deadline_s=DEADLINE_S
            ).stdout
        except CommandError as exc:
            raise self._refusal(group, name, exc) from exc
        return parse_volumes(text)[0]

    def _refusal(self, group: str, name: str, error: CommandError) -> XenvmError:
        """Return what LVM's refusal to make a volume means; LVM tells it in words only."""
        if "already exists" in error.stderr:
            return AlreadyExistsError(f"{group} has a volume {name}: use another name")
        if any(said in error.stderr for said in _NO_ROOM):
            free = [g.free_bytes >> 20 for g in self.list_groups() if g.name == group]
            return OutOfSpaceError(
                f"volume group {group} has {sum(free)} MiB free, and {name} needs more: extend it,"
                " or delete something"
            )
        if "not found" in error.stderr or "Failed to find" in error.stderr:
            return NotFoundError(f"Dom0 has no such group or volume: {error.stderr}")
        return error

    def _require_volume(self, group: str, name: str) -> None:
        if not {group, f"{group}/{name}"} & {*self.allowed}:
            raise NotAllowedError(
                f"volume group {group} is not on the allow-list: pass allow=[{group!r}] to"
                f" change all of it, or [{f'{group}/{name}'!r}] for that volume only"
            )

    def _make_image(self, path: str, command: str, deadline_s: float) -> ImageFile:
        place = self._place(path)
        script = _MAKE.replace("$(%s", "$(" + command.replace("%", "%%"))
        try:
            self._shell.run(script, place, deadline_s=deadline_s)
        except CommandError as exc:
            if exc.returncode == _EXISTS:
                raise AlreadyExistsError(f"Dom0 has a {path}: use another name") from exc
            if exc.returncode == _FULL:
                raise OutOfSpaceError(
                    f"the file system of {path} has no room for it: make room, or make it sparse"
                ) from exc
            raise
        return next(i for i in self.list_images(posixpath.dirname(place)) if i.path == place)

    def _image(self, path: str) -> str:
        """Return the path of a file, as it is without links.

        Raises:
            NotFoundError: There is none.
        """
        folder, name = self._split(path)
        if all(image.path != f"{folder}/{name}" for image in self.list_images(folder)):
            raise NotFoundError(f"Dom0 has no file {path}; a symbolic link is none")
        return f"{folder}/{name}"

    def _place(self, path: str) -> str:
        """Return a path without links, if it may be changed.

        Raises:
            NotAllowedError: It may not.
        """
        folder, name = self._split(path)
        place = f"{folder}/{name}"
        folders = [entry for entry in self.allowed if entry.startswith("/")]
        if folders:
            told = self._shell.run("readlink -m -- " + " ".join(["%s"] * len(folders)), *folders)
            real = told.stdout.splitlines()
            if any(place == entry or place.startswith(f"{entry.rstrip('/')}/") for entry in real):
                return place
        raise NotAllowedError(
            f"{place} is not on the allow-list: pass allow=[{folder!r}] to change its folder, or"
            f" [{place!r}] for that file only"
        )

    def _split(self, path: str) -> tuple[str, str]:
        folder, name = posixpath.split(path)
        if not path.startswith("/") or name in {"", ".", ".."} or "\n" in path:
            raise SpecError(f"{path!r} is no absolute path of a file")
        told = self._shell.run("cd %s 2>/dev/null && pwd -P", folder, check=False)
        if told.returncode != 0:
            raise NotFoundError(f"Dom0 has no folder {folder}: make it first")
        return told.stdout.rstrip("\n").rstrip("/"), name


def _size(size_mib: int) -> int:
    if size_mib <= 0:
        raise SpecError(f"a size of {size_mib} MiB is none: use 1 or more")
    return size_mib
