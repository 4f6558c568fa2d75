"""What to do about a worker that crashed, as fits what the log and its writer tell."""

from collections import Counter

from diagnostics.findings import Remedy
from diagnostics.traces.frames import Frame
from diagnostics.traces.remedies import NO_WORKERS
from diagnostics.traces.saying import fine_without_workers
from diagnostics.traces.trace import Trace

FEWEST_TURNS = 4  # of one line of the user's in a traceback, from which it calls itself without end
OPEN = {
    "lmdb": (
        "if self.env is None:  # in __getitem__",
        "    self.env = lmdb.open(self.path, readonly=True, lock=False, readahead=False)",
    ),
    "h5py": (
        "if self.file is None:  # in __getitem__",
        '    self.file = h5py.File(self.path, "r")',
    ),
    "zip": (
        "if self.file is None:  # in __getitem__",
        "    self.file = zipfile.ZipFile(self.path)",
    ),
    "": (
        "if self.file is None:  # in __getitem__",
        '    self.file = open(self.path, "rb")',
    ),
}
_NAMES = {"lmdb": "LMDB", "h5py": "HDF5", "zip": "A zip file"}
_STORES = {  # the lists of what is installed aside
    "lmdb": r"(?i)\blmdb\b(?!\"? ?(?:[=~<>]=|\d|:))|MDB_[A-Z]|ReadersFull|BadRslot",
    "h5py": r"(?i)\bh5py\b(?!\"? ?(?:[=~<>]=|\d|:))|\bhdf5\b|\bh5 ?(?:files?|datasets?)\b",
    "zip": r"\bBadZipFile|\bzipfile\b",
}


def store(trace: Trace) -> str:
    """Return what is read that each process must open for itself: "lmdb", "h5py", "zip", or ""."""
    return next((name for name, pattern in _STORES.items() if trace.find_line(pattern)), "")


def calls_without_end(trace: Trace) -> tuple[Frame, ...]:
    """Return the user's frames that come again and again and make up most of one traceback, else ()."""
    for error in trace.errors:
        own = [frame for frame in error.frames if frame.is_user]
        turns = Counter((frame.path, frame.line_number) for frame in own)
        again = {place for place, count in turns.items() if count >= FEWEST_TURNS}
        if 2 * sum(turns[place] for place in again) > len(own):
            by_place = {(frame.path, frame.line_number): frame for frame in own}
            return tuple(frame for place, frame in by_place.items() if place in again)
    return ()


def told_of_recursion(frames: tuple[Frame, ...]) -> str:
    """Say which functions call one another."""
    names = " and ".join(dict.fromkeys(frame.function for frame in frames[:3]))
    how = "calls itself" if len(frames) == 1 else "call each other"
    return f"{names} {how} without end, last at {frames[-1].place.split(',')[0]}"


def crash_remedy(trace: Trace, otherwise: Remedy) -> Remedy:
    """Return what to do about a worker's crash.

    Parameters
    ----------
    trace : Trace
    otherwise : Remedy
        Where nothing tells more.
    """
    if calls_without_end(trace):
        return Remedy(
            "Asking for another sample whenever one fails never ends where all fail: try a few, then raise.",
            ("for attempt in range(3): ...", NO_WORKERS),
        )
    kind, only = store(trace), fine_without_workers(trace) is not None
    if kind:
        text = f"{_NAMES[kind]} is read here: open it in each worker, at its first sample, not before fork."
        return Remedy(text, (*OPEN[kind], *(_IN_WORKER if only else otherwise.commands[:1])))
    if only:
        other = 'DataLoader(..., multiprocessing_context="forkserver")  # if it goes, fork is at fault'
        start = () if trace.platform.os_name == "Windows" else (other,)
        text = "Without workers it does not fail: let a worker print the line that crashes."
        return Remedy(text, (*_IN_WORKER, *start))
    return otherwise


# torch's own handlers of SIGSEGV, SIGBUS and SIGFPE replace what python -X faulthandler set in a worker.
_IN_WORKER = (
    "def show_crash(worker_id): faulthandler.enable()",
    "DataLoader(..., worker_init_fn=show_crash)",
)
