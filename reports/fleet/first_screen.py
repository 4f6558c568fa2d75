"""The first screen of a fleet: who deviates, how far apart the machines are, what is to be mended."""

from collections import Counter
from collections.abc import Sequence

from diagnostics.findings import Status
from reports.fleet.machines import FEWEST_PEERS, Deviation, Fleet
from reports.parts import Answer, Card
from reports.wording import count, number, percent, shorten

MOST_ANSWERS = 3


def verdict(fleet: Fleet, found: Sequence[Deviation]) -> tuple[Status, str, str]:
    """Return status, verdict and advice."""
    whole = len({one.machine for one in found if one.key is None})
    partly = len({one.machine for one in found}) - whole
    judged = int(fleet.num_peers.ge(FEWEST_PEERS).sum())
    machines = count(len(fleet.machines), "machine")
    if not judged:
        told = f"No model has {FEWEST_PEERS} machines, so none can be told to deviate; to compare two, run"
        return Status.UNKNOWN, f"{machines} of {count(fleet.models.nunique(), 'model')}.", told
    if not found:
        told = f"{judged:,} of {machines} have enough peers of their model to tell; to compare two, run"
        return Status.OK, "No machine deviates from others of its model.", told
    verb = "deviates" if whole + partly == 1 else "deviate"
    told = f"{whole:,} as a whole, {partly:,} in single configurations. Measure these again first; then run"
    return Status.WARN, f"{whole + partly:,} of {machines} {verb} from others of their model.", told


def cards(fleet: Fleet, found: Sequence[Deviation]) -> list[Card]:
    """Return the three questions with their answers."""
    return [_deviating(fleet, found), _apart(fleet), _mend(fleet)]


def _deviating(fleet: Fleet, found: Sequence[Deviation]) -> Card:
    ordered = sorted(found, key=lambda one: one.key is not None)  # as a whole first; furthest first in each
    answers = [_deviation(fleet, one) for one in ordered[:MOST_ANSWERS]]
    meaning = (
        "Machines of one model should take the same time. One that does not may be hot, throttled, shared "
        "with others, or set up differently."
    )
    sureness = (
        "A false claim is expected in fewer than 1 of 20 such fleets."
        if found
        else "None is further off than its peers allow."
    )
    return Card("Which machines deviate?", answers, meaning, sureness, "deviations")


def _deviation(fleet: Fleet, one: Deviation) -> Answer:
    where = f" in {shorten(fleet.label(one.key), 60)}" if one.key else ""
    detail = f"the time of {one.num_peers - 1} others of its model{where}"
    return Answer(shorten(fleet.names[one.machine], 60), f"{number(one.ratio)} times", detail)


def _apart(fleet: Fleet) -> Card:
    low, high = fleet.speed.quantile([0.05, 0.95])
    answer = Answer("5th to 95th percentile", f"{number(high / low)} times", "as long for the same work")
    meaning = "Typical times over all configurations, each over the fleet's median of it."
    where = f"{count(len(fleet.machines), 'machine')} of {count(fleet.models.nunique(), 'model')}"
    sureness = f"{where}, {count(len(fleet.keys), 'configuration')}."
    return Card("How far apart are the machines?", (answer,), meaning, sureness, "figure-fleet-models")


def _mend(fleet: Fleet) -> Card:
    problems, titles = findings(fleet)
    amount = len(fleet.machines)
    answers = [
        Answer(
            shorten(titles[code], 80), f"{having:,} of {amount:,}", f"machines ({percent(having / amount)})"
        )
        for code, having in problems.most_common(MOST_ANSWERS)
    ]
    passes = sum(one.num_passes for one in fleet.summaries)
    disturbed = sum(one.num_disturbed for one in fleet.summaries)
    noise = f"{percent(disturbed / passes)} of the measurements were disturbed." if passes else ""
    sureness = noise if answers else f"No finding on any machine that recorded its facts. {noise}".strip()
    meaning = "What the checks found in the facts that the results carry; a page about one machine mends it."
    return Card("What is there to mend?", answers, meaning, sureness, "facts" if problems else "")


def findings(fleet: Fleet) -> tuple[Counter[str], dict[str, str]]:
    """Return on how many machines each finding stands, by code, and its title."""
    newest = [runs[0] for runs in fleet.machines]
    titles = {code: title for one in newest for code, title in one.problems.items()}
    return Counter(code for one in newest for code in one.problems), titles
