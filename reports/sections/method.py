"""How the run was made, what failed in it, and how noisy the machine was."""

import math
from collections.abc import Iterator

from reports import figures, frames
from reports.load import Run, as_number, entries
from reports.parts import Part, Prose, Section, Table, cell, rows
from reports.report import Report
from reports.wording import count, percent, seconds

ORDER = 80


def build(report: Report) -> Section:
    """Return provenance, failures, skips, noise and the results that were given beside this one."""
    run = report.run
    parts: list[Part] = [Prose(" ".join(_provenance(run)))]
    parts += [table for table in (_failures(run), _skips(run)) if table]
    parts += figures.of_section(run, "method")
    parts += [table for table in (_disturbances(run), _others(report)) if table]
    return Section("method", "Method and noise", parts)


def _provenance(run: Run) -> Iterator[str]:
    suite, when = run.suite, run.when
    moment = f", saved {when:%Y-%m-%d %H:%M %Z}" if when else ""
    version = run.document.get("version") or "of unknown version"
    yield f"The file {run.name}{moment} (pytest-benchmark {version})."
    if not suite:
        yield "It is not torch-checkup's: its benchmarks were timed in rounds, without passes or references."
        return
    yield (
        f"Profile {suite.get('profile')}, {count(int(_finite(suite.get('passes'))), 'pass')}, "
        f"{seconds(as_number(suite.get('seconds')))} in all. In every pass each configuration is measured "
        f"once, in an order shuffled anew (seed {suite.get('order_seed')}): what varies between passes is "
        "the error that the intervals show. Configurations are compared pass by pass."
    )


def _finite(value: object) -> float:
    number = as_number(value)
    return number if math.isfinite(number) else 0.0


def _failures(run: Run) -> Table | None:
    failures = entries(run.suite.get("failures"))
    lines = rows(
        [
            cell(f.get("name") or f.get("fullname")),
            cell(f.get("kind")),
            cell(f.get("reason")),
            cell(f.get("passes_done")),
        ]
        for f in failures
    )
    caption = f"{count(len(failures), 'configuration')} failed; the rest of the run went on"
    return Table(caption, ("configuration", "how", "reason", "passes done"), lines) if lines else None


def _skips(run: Run) -> Table | None:
    skipped = entries(run.suite.get("skipped"))
    lines = rows([cell(s.get("fullname")), cell(s.get("reason"))] for s in skipped)
    caption = f"{count(len(skipped), 'configuration')} skipped"
    return Table(caption, ("configuration", "reason"), lines, is_folded=True) if lines else None


def _disturbances(run: Run) -> Table | None:
    frame = frames.passes(run)
    if frame.empty:
        return None
    lines = rows(
        [
            cell(i + 1, i),
            cell(percent(part["steal_fraction"].mean()), part["steal_fraction"].mean()),
            cell(percent(part["steal_fraction"].max()), part["steal_fraction"].max()),
            cell(f"{part['load_1min'].mean():.2f}", part["load_1min"].mean()),
        ]
        for i, (_, part) in enumerate(frame.groupby("pass"))
    )
    columns = ("pass", "CPU time stolen, mean", "at worst", "load average")
    return Table("What may have disturbed each pass", columns, lines, is_folded=True)


def _others(report: Report) -> Table | None:
    lines = rows(
        [cell(run.name), cell(f"{run.when:%Y-%m-%d %H:%M}" if run.when else ""), cell(len(run.benchmarks)),
         cell("yes" if run.machine_info == report.run.machine_info else "no")]
        for run in report.others
    )  # fmt: skip
    columns = ("result", "saved", "benchmarks", "same machine record")
    return Table("Results given beside this one, not mixed in", columns, lines) if lines else None
