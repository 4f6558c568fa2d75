"""Which lines of a large log are worth reading: those around anything that looks like trouble."""

SMALL_LOG_LINES = 5_000
MOST_LINES = 40_000  # read of a large log; half from its beginning, half from its end
BEFORE, AFTER = 4, 24
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


def select(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return all of a small log, and of a large one the surroundings of its troubles.

    Lines that repeat one of the last few, digits aside, are left out there: logs repeat themselves.
    """
    if len(lines) <= SMALL_LOG_LINES:
        return lines
    wanted: set[int] = set(range(40)) | set(range(len(lines) - 60, len(lines)))
    seen: dict[str, int] = {}
    covered = -1
    for index, (_, text) in enumerate(lines):
        if not any(word in text for word in TROUBLE):
            continue
        key = text[:160]
        seen[key] = times = seen.get(key, 0) + 1
        if times > 20:
            continue
        wanted.update(range(max(index - BEFORE, covered + 1, 0), min(index + AFTER, len(lines))))
        covered = max(covered, index + AFTER - 1)
    chosen = sorted(wanted)
    if len(chosen) > MOST_LINES:
        chosen = chosen[: MOST_LINES // 2] + chosen[-MOST_LINES // 2 :]
    return [lines[index] for index in chosen]
