"""Rules on screens and graphics cards."""

from __future__ import annotations

from collections.abc import Mapping

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import GraphicsKind, GuestType

from .rulebook import LIBVIRT, Found, error, listed, numbered, shown, warning

VNC_PORT_LEAST = 5900
_MAKE_VFB = LIBVIRT + "libxl/libxl_conf.c, libxlMakeVfb"
_BUILD_VFB = LIBVIRT + "libxl/libxl_conf.c, libxlMakeBuildInfoVfb"
_MAKE_VIDEO = LIBVIRT + "libxl/libxl_conf.c, libxlMakeVideo"
_VRAM_LEAST_KIB: Mapping[str, int] = {
    "vga": 16 * 1024,
    "xen": 16 * 1024,
    "cirrus": 8 * 1024,
    "qxl": 128 * 1024,
}
_TRADITIONAL_VRAM_LEAST_KIB: Mapping[str, int] = {
    "vga": 8 * 1024,
    "xen": 8 * 1024,
    "cirrus": 4 * 1024,
    "qxl": 128 * 1024,
}
"""With qemu-dm, Xen's old device model."""


@error(_MAKE_VFB)
def graphics_kind_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a way to show a screen that Xen's tools do not have."""
    for path, screen in numbered("graphics", config.graphics):
        if screen.kind not in set(GraphicsKind):
            said = shown(screen.kind)
            yield f"{path}.kind", f"Xen's tools have no {said}: use {listed(GraphicsKind)}"


@error(_BUILD_VFB + " (SPICE for HVM only, else dropped silently)")
def spice_is_of_hvm(config: DomainFields) -> Found:
    """Yield SPICE of a domain that never gets it."""
    for path, screen in numbered("graphics", config.graphics):
        is_pv = config.guest_type in {GuestType.PV, GuestType.PVH}
        if screen.kind == GraphicsKind.SPICE and is_pv:
            yield f"{path}.kind", "only an HVM domain has SPICE, it is dropped silently: use vnc"


@error(_MAKE_VFB + " (display is port - 5900)")
def vnc_port_is_one(config: DomainFields) -> Found:
    """Yield a port below those that VNC displays have."""
    for path, screen in numbered("graphics", config.graphics):
        given = screen.port is not None and screen.port >= 0 and not screen.autoport
        if given and screen.kind == GraphicsKind.VNC and (screen.port or 0) < VNC_PORT_LEAST:
            yield f"{path}.port", f"{screen.port} is no VNC port: use {VNC_PORT_LEAST} or more"


@warning(_BUILD_VFB)
def hvm_has_one_screen(config: DomainFields) -> Found:
    """Yield screens of an HVM domain beyond the one that it gets."""
    if config.guest_type == GuestType.HVM and len(config.graphics) > 1:
        yield "graphics[1]", "an HVM domain is shown one way, SPICE or the first: take one out"


@error(_MAKE_VIDEO)
def video_model_is_one_of_libxls(config: DomainFields) -> Found:
    """Yield a graphics card that Xen's tools do not have."""
    if config.guest_type == GuestType.HVM and config.videos:
        model = config.videos[0].model
        if model not in {None, *_VRAM_LEAST_KIB}:
            said = shown(model or "")
            yield "videos[0].model", f"{said} is refused: use {listed(_VRAM_LEAST_KIB)}"


@error(_MAKE_VIDEO)
def video_has_memory(config: DomainFields) -> Found:
    """Yield a graphics card with too little memory to start."""
    traditional = (config.emulator or "").endswith("qemu-dm")
    table = _TRADITIONAL_VRAM_LEAST_KIB if traditional else _VRAM_LEAST_KIB
    for path, video in numbered("videos", config.videos[:1]):
        least_kib = table.get(video.model or "", 0)
        is_short = video.vram_kib and video.vram_kib < least_kib
        if is_short and config.guest_type == GuestType.HVM:
            yield (
                f"{path}.vram_kib",
                f"{video.vram_kib} KiB are too few for {video.model}: use {least_kib}, or say "
                "nothing",
            )


@warning(_MAKE_VIDEO)
def hvm_has_one_video(config: DomainFields) -> Found:
    """Yield graphics cards of an HVM domain beyond the first."""
    if config.guest_type == GuestType.HVM and len(config.videos) > 1:
        yield "videos[1]", "an HVM domain gets the first card only: take it out"
