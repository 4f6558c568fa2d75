"""Want of shared memory in a log, told from a full disk, memory maps and the GPU's shared memory."""

import re

from diagnostics.traces.errors import Error
from diagnostics.traces.places import ELSEWHERE
from diagnostics.traces.recognition import Clue
from diagnostics.traces.trace import Trace

_DIED = (
    r"killed by signal: Bus error|Fatal Python error: Bus error"
    r"|(?:Unexpected )?bus error encountered in worker|signal: 7\b|Signal 7 \(SIGBUS\)"
    r"|insufficient shared memory|workers are out of shared memory"
)
_TORCH = (
    r"unable to (?:write to|resize|allocate shared memory ?\(shm\) for) file <|Shared "
    r"memory file has unexpected size"
    r"|unable to mmap \d+ bytes from file <[^>]*>: ?Cannot allocate memory"
)
_NO_SPACE = r"No space left on device|\[Errno 28\]|\(28\)"
_HANDS_OVER = (
    "synchronize.py",
    "heap.py",
    "reductions.py",
    "shared_memory.py",
    "multiprocessing/",
    "/dev/shm",
    "_utils/collate.py",
)
# Whoever asks for semaphores and shared arrays: they lie in /dev/shm.
_MAKES_IT = ("multiprocessing/synchronize.py", "multiprocessing/heap.py", "multiprocessing/shared_memory.py")
_ASKS = re.compile(r"\b(?:R?Lock|(?:Bounded)?Semaphore|SemLock)\(")
_SHARED = r"/dev/shm|torch_\d+_\d+|SemLock|psm_\w+|pymp-|multiprocessing/(?:heap|synchronize)"


def _is_of_shared_memory(trace: Trace, error: Error) -> bool:
    last = error.frames[-3:]
    if any(frame.path.endswith(_MAKES_IT) for frame in last):
        return True
    if error.is_cut and last and last[-1].is_multiprocessing and _ASKS.search(last[-1].code):
        return True
    by_frame = any(part in frame.path for frame in last for part in _HANDS_OVER)
    by_place = trace.place(error) in {"start", "receive", "construct", "collate", "loader"}
    return trace.place(error) not in ELSEWHERE and (by_frame or by_place)


def find_exhausted(trace: Trace) -> Clue | None:
    """Return where the log shows that shared memory ran out."""
    from diagnostics.traces.clues import error_clue, phrase, says

    for pattern in (_DIED, _TORCH):
        found = phrase(trace, pattern)
        if found and "max_map_count" not in trace.flat and "Too many open files" not in found.lines[-1].text:
            return found
    having = [error for error in trace.errors if says(error, _NO_SPACE)]
    for error in having:
        if says(error, _SHARED) or _is_of_shared_memory(trace, error):
            return error_clue(trace, "", error)
    if any(error.frames for error in having):
        return None
    loose = phrase(trace, _NO_SPACE)
    return loose if loose and trace.find(_SHARED) else None
