"""Rules on what a domain is called, and on its texts."""

from __future__ import annotations

import re

from xenvm.model.domain_fields import DomainFields
from xenvm.model.kinds import GuestType, LifecycleAction

from .rulebook import LIBVIRT, Found, error, listed, shown, warning

NAME_MAX_CHARACTERS = 200
"""Files are called after the domain, such as ``qemu-dm-NAME.log``; NAME_MAX of Linux is 255."""

_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@error(LIBVIRT + "libxl/libxl_capabilities.c, libxlCapsInitGuests")
def hypervisor_is_xen(config: DomainFields) -> Found:
    """Yield another hypervisor's domain."""
    if config.hypervisor != "xen":
        yield "hypervisor", f"{shown(config.hypervisor)} is not Xen: set it to 'xen'"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlMakeDomCreateInfo")
def guest_type_is_xens(config: DomainFields) -> Found:
    """Yield a kind of guest that Xen does not know."""
    if config.guest_type not in set(GuestType):
        said = shown(config.guest_type)
        yield "guest_type", f"{said} is no kind of Xen guest: use {listed(GuestType)}"


@error(LIBVIRT + "conf/domain_postparse.c, virDomainDefPostParseCheckFeatures; Linux, NAME_MAX")
def name_can_be_a_files(config: DomainFields) -> Found:
    """Yield a name that libvirt refuses, or that cannot be in a file's name."""
    name = config.name
    if not name:
        yield "name", "it is empty: give the domain a name"
    elif "/" in name:
        yield "name", f"{shown(name)} has a slash: take it out"
    elif _CONTROL.search(name):
        yield "name", f"{shown(name)} has a control character: take it out"
    elif len(name) > NAME_MAX_CHARACTERS:
        yield "name", f"it has {len(name)} characters: use at most {NAME_MAX_CHARACTERS}"


@error(LIBVIRT + "conf/domain_conf.c, virDomainDefParseXML; XML 1.0, section 2.2")
def texts_can_be_written(config: DomainFields) -> Found:
    """Yield texts with characters that their formats cannot carry."""
    for field, forbidden in (("title", _CONTROL), ("description", _NO_XML), ("cmdline", _CONTROL)):
        text = getattr(config, field)
        if text and forbidden.search(text):
            yield field, f"{shown(text)} has a control character: take it out"


@warning("xl(1), xl list: names stand in columns that spaces part")
def words_have_no_outer_spaces(config: DomainFields) -> Found:
    """Yield a name or a title that begins or ends with a space."""
    for field in ("name", "title"):
        text = getattr(config, field)
        if text and text != text.strip():
            yield field, f"{shown(text)} begins or ends with a space: take it out"


@error(LIBVIRT + "libxl/libxl_conf.c, libxlActionFromVirLifecycle; xl.cfg(5), on_poweroff")
def actions_are_xens(config: DomainFields) -> Found:
    """Yield an action that Xen's toolstack does not know."""
    for field in ("on_poweroff", "on_reboot", "on_crash"):
        action = getattr(config, field)
        if action not in set(LifecycleAction):
            yield field, f"{shown(action)} is no action of Xen: use {listed(LifecycleAction)}"
