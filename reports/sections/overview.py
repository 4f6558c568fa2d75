"""The first screen: is this machine fit, the one thing to mend, and the three answers."""

from collections.abc import Iterator

from diagnostics.findings import Status
from reports import any_cards, cards, frames
from reports.parts import Overview, Section
from reports.report import Report
from reports.values import entries
from reports.wording import count

ORDER = 0
DIAGNOSE = "python -m diagnostics"
VERDICTS = {
    Status.FAIL: "This machine is not fit for training yet.",
    Status.WARN: "Fit, with room to mend.",
}


def build(report: Report) -> Section:
    """Return the verdict, what disturbs it, and the cards; other suites get those that any file answers."""
    status, verdict, advice, commands = _verdict(report)
    questions = cards.cards(report.run) if report.is_ours else any_cards.cards(report.run)
    overview = Overview(status, verdict, advice, commands, questions, tuple(_notices(report)))
    return Section("overview", "Overview", (overview,))


def _verdict(report: Report) -> tuple[str, str, str, tuple[str, ...]]:
    if not report.is_ours:
        benchmarks = count(len(frames.configurations(report.run)), "benchmark")
        advice = f"Its {benchmarks} came from another suite; the times stand below. To check a machine, run"
        return Status.UNKNOWN, "This file says nothing about a machine's fitness.", advice, (cards.MEASURE,)
    if not report.findings:
        advice = "The file carries no facts about its machine. To judge this one, run"
        return Status.UNKNOWN, "Whether this machine is fit was not judged.", advice, (DIAGNOSE,)
    problems = report.problems
    if not problems:
        return *_unproblematic(report), ()
    worst = problems[0]
    others = f" ({count(len(problems) - 1, 'more finding')} below)" if len(problems) > 1 else ""
    advice = f"The one thing to mend: {worst.summary} {worst.remedy}{others}"
    return worst.status, VERDICTS[Status(worst.status)], advice, tuple(worst.commands[:1])


def _unproblematic(report: Report) -> tuple[str, str, str]:
    statuses = [finding.status for finding in report.findings]
    num_open = sum(status in (Status.UNKNOWN, Status.CRASHED) for status in statuses)
    told = f"{count(statuses.count(Status.OK), 'check')} passed."
    if not num_open:
        return Status.OK, "This machine is ready for training.", told
    told += f" {count(num_open, 'check')} could not be decided."
    if Status.OK in statuses:
        return Status.OK, "Nothing to mend was found.", told
    return Status.UNKNOWN, "Whether this machine is fit could not be judged.", told


def _notices(report: Report) -> Iterator[str]:
    suite = report.run.suite
    if suite and suite.get("complete") is False:
        num_failures = len(entries(suite.get("failures")))
        yield (
            "Unfinished run: it was cut off before its last pass, so some configurations have fewer passes "
            f"than others or none ({count(num_failures, 'failure')} recorded)."
        )
    if report.others:
        yield (
            f"This page shows the newest of {len(report.others) + 1} results of this machine, "
            f"{report.run.name}; nothing of the others is mixed in. They are named under Method."
        )
    yield from (*report.run.notes, *report.notices)
