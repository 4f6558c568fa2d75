"""Workers read through one file handle that they inherited.

What it means
-------------
An HDF5, LMDB, zip or plain file opened before fork shares its position and buffers among all workers. They
move it under one another, and what each reads is garbage. `run` sees plain files, those below a zip or tar
archive too, whose position changes while a worker is between two batches.

Why it matters
--------------
The errors speak of corrupt data ("bad object header", "Bad CRC-32"), but the file is whole.

A file that is cut short or broken brings about the same errors. What tells them apart: a handle that the
dataset keeps (`self.file`) and several workers may share; a file that the sample itself opens they cannot.

How to fix
----------
Test the file (`python -m zipfile -t`, `gzip -t`, `h5dump -n`). If it is whole, open it in the worker, at the
first sample; with num_workers=0 the error goes away, which proves it.

When it is fine
---------------
Memory maps may be shared, and so may what os.pread reads or a multiprocessing.Lock guards.

References
----------
h5py documentation, FAQ on multiprocessing; Python documentation, zipfile.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Confidence, Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.quantities import counted
from diagnostics.traces.clues import (
    Recognition,
    Role,
    Trace,
    error_clue,
    has,
    joined,
    phrase,
    recognised,
    told,
)
from diagnostics.traces.crashes import OPEN, store
from diagnostics.traces.errors import Error
from diagnostics.traces.frames import Frame
from diagnostics.traces.recognition import Clue
from diagnostics.traces.remedies import TEST_FILE
from diagnostics.traces.saying import fine_without_workers
from diagnostics.traces.trace import compiled

CODE = "DL241"
SLUG = "fork-shared-handle"
TITLE = "Workers share a file handle that was opened before fork"
NEEDS = (
    "run.shared_handle_name",
    "run.shared_handle_workers_count",
    "run.misread_samples_count",
    "run.epochs_count",
)
FIRES = {
    "run.shared_handle_name": "dataset.file",
    "run.shared_handle_workers_count": 2,
    "run.misread_samples_count": 0,
    "run.epochs_count": 1,
}
SILENT = {**FIRES, "run.shared_handle_name": None, "run.shared_handle_workers_count": 0}
_WORDS = (
    r"bad object header|[Bb]ad (?:heap|local heap|symbol table|global heap|B-tree)|wrong "
    r"(?:B-tree|fractal heap) signature|addr overflow"
    r"|Can'?t (?:read|open) (?:data|object|directory)? ?\((?:inflate|wrong|file read "
    r"failed|bad|unable|can'?t)|Unable to (?:synchronously )?open object \((?!(?i:object '|component not))"
    r"|Bad CRC-32|Bad magic number for (?:file|central) |BadZipFile: (?:Bad|File name in "
    r"directory|Overlapped)|Error -3 while decompressing|Error -5 while decompressing"
    r"|MDB_(?:BAD_RSLOT|CORRUPTED|PAGE_NOTFOUND|BAD_TXN)|lmdb\.(?:Bad|Corrupted"
    r"|PageNotFound)|unpack requires a buffer of"
)
_CONTAINERS = (
    r"(?i)\b(?:h5py|hdf5|h5 (?:files?|format)|lmdb|zip ?files?|BadZipFile|tarfile|npz|zarr)\b"
    r"|\.(?:h5|hdf5|lmdb|zip|npz|zarr)\b"
)
# Lines of the user's: read from what the dataset keeps, open what is read, index what is kept, hand it on.
_READS = r"\bself\.\w+(?:\.\w+)*\.(?:read\w*|open|get\w*|extract\w*|begin|next|seek)\("
_OPENS = r"\b(?:open|load|imread|read_\w+|loadmat)\((?!['\"]r)|\b\w*(?:ZipFile|TarFile|File)\("
_INDEXES = r"\bself\.\w+(?:\.\w+)*\["
_HANDS_ON = r"(?i)\bself\.\w*(?:file|zip|archive|h5|hdf|lmdb|env|tar|handle|stream|fp)\b"
_OF_HDF5 = r"(?i)object header|heap|symbol table|B-tree|Unable to|Can'?t (?:read|open)"
_OF_ONE_FILE = r"while decompressing|requires a buffer of"
_READERS = ("h5py/", "lmdb/", "/zipfile", "/tarfile", "tables/")
_SPOILT = (
    r"(?i)\b(?:corrupt\w*|garbage|wrong|incorrect|scrambled|mixed up|nonsense|inconsistent|out of range"
    r"|BadZipFile|HDF5ExtError"
    r"|(?:bigger|larger|greater|other|different) (?:\w+ ){0,3}than|differ\w*|all zeros?|nans?)\b|乱码|错误的"
)
_CARRIED = {"receive", "reraise"}  # where what a worker raised is raised again
LOG_FIRES = (
    "KeyError: Caught KeyError in DataLoader worker process 1.\nOriginal Traceback (most recent call last):\n"
    '  File "/home/user/h5data.py", line 21, in __getitem__\n    return self.file["images"][i]\n'
    "KeyError: 'Unable to open object (bad object header version number)'\n",
    "zipfile.BadZipFile: Caught BadZipFile in DataLoader worker process 2.\nOriginal "
    "Traceback (most recent call last):\n"
    '  File "/usr/lib/python3.9/zipfile.py", line 940, in _update_crc\n'
    "zipfile.BadZipFile: Bad CRC-32 for file '000123.png'\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/prepare.py", line 3, in '
    "<module>\n    z = ZipFile(path)\n"
    "zipfile.BadZipFile: File is not a zip file\n",
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for a file whose position moved while a worker did nothing."""
    name, num_workers = facts["run.shared_handle_name"], facts["run.shared_handle_workers_count"]
    if not facts["run.epochs_count"]:
        return not_applicable("No epoch was begun.")
    if not name or not num_workers:
        return ok("No file of a dataset was moved by one worker under another: 0 found.")
    moved = (
        f"the position of {name} changed between two batches of a worker, in {counted(num_workers, 'worker')}"
    )
    remedy = Remedy("Open the file in each worker, at its first sample.", OPEN[""])
    if facts["run.misread_samples_count"]:
        summary = f"Workers read {name} through one file position, which was opened before fork."
        return fail(summary, (moved,), remedy, "likely")
    summary = f"Workers read {name} through one file position: what they read may be another sample's."
    return warn(summary, (moved,), remedy, "likely")


def _open_late(trace: Trace, alone: Clue | None, is_known: bool = True) -> Remedy:
    kind = store(trace) or ("h5py" if trace.find(_OF_HDF5) else "")
    commands: tuple[str, ...] = OPEN[kind]
    if alone is None:
        commands = (*commands, "DataLoader(..., num_workers=0)  # if this works, the file is whole")
    if is_known:
        return Remedy("Open the file in each worker, at its first sample.", commands)
    text = "Test the file, which may be broken; if it is whole, open it in each worker, at its first sample."
    return Remedy(text, (TEST_FILE, *commands))


def _is_kept(error: Error) -> bool | None:
    """Tell whether the dataset keeps what is read, by the user's lines; None where none is shown."""
    codes = [frame.code for frame in error.frames if frame.is_user and frame.code]
    if not codes:
        return None
    line = codes[-1]
    if compiled(_READS).search(line):
        return True
    is_handed_on = any(compiled(_HANDS_ON).search(code) for code in codes[:-1])
    return not compiled(_OPENS).search(line) and (bool(compiled(_INDEXES).search(line)) or is_handed_on)


def _is_readers(frame: Frame) -> bool:
    return any(part in frame.path for part in _READERS)


def _is_of_container(trace: Trace, found: Clue) -> bool:
    """Tell whether what failed holds many samples in one file, unlike a compressed image."""
    read = found.error is not None and any(map(_is_readers, found.error.frames))
    return read or not has(found, _OF_ONE_FILE) or trace.find_line(_CONTAINERS) is not None


def _only_in_workers(trace: Trace) -> Recognition | None:
    """Find a container that fails, or gives wrong values, in workers alone, as somebody tells."""
    alone = fine_without_workers(trace)
    if alone is None or not (trace.find(_CONTAINERS) or trace.find_line(_CONTAINERS)):
        return None
    summary = "A file is read well without workers only: they may share a handle opened before fork."
    read = trace.raised(lambda error: error.in_worker and any(map(_is_readers, error.frames)))
    if read is not None:
        found = Clue(joined((alone, error_clue(trace, "", read))))
        return recognised(found, summary, _open_late(trace, alone), score=61, confidence="possible")
    spoilt = told(trace, _SPOILT)
    if spoilt is None:
        return None
    return recognised(
        Clue(joined((alone, spoilt))), summary, _open_late(trace, alone), Role.STATED, 46, "possible"
    )


def recognise(trace: Trace) -> Recognition | None:
    """Look for a container's complaint of corruption, in a worker, or for what is told of one."""
    if trace.platform.os_name == "Windows":
        return None  # which has no fork
    found = phrase(trace, _WORDS, guarded=True)
    if found is None:
        return _only_in_workers(trace)
    error = found.error
    if error is not None and error.frames and not error.in_worker and trace.place(error) not in _CARRIED:
        is_headless = error.user_frame is None and error.frames[0].function != "<module>"
        if not (is_headless and trace.mentions_loader):
            return None
    told = found.lines[-1].text
    is_telling = "MDB_" in told or ("KeyError" in told and "Unable to" in told)  # whole, yet not to be read
    if not is_telling and not trace.mentions_loader:
        return None
    alone = fine_without_workers(trace)
    is_kept = is_telling or alone is not None or (_is_kept(error) if error else None)
    if is_kept is False or (is_kept is None and not _is_of_container(trace, found)):
        return None
    is_known = is_kept is True
    summary = "Workers share a handle opened before fork; the file itself is likely whole."
    if not is_known:
        summary = "Workers share a handle opened before fork, or that file is broken: the log does not say."
    confidence: Confidence = "likely" if is_known else "possible"
    return recognised(found, summary, _open_late(trace, alone, is_known), score=62, confidence=confidence)
