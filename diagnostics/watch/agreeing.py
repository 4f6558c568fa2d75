"""A page does not contradict itself: of two warnings that set the same argument, the first one stands."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from diagnostics.findings import Finding, Status

SYMPTOMS = {"loader-bottleneck", "too-few-workers", "too-many-workers"}  # they name no cause by themselves
GUESSES = SYMPTOMS | {"no-persistent-workers"}  # at a loader's speed, where a log alone tells of them
OF_WORKERS = {"persistent_workers", "prefetch_factor", "in_order", "multiprocessing_context"}
_CALL = re.compile(r"DataLoader\(\.\.\., (.*?)\)(?:\s*#|$)")
_SETTING = re.compile(r"(\w+)=([\w.\"']+)")


def _settings(finding: Finding) -> dict[str, str]:
    """Return the loader's arguments that a finding advises."""
    commands = finding.remedy.commands if finding.remedy else ()
    calls = (found[1] for command in commands if (found := _CALL.search(command)))
    return dict(setting for call in calls for setting in _SETTING.findall(call))


def _contradicts(name: str, value: str, claims: Mapping[str, str]) -> bool:
    """Tell whether a setting cannot stand beside those that were advised before."""
    if name == "num_workers" and value == "0" and OF_WORKERS & claims.keys():
        return True
    is_in_vain = name in OF_WORKERS and claims.get("num_workers") == "0"
    return is_in_vain or claims.get(name, value) != value


def _is_ruled_out(settings: Mapping[str, str], claims: Mapping[str, str]) -> bool:
    """Tell settings of which one contradicts what was advised before, or that were all advised before."""
    is_told = bool(settings) and settings.keys() <= claims.keys()
    return is_told or any(_contradicts(name, value, claims) for name, value in settings.items())


def _measured(findings: Iterable[Finding], timed: set[str]) -> Iterator[Finding]:
    """Leave out what a log guesses at a loader's speed where the speed was measured, and found wanting."""
    everything = list(findings)
    is_timed = any(one.slug in timed for one in everything)
    yield from (one for one in everything if one.slug not in GUESSES - timed or not is_timed)


def agreeing(findings: Sequence[Finding], timed: set[str]) -> list[Finding]:
    """Return findings of a run that went well, without warnings whose advice the ones before them rule out.

    What a warning that is withdrawn has seen becomes evidence of the one that rules it out.

    Parameters
    ----------
    findings : sequence of Finding
        In their order.
    timed : set of str
        Slugs of those that rest on the measured time of the loop.
    """
    kept: list[Finding] = []
    claims: dict[str, str] = {}
    first = None  # of the warnings that advise a setting
    for one in _measured(findings, timed):
        settings = _settings(one) if one.status == Status.WARN else {}
        if first is not None and _is_ruled_out(settings, claims):
            kept[first] = replace(kept[first], evidence=(*kept[first].evidence, one.summary))
            continue
        if settings and first is None:
            first = len(kept)
        claims = {**settings, **claims}
        kept.append(one)
    return kept
