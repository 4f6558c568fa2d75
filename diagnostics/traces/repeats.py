"""Lines in which different workers say the same."""

import re

from diagnostics.traces.recognition import Clue
from diagnostics.traces.trace import Trace

_WORKER = re.compile(r"(?i)\bworker[ _]?(?:id|info\.id)?[ =:#(]{0,3}(\d{1,4})\b[)\]:,;>-]{0,3}\s*(.{3,200})$")
_FRACTION = re.compile(r"\d\.\d{3,}")
_DRAWN = re.compile(r"(?i)rand|seed|augment|crop|noise|rng|flip")
_SAMPLE = re.compile(r"\d")
_NO_SAMPLE = re.compile(
    r"(?i)pid|start|init|error|exit|killed|signal|process|ready|done|finish|device|epoch|took|second"
)


def repeated_by_workers(trace: Trace, fractions: bool) -> Clue | None:
    """Find two workers that print equal random numbers (`fractions`), or equal samples."""
    first: dict[str, tuple[str, int]] = {}
    for index, line in enumerate(trace.lines):
        found = _WORKER.search(line.text)
        if found is None:
            continue
        worker, said = found.group(1), " ".join(found.group(2).split())
        is_drawn = bool(_FRACTION.search(said) or _DRAWN.search(said))
        if is_drawn != fractions or not _SAMPLE.search(said) or (not fractions and _NO_SAMPLE.search(said)):
            continue
        other = first.setdefault(said, (worker, index))
        if other[0] != worker:
            return Clue((trace.lines[other[1]], line))
    return None
