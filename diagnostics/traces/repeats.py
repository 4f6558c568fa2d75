"""Lines in which different workers say the same."""

import re

from diagnostics.traces.recognition import Clue
from diagnostics.traces.trace import Trace

WORKERS = r"(?i)\bnum[-_ ]?work|\bworkers?\b|data ?loader|multi-?process"
_WORKER = re.compile(r"(?i)\bworker[ _]?(?:id|info\.id)?[ =:#(]{0,3}(\d{1,4})\b[)\]:,;>-]{0,3}\s*(.{3,200})$")
_NUMBERS = re.compile(r"[\[(]*(?:-?\d[\d.e+-]*[\s,;\])]{1,12}){3}[-\d.e+\s,;\[\]()]*$")
_FEWEST_REPEATS = 3
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


def repeated_numbers(trace: Trace) -> Clue | None:
    """Find numbers alone in a line that follows itself, where random numbers and workers are spoken of."""
    count, before = 0, ""
    for line in trace.lines:
        said = " ".join(line.text.split())
        count = count + 1 if said == before else 1
        before = said
        if count == _FEWEST_REPEATS and _NUMBERS.match(said):
            everything = trace.find(WORKERS) and trace.find_line("random")
            return Clue((line,)) if everything else None
    return None
