"""What ``xenstore-ls -f`` prints → pairs of path and value, and devices; pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xenvm.model.xenbus import XenbusState, XenDevice

_LINE = re.compile(r"(?P<path>/\S*) = \"(?P<value>.*)\"(?:   \(.*\))?")
_ESCAPE = re.compile(r"\\(?:x(?P<hex>[0-9a-fA-F]{2})|(?P<octal>[0-7]{1,3})|(?P<letter>.))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}
_BACK = re.compile(r"/local/domain/\d+/backend/(?P<served_by>[^/]+)/(?P<domid>\d+)/(?P<number>\d+)")


def parse_xenstore(text: str) -> dict[str, str]:
    """Return each path's value; lines that are none of ``xenstore-ls -f`` are left out."""
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    return {match["path"]: _ESCAPE.sub(_unescaped, match["value"]) for match in matches if match}


def xen_devices(pairs: Mapping[str, str], domid: int) -> tuple[XenDevice, ...]:
    """Return the paravirtual devices of a guest, by kind and number.

    Args:
        pairs: What xenstore has below the guest's ``device`` and Dom0's ``backend``.
        domid: The guest's number.
    """
    fronts = _nodes(pairs, re.compile(rf"/local/domain/{domid}/device/[^/]+/\d+"))
    backs = {path: node for path, node in _nodes(pairs, _BACK).items() if _owner(path) == domid}
    found = [_device(path, node, backs) for path, node in fronts.items()]
    served = {node.get("backend") for node in fronts.values()}
    found += [_orphan(path, node) for path, node in backs.items() if path not in served]
    return tuple(sorted(found, key=lambda device: (device.kind, device.number)))


def _nodes(pairs: Mapping[str, str], place: re.Pattern[str]) -> dict[str, dict[str, str]]:
    """Return what is below each path that matches ``place``, by key."""
    nodes: dict[str, dict[str, str]] = {}
    for path, value in pairs.items():
        match = place.match(path)
        if match and path[match.end() : match.end() + 1] in {"", "/"}:
            node = nodes.setdefault(match[0], {})
            if key := path[match.end() + 1 :]:
                node[key] = value
    return nodes


def _device(
    path: str, front: Mapping[str, str], backs: Mapping[str, Mapping[str, str]]
) -> XenDevice:
    *_, kind, number = path.split("/")
    back_path = front.get("backend", "")
    back = backs.get(back_path, {})
    match = _BACK.fullmatch(back_path)
    return XenDevice(
        kind=kind,
        number=int(number),
        served_by=match["served_by"] if match else "",
        front_state=_state(front),
        back_state=_state(back),
        front=front,
        back=back,
    )


def _orphan(path: str, back: Mapping[str, str]) -> XenDevice:
    """Return a back-end whose guest has no such device, or has it no more."""
    *_, kind, _domid, number = path.split("/")
    return XenDevice(
        kind=kind, number=int(number), served_by=kind, back_state=_state(back), back=back
    )


def _owner(path: str) -> int:
    return int(path.split("/")[-2])


def _state(node: Mapping[str, str]) -> XenbusState | None:
    try:
        return XenbusState(int(node["state"]))
    except (KeyError, ValueError):
        return None


def _unescaped(match: re.Match[str]) -> str:
    if match["hex"]:
        return chr(int(match["hex"], 16))
    if match["octal"]:
        return chr(int(match["octal"], 8))
    return _LETTERS.get(match["letter"], match["letter"])
