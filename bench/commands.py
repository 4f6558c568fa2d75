"""What the commands of `python -m bench` share: output as a table and as JSON, and errors in one sentence."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from bench import gpu_lock, strict_json
from bench.devices import why_not
from diagnostics.comparisons import Comparison, Outcome

SCHEMA = 1
STDOUT = Path("-")
MARKS = {Outcome.SLOWER: "▲", Outcome.FASTER: "▼", Outcome.SAME: "=", Outcome.UNSURE: "~"}


class CommandError(Exception):
    """What was asked for cannot be done; the message is one sentence."""


def require_free(device: str) -> None:
    """Take a device for this command.

    Raises
    ------
    CommandError
        It cannot be used here, or another benchmark has it.
    """
    if reason := why_not(device) or gpu_lock.why_not_free(device):
        raise CommandError(reason)


def write_json(path: Path | None, command: str, parts: Mapping[str, Any]) -> None:
    """Write the document of a command where a path is given; `-` is stdout.

    Raises
    ------
    CommandError
        It cannot be written.
    """
    if path is None:
        return
    document = strict_json.dumps({"schema": SCHEMA, "command": command, "findings": [], **parts}, indent=1)
    if path == STDOUT:
        print(document, file=sys.__stdout__)
        return
    try:
        path.write_text(document + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written ({error.strerror}): name a file in a folder of yours"
        ) from None


@contextmanager
def stdout_left_to(path: Path | None) -> Iterator[None]:
    """Print to stderr meanwhile where the document is to be all that stdout gets."""
    with redirect_stdout(sys.stderr) if path == STDOUT else nullcontext():
        yield


def print_comparisons(comparisons: Iterable[Comparison]) -> None:
    """Print a table of ratios with their verdicts."""
    glyphs = (getattr(sys.stdout, "encoding", "") or "").lower().startswith("utf")
    for one in comparisons:
        mark = f"{MARKS[one.verdict]} " if glyphs else ""
        interval = f"[{one.low:.3f}, {one.high:.3f}]" if one.low > 0 else "[no interval]"
        print(f"{one.name}\n  {one.ratio:.3f} {interval}  {mark}{one.verdict}: {one.reason}")
