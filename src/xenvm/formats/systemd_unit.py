"""Words in the command line of a systemd unit."""

from __future__ import annotations

import re

from xenvm.errors import UsageError

_PLAIN = re.compile(r"[A-Za-z0-9_./:=+,@-]+")


def unit_word(text: str) -> str:
    r"""Return a word as ``ExecStart=`` takes it: specifiers and variables are off.

    Raises:
        UsageError: It has a line break, or another control character.

    Source:
        systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting".

    Example:
        >>> unit_word('/srv/50 % "off"')
        '"/srv/50 %% \\"off\\""'
    """
    if any(character < " " for character in text):
        raise UsageError(f"{text[:60]!r} has a control character: systemd would cut it")
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
