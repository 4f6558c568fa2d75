"""The ceiling ladder of a DataLoader: its picture, what each stage would give, the verdict."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from reports import canvas, svg
from reports.companions import rates
from reports.companions.rates import Rate
from reports.parts import Drawn, Part, Prose, Table, cell, number_cell
from reports.values import as_number, entries, mapping
from reports.wording import percent, seconds, shorten, size

NO_BOUND = "none"
WORDS: Mapping[str, str] = {
    "cpu": "computing samples",
    "wait": "samples that wait for storage, network or locks",
    "copy": "copying bytes",
    "crossing": "handing batches from process to process",
    "skew": "a few slow samples",
    "startup": "starting workers",
    "memory_bandwidth": "the bandwidth of memory",
    "threads": "more threads than cores",
    "quota": "the CPU quota",
    "queueing": "samples that wait for each other",
    "sampler": "drawing indices in the main process",
    "pin": "pinning memory",
    "consumer": "the training step itself",
}
# The rung at which a bound shows: the first that falls behind the one below it because of it.
SHOWS_AT: Mapping[str, tuple[str, ...]] = {
    "dataset alone": ("cpu", "wait", "skew"),
    "+ collate": ("copy",),
    "workers without payload": ("threads", "quota", "queueing", "memory_bandwidth"),
    "workers with payload": ("crossing", "startup", "sampler"),
    "pinned": ("pin",),
    "with the step": ("consumer",),
}


def parts(document: dict[str, Any] | None) -> Iterator[Part]:
    """Yield the verdict, the picture, the stages and the slowest samples; nothing without a document."""
    if document is None:
        return
    yield _drawn(document) or Prose(verdict(document))
    if not any(rate.is_drawable for rate in _rates(document)):
        yield _table(document)
    yield from _remedy(document)
    if entries(document.get("stages")):
        yield _stages(document)
    if entries(document.get("slowest")):
        yield _slowest(document)


def verdict(document: dict[str, Any]) -> str:
    """Return what bounds the loader, in one sentence."""
    sentence = document.get("sentence")
    if isinstance(sentence, str) and sentence:
        return shorten(sentence, 400)
    bound = str(document.get("bound") or "unknown")
    if bound == NO_BOUND:
        return "Nothing bounds the loader."
    meant = f": {WORDS[bound]}" if bound in WORDS else ""
    return f"The loader is bound by **{shorten(bound)}**{meant}."


def facts(document: dict[str, Any]) -> str:
    """Return what was measured: the loader's arguments, bytes a sample, cores."""
    told = [f"{name}={value!r}" for name, value in mapping(document.get("arguments")).items()]
    if math.isfinite(sample_bytes := as_number(document.get("sample_bytes"))):
        told.append(f"{size(sample_bytes)} a sample")
    if math.isfinite(cores := as_number(document.get("usable_cores"))):
        counted = as_number(document.get("counted_cores"))
        told.append(f"{cores:.1f} usable cores of {counted:.0f}")
    return shorten(", ".join(told), 600)


def _remedy(document: dict[str, Any]) -> Iterator[Part]:
    bound, remedies = shorten(str(document.get("bound") or "unknown")), document.get("remedies")
    text, *commands = remedies[:5] if isinstance(remedies, list) and remedies else [""]
    yield Prose(
        f"Bound: **{bound}**. {shorten(str(text), 400)}", [shorten(str(one), 400) for one in commands]
    )


def _rates(document: dict[str, Any]) -> list[Rate]:
    bound = document.get("bound")
    return [
        Rate(str(rung.get("name")), rates.interval_of(rung), bound in SHOWS_AT.get(str(rung.get("name")), ()))
        for rung in entries(document.get("rungs"))
    ]


def _drawn(document: dict[str, Any]) -> Drawn | None:
    measured = _rates(document)
    if not any(rate.is_drawable for rate in measured):
        return None
    anchor, title = "figure-ladder", verdict(document).replace("*", "")
    with canvas.style():
        picture = svg.render(rates.draw(measured), anchor, title)
    caption = (
        "Each rung does a little more than the one before it: what falls away between two is what the lower "
        "one costs. Orange is the rung at which the bound shows, whiskers are 95 % intervals over "
        f"repetitions that took turns; an arrow marks a bar that is cut. {facts(document)}"
    )
    return Drawn(anchor, title, caption, picture, _table(document))


def _table(document: dict[str, Any]) -> Table:
    lines = [
        [
            cell(rung.get("name")),
            number_cell(as_number(rung.get("samples_per_second"))),
            number_cell(as_number(rung.get("low"))),
            number_cell(as_number(rung.get("high"))),
            cell(rung.get("skipped") or ""),
        ]
        for rung in entries(document.get("rungs"))
    ]
    columns = ("rung", "samples/s", "low", "high", "not measured because")
    return Table("The ladder: what each rung alone would allow", columns, lines, is_folded=True)


def _stages(document: dict[str, Any]) -> Table:
    step = as_number(document.get("step_seconds"))
    lines = [
        [
            cell(stage.get("name")),
            cell(seconds(spent := as_number(stage.get("seconds_per_batch"))), spent),
            cell(percent(spent / step) if step > 0 else ""),
            number_cell(as_number(stage.get("gain"))),
        ]
        for stage in entries(document.get("stages"))
    ]
    columns = ("stage", "time a batch", "share of the step", "times as fast if it were free")
    return Table("What each stage takes, and what it would give", columns, lines)


def _slowest(document: dict[str, Any]) -> Table:
    lines = [
        [cell(one.get("index")), cell(seconds(spent := as_number(one.get("seconds"))), spent)]
        for one in entries(document.get("slowest"))
    ]
    return Table("The slowest samples seen", ("index", "time"), lines, is_folded=True)
