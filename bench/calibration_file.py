"""Where a calibration is kept: the table that later verdicts quote, and the journal of what was measured."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.commands import CommandError
from diagnostics.calibrations import MACHINE_FACTS
from diagnostics.gather import gather


def machine() -> dict[str, Any]:
    """Return the facts that a calibration holds for."""
    facts = gather(quick=True).facts
    return {key: facts[key].value for key in MACHINE_FACTS if key in facts}


def parts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the document of a calibration holds beside its command."""
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "rows": rows}


class Journal:
    """The trials of a calibration, one JSON line each, written as they end: nothing measured is lost.

    Parameters
    ----------
    path : Path
    is_resumed : bool
        Go on from the trials that are there; otherwise they are replaced.

    Raises
    ------
    CommandError
        It cannot be read or written, or was measured on another machine.
    """

    def __init__(self, path: Path, *, is_resumed: bool) -> None:
        self.path = path
        self.trials: list[dict[str, Any]] = []
        head = {"machine": machine()}
        try:
            if is_resumed and path.exists():
                found, *self.trials = _lines(path.read_text(encoding="utf-8"))
                if found["machine"] != head["machine"]:
                    raise CommandError(f"{path} was measured on another machine: go on there, or begin anew")
            path.write_text("".join(f"{json.dumps(one)}\n" for one in (head, *self.trials)), encoding="utf-8")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CommandError(f"{path} cannot be used as a journal ({error})") from None

    def add(self, trial: dict[str, Any]) -> None:
        """Keep a trial, here and on disk."""
        self.trials.append(trial)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(trial) + "\n")


def _lines(text: str) -> Iterator[Any]:
    """Yield the lines' values; the last may be cut off, where the power went while it was written."""
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
