"""Every benchmark of the file in one table."""

import pandas as pd

from reports import frames, tidy
from reports.frames import Column
from reports.parts import Cell, Download, Section, Table, cell
from reports.report import Report
from reports.wording import count, percent, seconds

ORDER = 70


def build(report: Report) -> Section:
    """Return median, spread and number of passes (of rounds, where the file knows no passes)."""
    frame = frames.configurations(report.run)
    columns = ("benchmark", "group", "median", "per", "fastest", "slowest", "spread", "values")
    caption = (
        f"{count(len(frame), 'benchmark')}: medians, and the spread between the fastest and the slowest value"
    )
    table = Table(caption, columns, [_line(row) for _, row in frame.iterrows()], is_folded=report.is_ours)
    data = tidy.csv_text(tidy.run_frame(report.run))
    label = "Download the tidy data (CSV): one line a measurement"
    return Section("benchmarks", "Every benchmark", (table, Download("benchmarks.csv", data, label)))


def _line(row: Column) -> list[Cell]:
    spread = (row["max"] - row["min"]) / row["median"] if row["median"] > 0 else float("nan")
    amount = row["num_passes"] or row["rounds"]
    noun = "pass" if row["num_passes"] else "round"
    return [
        cell(row["name"]),
        cell(row["group"] or row["topic"]),
        cell(seconds(row["median"]), row["median"]),
        cell(row["unit"] or "call"),
        cell(seconds(row["min"]), row["min"]),
        cell(seconds(row["max"]), row["max"]),
        cell(percent(spread), spread),
        cell(count(int(amount), noun) if pd.notna(amount) else "", amount),
    ]
