"""A run in a few numbers: of a thousand results only the newest is kept whole."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from diagnostics.findings import Status
from reports import frames
from reports.comparison.machines import described, key_facts, told
from reports.comparison.measured import Key, identity
from reports.load import Run
from reports.report import shown_findings
from reports.values import entries, mapping

_CONTAINER_ID_LETTERS = frozenset("0123456789abcdef")
_CONTAINER_ID_LENGTH = 12
_SAYS_NOTHING = frozenset({"", "localhost", "none", "unknown"})


@dataclass(frozen=True, eq=False)
class Summary:
    """What is kept of a run.

    Attributes
    ----------
    host : str
        What tells its machine from others, unredacted: not for showing.
    label : str
        What its machine is called on the page.
    model : str
        The hardware in one line; machines of one model are peers.
    facts : dict of str to str
        What else matters to times, as it may be shown.
    seconds : dict
        The median of every configuration.
    problems : dict of str to str
        Titles of the findings that want something mended, by code.
    num_passes, num_disturbed : int
        Measured passes of single configurations, and how many of them something disturbed.
    hidden : tuple of str
        Of which kinds the words are that were redacted.
    """

    name: str
    host: str
    label: str
    model: str
    facts: dict[str, str]
    when: datetime | None
    seconds: dict[Key, float]
    problems: dict[str, str]
    num_passes: int
    num_disturbed: int
    hidden: tuple[str, ...] = ()


def summary(run: Run) -> Summary:
    """Return what is kept of a run."""
    facts = {key: told(run, key, fact) for key, fact in key_facts(run).items()}
    model = described(run, has_software=False)
    extras = [mapping(entry.get("extra_info")) for entry in run.benchmarks]
    passes = [measured for extra in extras for measured in entries(extra.get("passes"))]
    host = _host(run) or model
    problems = {f.code: f.title for f in shown_findings(run) if f.status in (Status.FAIL, Status.WARN)}
    return Summary(
        name=run.name,
        host=host,
        label=run.node if run.is_private and run.node else run.name,
        model=model,
        facts=facts,
        when=run.when,
        seconds=medians(run),
        problems=problems,
        num_passes=len(passes),
        num_disturbed=sum(bool(measured.get("disturbed")) for measured in passes),
        hidden=run.hidden,
    )


def _host(run: Run) -> str:
    """Return the host's name, "" where it says nothing or is the passing name of a container."""
    name = run.node.lower()
    is_container = len(name) == _CONTAINER_ID_LENGTH and set(name) <= _CONTAINER_ID_LETTERS
    return "" if is_container or name in _SAYS_NOTHING else name


def medians(run: Run) -> dict[Key, float]:
    """Return the median of every configuration that has a positive one, in seconds."""
    found = {}
    for entry in run.benchmarks:
        topic = mapping(entry.get("extra_info")).get("topic")
        median = frames.statistics(entry)["median"]
        if math.isfinite(median) and median > 0:
            found[identity(entry, str(topic or ""))] = median
    return found


def collected(runs: Iterable[Run]) -> tuple[Run, list[Summary]]:
    """Return the newest run whole, and all runs, newest first, as summaries; ties keep the order given."""
    newest, found = None, []
    for run in runs:
        found.append((_age(run), summary(run)))
        if newest is None or _age(run) > _age(newest):
            newest = run
    if newest is None:
        raise ValueError("no run was given")
    return newest, [one for _, one in sorted(found, key=lambda entry: entry[0], reverse=True)]


def _age(run: Run) -> datetime:
    return run.when or run.modified or datetime.min.replace(tzinfo=UTC)


def hosts(summaries: Iterable[Summary]) -> dict[str, list[Summary]]:
    """Return the runs of every machine, in the order in which the machines first come."""
    found: dict[str, list[Summary]] = {}
    for one in summaries:
        found.setdefault(one.host, []).append(one)
    return found
