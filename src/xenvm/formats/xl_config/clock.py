"""Clock and timers of a guest in xl.cfg."""

from __future__ import annotations

from xenvm.formats.xl import XlDocument
from xenvm.model.clock import Timer
from xenvm.model.domain import DomainConfig
from xenvm.model.kinds import ClockOffset, GuestType

from .lens import Fields, Keys, Lens
from .source import Source

UTC, LOCALTIME = str(ClockOffset.UTC), str(ClockOffset.LOCALTIME)

TSC_MODES = {
    "default": "auto",
    "always_emulate": "emulate",
    "native": "native",
    "native_paravirt": "paravirt",
}
"""xl's words for how the TSC ticks, in the order of their old numbers, and libvirt's."""
_TSC_WORDS = {mode: word for word, mode in TSC_MODES.items()}


def _read_clock(source: Source) -> Fields:
    """Return what the clock starts from; UTC where the document says nothing.

    As libvirt has it, an HVM guest's clock is so many seconds ahead of UTC or of local time, and a
    PV guest's is one of these.
    """
    local, ahead = source.boolean("localtime"), source.integer("rtc_timeoffset")
    if not source.is_hvm:
        return {"clock_offset": _basis(is_local=bool(local))}
    if local is None and ahead is None:
        return {}
    return {
        "clock_offset": ClockOffset.VARIABLE,
        "clock_adjustment": str(ahead or 0),
        "clock_basis": str(_basis(is_local=bool(local))),
    }


def _basis(*, is_local: bool) -> ClockOffset:
    return ClockOffset.LOCALTIME if is_local else ClockOffset.UTC


def _write_clock(config: DomainConfig, _: XlDocument) -> Keys:
    offset = config.clock_offset
    is_variable = offset == ClockOffset.VARIABLE
    basis = config.clock_basis or UTC if is_variable else str(offset)
    if basis not in {UTC, LOCALTIME}:
        return {}
    is_local = int(basis == LOCALTIME)
    if config.guest_type != GuestType.HVM:
        return {} if is_variable else {"localtime": is_local}
    ahead = config.clock_adjustment if is_variable else "0"
    return {"rtc_timeoffset": seconds_of(ahead), "localtime": is_local}


def seconds_of(adjustment: str | None) -> int | None:
    """Return how far ahead a clock is, or None for what is no number, such as ``reset``."""
    try:
        return int(adjustment or "0", 10)
    except ValueError:
        return None


def _read_timers(source: Source) -> Fields:
    """Return the TSC, if the document has a mode for it, and for HVM the HPET."""
    timers = []
    if word := source.string("tsc_mode"):
        names = [*TSC_MODES]
        if word.isdecimal() and int(word, 10) < len(names):
            word = names[int(word, 10)]
        if word not in TSC_MODES:
            source.refuse("tsc_mode", f"{word[:40]!r} is none: write one of {', '.join(names)}")
        timers.append(Timer(name="tsc", present=True, mode=TSC_MODES[word]))
    hpet = source.boolean("hpet") if source.is_hvm else None
    if hpet is not None:
        timers.append(Timer(name="hpet", present=hpet))
    return {"timers": tuple(timers)}


def _write_timers(config: DomainConfig, document: XlDocument) -> Keys:
    written: dict[str, int | str | None] = {}
    for timer in config.timers:
        if timer.name == "tsc":
            word = _TSC_WORDS.get(timer.mode or "auto", "default")
            is_number = isinstance(document.get("tsc_mode"), int)
            written["tsc_mode"] = [*TSC_MODES].index(word) if is_number else word
        elif timer.name == "hpet" and config.guest_type == GuestType.HVM:
            written["hpet"] = int(timer.present is not False)
    return written


CLOCK = (
    Lens(
        fields=("clock_offset", "clock_adjustment", "clock_basis"),
        keys=("rtc_timeoffset", "localtime"),
        read=_read_clock,
        write=_write_clock,
    ),
    Lens(fields=("timers",), keys=("tsc_mode", "hpet"), read=_read_timers, write=_write_timers),
)
