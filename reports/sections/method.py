"""How the run was made, what failed in it, and what was given beside it."""

import math
from collections.abc import Iterator

import numpy as np

from reports.load import Run
from reports.parts import Cell, Part, Prose, Section, Table, cell, number_cell
from reports.report import Report
from reports.summaries import Summary, medians
from reports.values import as_number, entries, mapping
from reports.wording import MISSING, count, number, seconds, shorten

ORDER = 80


def build(report: Report) -> Section:
    """Return provenance, failures, skips and the results that were given beside this one."""
    run = report.run
    parts: list[Part] = [Prose(" ".join(_provenance(run)))]
    parts += [table for table in (_failures(run), _skips(run)) if table]
    others = _others(report)
    if others:
        text = "To see which of them is faster, and how surely, run"
        parts += [others, Prose(text, ("python -m reports compare A.json B.json",))]
    return Section("method", "Method", parts)


def _provenance(run: Run) -> Iterator[str]:
    suite, when = run.suite, run.when
    moment = f", saved {when:%Y-%m-%d %H:%M %Z}" if when else ""
    version = run.document.get("version") or "of unknown version"
    tool = run.document.get("tool") or f"pytest-benchmark {version}"
    yield f"The file {shorten(run.name)}{moment} ({shorten(str(tool), 40)})."
    yield from _origin(run)
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
    lines = [
        [
            cell(f.get("name") or f.get("fullname")),
            cell(f.get("kind")),
            cell(f.get("reason")),
            cell(f.get("passes_done")),
        ]
        for f in failures
    ]
    caption = f"{count(len(failures), 'configuration')} failed; the rest of the run went on"
    return Table(caption, ("configuration", "how", "reason", "passes done"), lines) if lines else None


def _skips(run: Run) -> Table | None:
    skipped = entries(run.suite.get("skipped"))
    lines = [[cell(s.get("fullname")), cell(s.get("reason"))] for s in skipped]
    caption = f"{count(len(skipped), 'configuration')} skipped"
    return Table(caption, ("configuration", "reason"), lines, is_folded=True) if lines else None


def _origin(run: Run) -> Iterator[str]:
    """What pytest-benchmark recorded of the code."""
    commit = mapping(run.document.get("commit_info"))
    if isinstance(commit.get("id"), str) and commit["id"]:
        branch = f" on branch {commit['branch']}" if isinstance(commit.get("branch"), str) else ""
        changed = ", with uncommitted changes" if commit.get("dirty") is True else ""
        yield shorten(f"Its code was at commit {commit['id'][:12]}{branch}{changed}.")


def _others(report: Report) -> Table | None:
    lines = [
        [cell(one.name), cell(f"{one.when:%Y-%m-%d %H:%M}" if one.when else ""), cell(len(one.seconds)),
         *_against(one, report)]
        for one in report.others
    ]  # fmt: skip
    columns = ("result", "saved", "benchmarks", "its times over these", "middle half", "shared")
    return Table("Other results of this machine, not mixed in", columns, lines) if lines else None


def _against(one: Summary, report: Report) -> list[Cell]:
    """How its times compare, over the configurations of both: no verdict, which `compare` gives."""
    own = medians(report.run)
    ratios = [one.seconds[key] / own[key] for key in own if key in one.seconds]
    if not ratios:
        return [cell(MISSING), cell(MISSING), cell(0, 0)]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return [number_cell(middle), cell(f"{number(low)} to {number(high)}"), cell(len(ratios), len(ratios))]
