"""Profiles: the shipped ones by name, a user's own by path."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import cast

from xenvm.errors import ProfileError
from xenvm.model.profile import Limit, LimitKind, Profile

from .limits import LIMITS, ValueKind
from .requirement_list import did_you_mean, requirements

_SUFFIX = ".toml"
_MAX_BYTES = 1024 * 1024
_MAX_INHERITED = 8
"""Generations of profiles; a longer line is a circle."""

_PROFILE_KEYS = ("title", "source", "inherit", "requirements", "limits")
_LIMIT_KEYS = ("value", "unit", "kind", "source")

Table = Mapping[str, object]


def list_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that xenvm ships, sorted."""
    names = (file.name for file in _shipped().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def load_profile(name_or_path: str) -> Profile:
    """Return a profile.

    Args:
        name_or_path: The name of a shipped profile, or the path of a TOML file; what has a slash
            or ends in ``.toml`` is a path.

    Raises:
        ProfileError: There is no such profile, or something in it is unknown or wrong; names the
            file, the table and the key.
    """
    return _load(name_or_path, Path(), generation=1)


def load_host_profile(name_or_path: str) -> Profile:
    """Return a profile that a host can be held against; not every one asks something of a host.

    Args:
        name_or_path: As in :func:`load_profile`.

    Raises:
        ProfileError: As in :func:`load_profile`, or the profile has no requirements.
    """
    profile = load_profile(name_or_path)
    if not profile.requirement_ids:
        raise ProfileError(
            f"profile {profile.name} asks nothing of a host, it bounds single guests: "
            f"use xenvm domain check FILE --profile {name_or_path}"
        )
    return profile


def _load(name_or_path: str, relative_to: Path, *, generation: int) -> Profile:
    if generation > _MAX_INHERITED:
        raise ProfileError(f"profile {name_or_path} inherits from itself, in the end: cut the line")
    is_path = "/" in name_or_path or name_or_path.endswith(_SUFFIX)
    if not is_path and name_or_path not in list_profiles():
        hint = did_you_mean(name_or_path, list_profiles())
        raise ProfileError(f"no profile is named {name_or_path}{hint}")
    file = relative_to / name_or_path if is_path else _shipped() / f"{name_or_path}{_SUFFIX}"
    where = str(file) if is_path else name_or_path
    document = _read(file, where)
    _refuse_unknown(document, _PROFILE_KEYS, where)
    inherit = document.get("inherit")
    parent = None
    if inherit is not None:
        base = file.parent if isinstance(file, Path) else Path()
        parent = _load(_text(inherit, where, "inherit"), base, generation=generation + 1)
    return _profile(document, parent, where, name=Path(name_or_path).name.removesuffix(_SUFFIX))


def _profile(document: Table, parent: Profile | None, where: str, *, name: str) -> Profile:
    title = document.get("title", parent.title if parent else None)
    source = document.get("source", parent.source if parent else None)
    ids = document.get("requirements", list(parent.requirement_ids) if parent else None)
    limits = {} if parent is None else dict(parent.limits)
    tables = _table(document.get("limits", {}), where, "limits")
    for key, table in tables.items():
        limits[key] = _limit(key, _table(table, where, f"limits.{key}"), where)
    return Profile(
        name=name,
        title=_text(title, where, "title"),
        source=_text(source, where, "source"),
        requirement_ids=_requirement_ids(ids, where),
        limits=limits,
    )


def _limit(key: str, table: Table, where: str) -> Limit:
    place = f"{where}: [limits.{key}]"
    if key not in LIMITS:
        raise ProfileError(f"{place}: no such limit{did_you_mean(key, LIMITS)}")
    _refuse_unknown(table, _LIMIT_KEYS, place)
    unit, value_kind = LIMITS[key]
    given = _text(table.get("unit"), place, "unit")
    if given != unit:
        raise ProfileError(f"{place} unit must be {unit!r}, not {given!r}")
    kind = _text(table.get("kind"), place, "kind")
    if kind not in set(LimitKind):
        raise ProfileError(f"{place} kind {kind!r} is unknown{did_you_mean(kind, LimitKind)}")
    return Limit(
        value=_value(table.get("value"), value_kind, place),
        unit=unit,
        kind=LimitKind(kind),
        source=_text(table.get("source"), place, "source"),
    )


def _value(value: object, kind: ValueKind, place: str) -> int | str | tuple[str, ...]:
    if kind is ValueKind.NUMBER and type(value) is int and value >= 0:
        return value
    if kind is ValueKind.WORD and isinstance(value, str) and value:
        return value
    if kind is ValueKind.WORDS and (words := _words(value)) is not None:
        return words
    raise ProfileError(f"{place} value must be {kind.value}, not {value!r}")


def _requirement_ids(value: object, where: str) -> tuple[str, ...]:
    ids = _words(value)
    if ids is None:
        raise ProfileError(f"{where}: requirements must be a list of requirement ids")
    known = requirements()
    for id_ in ids:
        if id_ not in known:
            raise ProfileError(f"{where}: requirements: no {id_}{did_you_mean(id_, known)}")
    return tuple(dict.fromkeys(ids))


def _words(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        return None
    return tuple(value)


def _text(value: object, place: str, key: str) -> str:
    if not isinstance(value, str) or not value:
        said = "is missing" if value is None else f"must be a string, not {value!r}"
        raise ProfileError(f"{place}: {key} {said}")
    return value


def _table(value: object, where: str, name: str) -> Table:
    if not isinstance(value, dict):
        raise ProfileError(f"{where}: [{name}] must be a table")
    return cast("Table", value)


def _refuse_unknown(table: Table, known: Iterable[str], place: str) -> None:
    names = tuple(known)
    for key in table:
        if key not in names:
            raise ProfileError(f"{place}: unknown key {key!r}{did_you_mean(key, names)}")


def _read(file: Traversable, where: str) -> Table:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise ProfileError(f"{where}: the profile cannot be read: {exc.strerror}") from exc
    if len(data) > _MAX_BYTES:
        raise ProfileError(f"{where}: a profile has at most {_MAX_BYTES} bytes")
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ProfileError(f"{where}: the profile is no TOML: {exc}") from exc


def _shipped() -> Traversable:
    return resources.files("xenvm.spec") / "profiles"
