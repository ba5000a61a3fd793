"""Plots of benchmarks, as SVG that stands in a page: no script, no network, colours of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xenvm.errors import MissingExtraError
from xenvm.model.measurement import Measurement

from .history import EarlierRun
from .quantities import quantity

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pygal.graph.graph import Graph
    from pygal.style import Style

WIDTH = 760
_DRAWN = ("svg", "defs", "style", "g", "path", "line", "rect", "circle", "text", "desc", "title")
"""What a plot is made of; comments and scripts are left out."""
_ROW = 34
_AROUND = 110
"""The axis and the legend of a plot with rows."""
_HEIGHT = 250
_DAYS_SHOWN = 6
"""Of a history with more runs, so that none stands in another."""


def intervals_svg(measurements: Sequence[Measurement]) -> str:
    """Return how each metric compares, with its interval, and what it must reach.

    Args:
        measurements: Those that compare with nothing are left out.

    Returns:
        The plot; empty when nothing is left.
    """
    rows = [(m, m.interval) for m in reversed(measurements) if m.interval]
    if not rows:
        return ""
    chart = _chart("XY", height=_ROW * len(rows) + _AROUND, show_y_guides=False)
    chart.y_labels = [{"label": m.metric.name, "value": row} for row, (m, _) in enumerate(rows)]
    points: list[tuple[float, int] | None] = []
    for row, (_, interval) in enumerate(rows):
        bounds = (interval.lower, interval.estimate, interval.upper)
        points += [*((x, row) for x in bounds if x is not None), None]
    bounded = any(interval.lower is not None for _, interval in rows)
    side = rows[0][0].sides[0]
    name = f"{side}, with its interval" if bounded else side
    chart.add(name, points, stroke_style={"width": 3})
    floors = [(m.must_reach, row) for row, (m, _) in enumerate(rows) if m.must_reach is not None]
    # From nothing on: two points that differ little are to look so.
    chart.xrange = 0, max(1.0, *(point[0] for point in [*points, *floors] if point))
    if floors:
        chart.add("must reach", floors, stroke=False, dots_size=6)
    return _svg(chart)


def pairs_svg(measurement: Measurement) -> str:
    """Return what each pair gave, in the order measured."""
    chart = _chart("Line", height=_HEIGHT, formatter=_formatter(measurement))
    chart.x_labels = [str(pair.number) for pair in measurement.pairs]
    candidate, reference = measurement.sides
    chart.add(candidate, [pair.candidate.value for pair in measurement.pairs])
    if any(pair.reference for pair in measurement.pairs):
        chart.add(
            reference, [p.reference.value if p.reference else None for p in measurement.pairs]
        )
    return _svg(chart)


def history_svg(measurement: Measurement, earlier: Sequence[EarlierRun], started: str) -> str:
    """Return what earlier runs gave, and this one last; empty when there is none."""
    name = measurement.metric.name
    known = [(run.started, run.values[name]) for run in earlier if name in run.values]
    if not known or measurement.value is None:
        return ""
    known.append((started, measurement.value))
    chart = _chart("Line", height=_HEIGHT, formatter=_formatter(measurement))
    chart.x_labels = [_day(moment) for moment, _ in known]
    chart.x_labels_major_count, chart.show_minor_x_labels = _DAYS_SHOWN, len(known) <= _DAYS_SHOWN
    chart.margin_right = 40  # half of the last day
    chart.add("guest, by run", [value for _, value in known])
    return _svg(chart)


def _formatter(measurement: Measurement) -> Callable[[float], str]:
    return lambda value: quantity(value, measurement.metric.unit)


def _chart(
    kind: str,
    *,
    height: int,
    formatter: Callable[[float], str] | None = None,
    show_y_guides: bool = True,
) -> Graph:
    try:
        import pygal  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise MissingExtraError("pygal", "bench") from exc
    chart: Graph = getattr(pygal, kind)(
        style=_style(),
        js=(),
        width=WIDTH,
        height=height,
        margin=4,
        dots_size=4,
        legend_at_bottom=True,
        legend_box_size=10,
        show_x_guides=kind == "XY",
        show_y_guides=show_y_guides,
        max_scale=6,
        min_scale=3,
        allow_interruptions=True,
        truncate_label=-1,
        disable_xml_declaration=True,
        pretty_print=False,
    )
    if formatter:
        chart.value_formatter = formatter
    chart.add_xml_filter(_without_scripts)
    return chart


def _style() -> Style:
    """Return the colours of the page that the plot stands in, dark or light."""
    from pygal.style import Style  # noqa: PLC0415 - an extra

    return Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--soft)",
        foreground_strong="var(--soft)",
        foreground_subtle="var(--line)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        guide_stroke_dasharray="2,3",
        major_guide_stroke_dasharray="2,3",
        colors=("var(--undecided)", "var(--quiet)"),
        font_family="inherit",
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=12,
        opacity="1",
        opacity_hover="1",
        transition="0s",
    )


def _without_scripts(root: _Element) -> _Element:
    for element in [*root.iter()]:
        parent = element.getparent()
        # The tag of a comment is a function.
        if parent is not None and not str(element.tag).endswith(_DRAWN):
            parent.remove(element)
    return root


def _svg(chart: Graph) -> str:
    return str(chart.render(is_unicode=True))


def _day(moment: str) -> str:
    return moment[:10]
