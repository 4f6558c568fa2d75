"""The tidy data of a run as CSV: one line a measurement, safe to open in a spreadsheet."""

from typing import Any

from reports import frames
from reports.frames import Frame
from reports.load import Run

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet runs a cell that begins so
_FIRST = ["name", "topic", "unit", "pass", "position", "seconds"]
_NOT_TIDY = ["configuration", "data"]


def inert(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def run_frame(run: Run) -> Frame:
    """Return one row a configuration and pass, or one a configuration where the file knows no passes."""
    passes, configurations = frames.passes(run), frames.configurations(run)
    if passes.empty:
        return configurations.drop(columns=[*_NOT_TIDY, "num_passes"], errors="ignore")
    tidy = passes.assign(
        name=configurations["name"].loc[passes["configuration"]].to_numpy(),
        disturbed=passes["disturbed"].map("; ".join),
    ).drop(columns=_NOT_TIDY, errors="ignore")
    return tidy[[*_FIRST, *(column for column in tidy if column not in _FIRST)]]


def csv_text(frame: Frame) -> str:
    """Return a frame as CSV; lists and objects in it as text."""
    plain = frame.map(_plain)
    return plain.rename(columns=lambda name: inert(str(name))).to_csv(index=False, lineterminator="\n")


def _plain(value: Any) -> Any:
    return inert(str(value)) if isinstance(value, (str, list, dict)) else value
