"""Rules on consoles, ports and channels."""

from __future__ import annotations

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import ChardevKind, GuestType

from .rulebook import LIBVIRT, Found, error, listed, numbered, shown, warning

_CHARDEV = LIBVIRT + "libxl/libxl_conf.c, libxlMakeChrdevStr"
_CHANNEL = LIBVIRT + "libxl/libxl_conf.c, libxlMakeChannel"
_CHANNEL_KINDS = (ChardevKind.PTY, ChardevKind.UNIX)


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo")
def parallels_are_none(config: DomainFields) -> Found:
    """Yield parallel ports, of which Xen's tools have none."""
    for path, _ in numbered("parallels", config.parallels):
        yield path, "Xen's tools have no parallel ports: take it out"


@warning(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomBuildInfo")
def serials_are_of_hvm(config: DomainFields) -> Found:
    """Yield serial ports of a domain that has none."""
    for path, _ in numbered("serials", config.serials):
        if config.guest_type in {GuestType.PV, GuestType.PVH}:
            yield path, "only an HVM domain has serial ports, it is dropped silently: use a console"


@error(_CHARDEV)
def serials_are_wired_to_what_qemu_has(config: DomainFields) -> Found:
    """Yield serial ports that lead where the libxl driver cannot."""
    for path, port in numbered("serials", config.serials):
        if port.kind not in set(ChardevKind) and config.guest_type == GuestType.HVM:
            yield f"{path}.kind", f"{shown(port.kind)} is refused: use {listed(ChardevKind)}"


@warning(LIBVIRT + "libxl/libxl_conf.c, libxlBuildDomainConfig (has no code for consoles)")
def consoles_of_pv_are_terminals(config: DomainFields) -> Found:
    """Yield consoles of PV and PVH domains that are to be something else."""
    for path, console in numbered("consoles", config.consoles):
        is_pv = config.guest_type in {GuestType.PV, GuestType.PVH}
        if is_pv and console.kind != ChardevKind.PTY:
            yield (
                f"{path}.kind",
                f"Xen makes a pseudo-terminal, {shown(console.kind)} is dropped silently: say pty",
            )


@error(_CHANNEL)
def channels_are_xens(config: DomainFields) -> Found:
    """Yield channels that are not for a Xen guest."""
    for path, channel in numbered("channels", config.channels):
        if channel.target_kind != "xen":
            said = shown(channel.target_kind or "")
            yield f"{path}.target_kind", f"{said} is refused: a Xen guest has xen channels"
        elif not channel.target_name:
            yield f"{path}.target_name", "it has no name for the guest to find it by: give it one"


@error(_CHANNEL)
def channels_are_wired_to_what_libxl_has(config: DomainFields) -> Found:
    """Yield channels that lead where libxl cannot."""
    for path, channel in numbered("channels", config.channels):
        if channel.kind not in _CHANNEL_KINDS:
            yield f"{path}.kind", f"{shown(channel.kind)} is refused: use {listed(_CHANNEL_KINDS)}"
