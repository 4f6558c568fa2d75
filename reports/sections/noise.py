"""How steady the machine was: its references, the passes that something disturbed, and why."""

from math import isnan

from reports import figures, frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Cell, Part, Prose, Section, Table, cell
from reports.report import Report
from reports.wording import MISSING, count, number, percent

ORDER = 75


def build(report: Report) -> Section | None:
    """Return drift, disturbed passes and what else was recorded; files without passes have none."""
    run = report.run
    if frames.passes(run).empty:
        return None
    parts: list[Part] = [*figures.of_section(run, "noise"), Prose(disturbed(run))]
    parts += [table for table in (_reasons(run), _recorded(run), _gpu(run)) if table]
    return Section("noise", "References and noise", parts)


def disturbed(run: Run) -> str:
    """Return how many measurements something disturbed, in one sentence."""
    passes = frames.passes(run)
    amount = int((passes["disturbed"].map(len) > 0).sum())
    all_of_them = count(len(passes), "measurement")
    if not amount:
        return (
            f"None of {all_of_them} was marked as disturbed by steal, a CPU quota, heat or the GPU's state."
        )
    return (
        f"{amount:,} of {all_of_them} ({percent(amount / len(passes))}) were marked as disturbed: their "
        "times are kept, and widen the intervals."
    )


def _marked(run: Run) -> Frame:
    passes = frames.passes(run)
    numbered = passes.assign(number=passes["pass"].rank(method="dense").astype(int))
    return numbered.explode("disturbed").dropna(subset=["disturbed"])


def _reasons(run: Run) -> Table | None:
    marked = _marked(run)
    names = frames.configurations(run)["name"]
    lines = [
        [
            cell(names.iloc[row.configuration]),
            cell(row.number, row.number),
            cell(row.disturbed),
        ]
        for row in marked.itertuples()
    ]
    caption = "Disturbed measurements, each with its reason"
    return Table(caption, ("configuration", "pass", "reason"), lines, is_folded=True) if lines else None


def _recorded(run: Run) -> Table:
    groups = frames.passes(run).groupby("pass")
    lines = [
        [
            cell(i + 1, i),
            cell(percent(part["steal_fraction"].mean()), part["steal_fraction"].mean()),
            cell(percent(part["steal_fraction"].max()), part["steal_fraction"].max()),
            cell(f"{part['load_1min'].mean():.2f}", part["load_1min"].mean()),
            cell(f"{(part['disturbed'].map(len) > 0).sum()} of {len(part)}"),
        ]
        for i, (_, part) in enumerate(groups)
    ]
    columns = ("pass", "CPU time stolen, mean", "at worst", "load average", "disturbed")
    return Table("What was recorded of each pass", columns, lines, is_folded=True)


def _gpu(run: Run) -> Table | None:
    """Return what the GPU was in each pass, over the measurements on it."""
    recorded = frames.passes(run).reindex(columns=["pass", *frames.GPU_STATE]).dropna(thresh=2)
    lines = [
        [
            cell(i + 1, i),
            _told(part["gpu_sm_clock_hertz"].min() / 1e9, "GHz"),
            _told(part["gpu_sm_clock_hertz"].max() / 1e9, "GHz"),
            _told(part["gpu_memory_clock_hertz"].median() / 1e9, "GHz"),
            _told(part["gpu_power_watts"].max(), "W"),
            _told(part["gpu_temperature_celsius"].max(), "°C"),
            _told(part["gpu_throttled_seconds"].sum(min_count=1), "s"),
            _told(part["gpu_other_processes_count"].max(), ""),
        ]
        for i, (_, part) in enumerate(recorded.groupby("pass"))
    ]
    columns = (
        "pass",
        "lowest clock",
        "highest clock",
        "memory clock",
        "most power",
        "hottest",
        "throttled by heat",
        "most other processes",
    )
    return Table("The GPU at the end of its measurements", columns, lines, is_folded=True) if lines else None


def _told(value: float, unit: str) -> Cell:
    return cell(MISSING if isnan(value) else f"{number(value)} {unit}".strip(), value)
