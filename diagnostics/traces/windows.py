"""Which lines of a large log are worth reading: those around anything that looks like trouble."""

from bisect import bisect_right
from itertools import accumulate

SMALL_LOG_LINES = 5_000
MOST_LINES = 8_000  # read of a large log; half from its beginning, half from its end
MOST_CHARACTERS = 800_000  # together
SHORT_LINE = 400
MOST_HITS = 50_000  # of a word of trouble, from each end
MOST_REPEATS = 20  # of a line, its digits aside
HEAD, TAIL = 40, 200
BEFORE, AFTER = 4, 24
_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))
TROUBLE = (
    "rror",
    "RROR",
    'File "',
    "raceback",
    "xception",
    "arning",
    "killed",
    "Killed",
    "signal",
    "orker",
    "fatal",
    "Fatal",
    "fault",
    "erminat",
    "bort",
    "imeout",
    "timed out",
    "nterrupt",
    "File [",
    "exit",
    "oom",
    "OOM",
    "shm",
    "fork",
    "❱",
    "-->",
)


def _troubled(lines: list[tuple[int, str]]) -> list[int]:
    """Return the indices of lines with a word of trouble; one search a word over all is fastest."""
    whole = "\n".join(text for _, text in lines)
    ends = list(accumulate(len(text) + 1 for _, text in lines))
    found: set[int] = set()
    for word in TROUBLE:
        at = whole.find(word)
        for _ in range(MOST_HITS):
            if at < 0:
                break
            index = bisect_right(ends, at)
            found.add(index)
            at = whole.find(word, ends[index])
        first, at = at, whole.rfind(word)
        for _ in range(MOST_HITS):
            if first < 0 or at < first:
                break
            index = bisect_right(ends, at)
            found.add(index)
            at = whole.rfind(word, 0, ends[index - 1]) if index else -1
    return sorted(found)


def select(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return all of a small log, and of a large one the surroundings of its troubles.

    Lines that repeat one of the last few, digits aside, are left out there: logs repeat themselves.
    """
    if len(lines) <= SMALL_LOG_LINES and sum(len(text) for _, text in lines) <= MOST_CHARACTERS:
        return lines
    wanted: set[int] = set(range(HEAD)) | set(range(len(lines) - TAIL, len(lines)))
    seen: dict[str, int] = {}
    covered = -1
    for index in _troubled(lines):
        key = lines[index][1][:160].translate(_NO_DIGITS)
        seen[key] = times = seen.get(key, 0) + 1
        if times > MOST_REPEATS:
            continue
        wanted.update(range(max(index - BEFORE, covered + 1, 0), min(index + AFTER, len(lines))))
        covered = max(covered, index + AFTER - 1)
    chosen = sorted(wanted)
    if len(chosen) > MOST_LINES:
        chosen = chosen[: MOST_LINES // 2] + chosen[-MOST_LINES // 2 :]
    return _bounded([lines[index] for index in chosen])


def _bounded(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return lines of bearable length together: long ones cut short, then those from both ends."""
    if sum(len(text) for _, text in lines) <= MOST_CHARACTERS:
        return lines
    short = [(number, text[:SHORT_LINE]) for number, text in lines]
    ends = list(accumulate(len(text) for _, text in short))
    half = MOST_CHARACTERS // 2
    return [line for line, end in zip(short, ends, strict=True) if end <= half or end > ends[-1] - half]
