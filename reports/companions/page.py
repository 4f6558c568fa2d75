"""The page of a profile, a tuning, or both, where no benchmark result was given beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reports import page, tidy
from reports.companions import ladder, tuning
from reports.load import Run
from reports.pages import Page
from reports.parts import Overview, Section
from reports.report import Report
from reports.sections import ladder as section
from reports.values import as_number, entries, mapping
from reports.wording import shorten

FAILED = ("fail", "crashed")
CALM = (ladder.NO_BOUND, "consumer")


def page_of(documents: Mapping[str, dict[str, Any]], title: str, notices: Sequence[str] = ()) -> Page:
    """Return the page in all its forms.

    Parameters
    ----------
    documents : mapping of command to document
        `profile`, `tune` or both.
    """
    report = Report(
        Run(" and ".join(documents), {"benchmarks": []}, {}),
        title or "Where the loader's time goes",
        companions=documents,
        notices=tuple(notices),
    )
    overview = Section("overview", "Overview", [_overview(documents, notices)])
    built = [one for one in (overview, section.build(report)) if one is not None]
    return Page(
        report,
        overview,
        _lines(documents),
        lambda: page.formatted(report, built),
        lambda: tidy.csv_text(_frame(documents)),
    )


def _overview(documents: Mapping[str, dict[str, Any]], notices: Sequence[str]) -> Overview:
    findings = [one for document in documents.values() for one in entries(document.get("findings"))]
    worst = next((one for one in findings if one.get("status") in FAILED), None)
    if worst is not None:
        remedy = mapping(worst.get("remedy"))
        pasted = remedy.get("commands")
        commands = [shorten(str(line), 400) for line in pasted] if isinstance(pasted, list) else []
        advice = f"{shorten(str(worst.get('summary')), 400)} {shorten(str(remedy.get('text') or ''), 400)}"
        return Overview("fail", shorten(str(worst.get("title"))), advice, commands, (), notices)
    profile, tune = documents.get("profile"), documents.get("tune")
    is_calm = profile is None or profile.get("bound") in CALM
    told = ladder.verdict(profile) if profile else "The settings that load fastest here."
    advice = tuning.recommendation(tune) if tune else ladder.facts(profile or {})
    commands = list(tuning.pasted(tune)) if tune else []
    return Overview("ok" if is_calm else "warn", told.replace("*", ""), advice, commands, (), notices)


def _lines(documents: Mapping[str, dict[str, Any]]) -> list[str]:
    lines = [ladder.verdict(documents["profile"])] if "profile" in documents else []
    return lines + (list(tuning.pasted(documents["tune"])) if "tune" in documents else [])


def _frame(documents: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    told = [("profile", "rungs", "name"), ("tune", "trials", "arguments")]
    return pd.DataFrame(
        [
            {
                "command": command,
                "name": str(one.get(name)),
                "samples_per_second": as_number(one.get("samples_per_second")),
            }
            for command, key, name in told
            for one in entries(documents.get(command, {}).get(key))
        ],
        columns=["command", "name", "samples_per_second"],
    )
