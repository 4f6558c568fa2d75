"""The first screen of any other benchmark file: what takes longest, varies most, and how groups differ."""

import numpy as np

from reports import frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Answer, Card
from reports.wording import count, number, percent, seconds, shorten

MOST_ANSWERS = 3
LONGEST_NAME = 60


def cards(run: Run) -> list[Card]:
    """Return the questions that any benchmark file answers; none where it has no positive median."""
    frame = frames.configurations(run)
    timed = frame[frame["median"].gt(0) & np.isfinite(frame["median"])]
    if timed.empty:
        return []
    answered = [_longest(timed), _noisiest(timed), _groups(timed)]
    return [card for card in answered if card is not None]


def _longest(timed: Frame) -> Card:
    slowest, total = timed.nlargest(MOST_ANSWERS, "median"), timed["median"].sum()
    answers = [
        Answer(_name(row.name), seconds(row.median), f"{percent(row.median / total)} of all medians")
        for row in slowest.itertuples(index=False)
    ]
    meaning = "Medians of one call each. There an improvement saves most, if all of them run equally often."
    return Card(
        "What takes longest?", answers, meaning, f"{count(len(timed), 'benchmark')}.", "figure-timings"
    )


def _noisiest(timed: Frame) -> Card | None:
    spread = (timed["q3"] - timed["q1"]) / timed["median"]
    widest = spread[np.isfinite(spread)].nlargest(MOST_ANSWERS)
    if widest.empty:
        return None
    answers = [
        Answer(_name(timed["name"][i]), percent(value), f"of its median, over {_rounds(timed, i)}")
        for i, value in widest.items()
    ]
    meaning = (
        "The range of the middle half of the rounds. A wide one says that the figure is not settled; a "
        "narrow one says nothing about the next run: rounds of one process share the state of the machine."
    )
    sureness = "Rounds within one run; nothing about other runs."
    return Card("What varies most?", answers, meaning, sureness, "figure-timings")


def _rounds(timed: Frame, i: int) -> str:
    rounds = timed["rounds"][i]
    return count(int(rounds), "round") if np.isfinite(rounds) else "rounds unknown"


def _groups(timed: Frame) -> Card | None:
    groups = [(name, part) for name, part in timed[timed["group"] != ""].groupby("group") if len(part) > 1]
    widest = sorted(groups, key=lambda group: -group[1]["median"].max() / group[1]["median"].min())
    if not widest:
        return None
    answers = [
        Answer(_name(name), f"{number(part['median'].max() / part['median'].min())} times", _ends(part))
        for name, part in widest[:MOST_ANSWERS]
    ]
    meaning = (
        "The slowest median over the fastest in each group. To find out whether a small factor is "
        "real, measure in turns: `python -m bench ab`."
    )
    return Card(
        "How far do groups spread?", answers, meaning, "Ratios of single medians: no verdict.", "benchmarks"
    )


def _ends(part: Frame) -> str:
    fastest, slowest = (_name(part["name"][i]) for i in (part["median"].idxmin(), part["median"].idxmax()))
    return f"from {fastest} to {slowest}"


def _name(text: object) -> str:
    return shorten(str(text), LONGEST_NAME)
