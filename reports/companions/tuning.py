"""What a tuning recommends: the arguments to paste, its trials as bars, what was not tried and why."""

import math
from collections.abc import Iterator
from typing import Any

from reports import canvas, svg
from reports.companions import rates
from reports.companions.rates import Rate
from reports.parts import Drawn, Part, Prose, Table, cell, number_cell
from reports.values import as_number, entries, mapping
from reports.wording import number, shorten

NO_ARGUMENTS = ("preload",)  # of a tuning's own: DataLoader does not have them


def parts(document: dict[str, Any] | None) -> Iterator[Part]:
    """Yield the recommendation, its trials and what was not tried; nothing without a document."""
    if document is None:
        return
    yield Prose(recommendation(document), tuple(pasted(document)))
    yield _drawn(document) or _table(document)
    if left := entries(document.get("not_tried")):
        lines = [[cell(call(mapping(one.get("arguments")))), cell(one.get("reason"))] for one in left]
        yield Table("Not tried", ("arguments", "because"), lines)


def recommendation(document: dict[str, Any]) -> str:
    """Return the rate that the recommended arguments reached."""
    one = rates.interval_of(document)
    between = (
        f" (95 % interval {number(one.low)} to {number(one.high)})"
        if math.isfinite(one.low + one.high)
        else ""
    )
    cost = as_number(document.get("seconds"))
    took = f"; finding it took {number(cost)} s" if math.isfinite(cost) else ""
    return f"Recommended, at {number(one.estimate)} samples/s{between}{took}:"


def pasted(document: dict[str, Any]) -> Iterator[str]:
    """Yield the lines to paste."""
    recommended = mapping(document.get("recommended"))
    if preload := recommended.get("preload"):
        yield shorten(f"multiprocessing.set_forkserver_preload({preload!r})", 400)
    yield call(recommended)


def call(arguments: dict[str, Any]) -> str:
    """Return the call of DataLoader with these arguments; those that are unset are left out."""
    named = [f"{k}={v!r}" for k, v in arguments.items() if k not in NO_ARGUMENTS and v is not None]
    return shorten(", ".join(["DataLoader(dataset", *named]) + ")", 400)


def _difference(arguments: dict[str, Any], trials: list[dict[str, Any]]) -> str:
    """Return the number of workers, and what else distinguishes a trial from others that have workers."""
    others = [mapping(trial.get("arguments")) for trial in trials]
    names = [
        name
        for name, value in arguments.items()
        if name == "num_workers" or any(other.get(name, value) != value for other in others)
    ]
    return ", ".join(f"{name}={arguments[name]}" for name in names or arguments)


def _rates(document: dict[str, Any]) -> list[Rate]:
    trials, recommended = entries(document.get("trials")), mapping(document.get("recommended"))
    return [
        Rate(
            _difference(arguments := mapping(trial.get("arguments")), trials),
            rates.interval_of(trial),
            all(recommended.get(name) == value for name, value in arguments.items()),
        )
        for trial in trials
    ]


def _drawn(document: dict[str, Any]) -> Drawn | None:
    measured = _rates(document)
    if not any(rate.is_drawable for rate in measured):
        return None
    anchor = "figure-tuning"
    recommended = mapping(document.get("recommended"))
    workers = as_number(recommended.get("num_workers"))
    title = f"num_workers={workers:g} reaches {number(rates.interval_of(document).estimate)} samples/s"
    with canvas.style():
        picture = svg.render(rates.draw(measured, is_cut=False), anchor, title)
    caption = (
        "Longer is better. Orange is the recommended setting: the smallest within 3 % of the best. Trials "
        "took turns, so that drift of the machine hits all alike; whiskers are 95 % intervals."
    )
    return Drawn(anchor, title, caption, picture, _table(document))


def _table(document: dict[str, Any]) -> Table:
    lines = [
        [
            cell(call(mapping(trial.get("arguments")))),
            *(number_cell(as_number(trial.get(key))) for key in ("samples_per_second", "seconds")),
            cell(trial.get("failed") or ""),
        ]
        for trial in entries(document.get("trials"))
    ]
    return Table(
        "Every trial", ("arguments", "samples/s", "seconds", "failed because"), lines, is_folded=True
    )
