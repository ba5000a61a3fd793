"""The requirements, out of ``requirements.toml``."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from xenvm.errors import UsageError
from xenvm.model.profile import CheckKind, Requirement
from xenvm.model.verdict import EvidenceClass, Tier


@cache
def requirements() -> Mapping[str, Requirement]:
    """Return every requirement that can be assessed, by id, in the white paper's order."""
    text = resources.files("xenvm.spec").joinpath("requirements.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return MappingProxyType(
        {
            id_: Requirement(
                id=id_,
                title=table["title"],
                statement=table["statement"],
                section=table["section"],
                quote=table["quote"],
                check=CheckKind(table["check"]),
                observable_on=frozenset(map(EvidenceClass, table["observable"])),
                by_hand=table["by_hand"],
                hidden_because=table.get("hidden", ""),
                not_assessed=table.get("not_assessed", ""),
                assessed_with=table.get("assessed_with", ""),
                tier=Tier(table.get("tier", Tier.QUICK)),
                hosts=table.get("hosts", 1),
            )
            for id_, table in tables.items()
        }
    )


def requirement(requirement_id: str) -> Requirement:
    """Return a requirement.

    Raises:
        UsageError: There is none of that id; names the closest.
    """
    known = requirements()
    if requirement_id not in known:
        hint = did_you_mean(requirement_id, known)
        raise UsageError(f"no requirement has the id {requirement_id}{hint}")
    return known[requirement_id]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return «: did you mean A or B?» with the closest of ``known``, or all of them if few."""
    names = list(known)
    # Compared in lower case, as people type «fujitsu» and «wp-3.4-01».
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lowered, n=3, cutoff=0.6)
    if close:
        return f": did you mean {' or '.join(lowered[name] for name in close)}?"
    return f": it must be one of {', '.join(names)}" if len(names) <= 15 else ""  # noqa: PLR2004
