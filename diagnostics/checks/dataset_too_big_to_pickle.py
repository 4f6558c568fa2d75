"""More than pickle can carry is sent to each worker.

What it means
-------------
Without fork, the whole dataset is pickled and sent to each worker. Python before 3.8 sends at most 2 GiB
over a pipe and pickles at most 4 GiB of one object; Windows' pipes have limits of their own.

Why it matters
--------------
The start fails, and where it does not, each worker holds a copy and needs minutes to receive it.

How to fix
----------
Keep paths or a memory map in the dataset rather than the data (`numpy.load(path, mmap_mode="r")`), opened
in the worker. Python 3.8 and later lift the limits of pickle, not those of memory.

When it is fine
---------------
With fork nothing is sent.

References
----------
Python documentation, pickle, "Data stream format" (protocol 5); bpo-17560.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, raised_in, recognised
from diagnostics.traces.remedies import inherit

CODE = "DL206"
SLUG = "dataset-too-big-to-pickle"
TITLE = "The dataset is too big to be sent to workers"
_WORDS = (
    r"cannot serialize a (?:bytes|string|unicode)[\w ]{0,20} (?:larger|of size) than 4 ?GiB"
    r"|'i' format requires -2147483648 <= number <= 2147483647|larger than 4 ?GiB"
)
LOG_FIRES = (
    "OverflowError: cannot serialize a bytes object larger than 4 GiB\n",
    '  File "/usr/lib/python3.6/multiprocessing/connection.py", line 393, in _send_bytes\n'
    '    header = struct.pack("!i", n)\n'
    "struct.error: 'i' format requires -2147483648 <= number <= 2147483647\n",
)
LOG_SILENT = ("MemoryError: Unable to allocate 6.2 GiB for an array with shape (40000, 3, 224, 224)\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the limits of pickle and of pipes, or for memory that ended while a worker was started."""
    found = (
        phrase(trace, _WORDS, guarded=True)
        or raised_in(trace, "start", type_pattern="^OSError$", pattern=r"\[Errno 22\]|\[WinError 87\]")
        or raised_in(trace, "start", type_pattern="^(?:MemoryError|OverflowError)$")
    )
    if found is None:
        return None
    remedy = Remedy(
        "Send paths, not data: memory-map arrays in the worker.",
        ('self.data = numpy.load(path, mmap_mode="r")', *inherit(trace.platform)),
    )
    return recognised(
        found, "The pickled dataset exceeds what can be sent to a worker (2 or 4 GiB).", remedy, score=76
    )
