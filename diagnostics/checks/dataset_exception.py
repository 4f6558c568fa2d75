"""The dataset's own code raised.

What it means
-------------
`__getitem__`, `__iter__`, a transform or a collate_fn raised in a worker or, without workers, in the main
process. The loader only passed it on.

Why it matters
--------------
One bad sample ends the training; it strikes when the sampler comes to it.

How to fix
----------
The last frame in your own code names the place. Read that sample alone (`dataset[i]`); check files before
training; skip or repair what is broken.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data.Dataset.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.blame import blame
from diagnostics.traces.clues import Recognition, Role, Trace, error_clue, phrase, recognised, says, told
from diagnostics.traces.crashes import OPEN
from diagnostics.traces.errors import Error
from diagnostics.traces.remedies import NO_WORKERS, TEST_FILE
from diagnostics.traces.trace import compiled

CODE = "DL224"
SLUG = "dataset-exception"
TITLE = "The dataset's code raised an exception"
_NOT_ITS_OWN = ("KeyboardInterrupt", "SystemExit", "GeneratorExit", "Empty")
_CUT = " (the place is cut off)"
_PLAIN = Remedy(
    "Read that sample alone, where a debugger works, and mend the code or the data.",
    ("dataset[index]  # the sample that fails", "DataLoader(dataset, num_workers=0, shuffle=False)"),
)
_OF_A_STREAM = Remedy(
    "Walk through the stream alone, where a debugger works, and mend the code or the data.",
    (
        "for number, sample in enumerate(dataset): pass  # number is the last good one where it raises",
        "DataLoader(dataset, num_workers=0)",
    ),
)
_WHO = {
    "dataset": "your dataset",
    "__len__": "your dataset's __len__",
    "collate_fn": "your collate_fn",
    "default collate": "the default collate function, given samples that do not fit one another,",
    "sampler": "your sampler",
    "worker_init_fn": "your worker_init_fn",
}
# Which part, what the error says, what to do, and code to paste; the first that fits.
_ADVICE = (
    (
        ("worker_init_fn",),
        "",
        "Call it in a process alone: it runs once in each worker, before any sample.",
        "worker_init_fn(WORKER)",
    ),
    (
        ("sampler",),
        "",
        "Walk through the sampler alone, without loading.",
        "for indices in loader.batch_sampler: pass",
    ),
    (("__len__",), "", "Ask for the length alone, and mend what it counts.", "len(dataset)"),
    (
        ("default collate",),
        r"^KeyError",
        "Give all samples the same keys, or write a collate_fn.",
        "print({tuple(sorted(dataset[index])) for index in range(len(dataset))})",
    ),
    (
        ("default collate", "collate_fn"),
        "",
        "Call the collate function alone, on samples of one batch.",
        "loader.collate_fn([dataset[0], dataset[1]])",
    ),
    (
        ("dataset",),
        r"^(?:ModuleNotFoundError|ImportError)",
        "Install that module for the Python that trains, or correct the import.",
        "python -m pip install NAME",
        "python -c 'import sys, NAME; print(sys.executable)'",
    ),
    (
        ("dataset",),
        r"not compiled with CUDA|Found no NVIDIA driver",
        "Return CPU tensors and move the batch in the loop; this torch has no CUDA to use.",
        "batch = batch.to(device, non_blocking=True)",
        "python -c 'import torch; print(torch.version.cuda, torch.cuda.is_available())'",
    ),
    (
        ("dataset",),
        r"generator raised StopIteration",
        "A next() inside of the generator found its iterator empty: give it a default, or loop with for.",
        "for item in iterator: yield item",
        "item = next(iterator, None)",
    ),
    (
        ("dataset",),
        r"ReadersFull|READERS_FULL|BadRslot|BAD_RSLOT",
        "Open LMDB in each worker, at its first sample, once, and without locks.",
        *OPEN["lmdb"],
        "lmdb.open(..., max_readers=1024)  # where somebody writes meanwhile and locks are needed",
    ),
    (
        ("dataset",),
        r"(?i)quota exceeded|no space left on device",
        "Make room where the dataset writes, its caches and temporary files too.",
        "df -h . /tmp; df -i . /tmp  # bytes, and numbers of files",
        "quota -s",
    ),
    (
        ("dataset",),
        r"^BlockingIOError: .{0,80}lock file|unable to lock file",
        "Open HDF5 for reading only, in each worker; on a network file system without locks.",
        *OPEN["h5py"],
        "export HDF5_USE_FILE_LOCKING=FALSE",
    ),
    (
        ("dataset",),
        r"BadZipFile|BadGzipFile|\bCRC\b|while decompressing|end-of-stream marker|requires a buffer of"
        r"|Ran out of input|pickle data was truncated|(?i:image file is truncated|truncated file)|B-tree",
        "That file may be cut short or empty: test it, and fetch or write it again.",
        TEST_FILE,
        "DataLoader(dataset, num_workers=0)  # if nothing fails so, workers share a handle: open it in each",
    ),
    (
        ("dataset",),
        r"^FileNotFoundError|No such file",
        "Look whether that file is there, as the worker sees it, and whether the path is relative.",
        "print(os.path.abspath(path), os.path.exists(path))",
    ),
    (
        ("dataset",),
        r"^RecursionError",
        "A sample that is asked for again and again never succeeds: try a few times, then raise.",
        "for attempt in range(3): ...",
    ),
    (
        ("dataset", "collate_fn", "default collate"),
        r"^(?:MemoryError|\w*ArrayMemoryError|RuntimeError: .{0,80}DefaultCPUAllocator)",
        "Memory ran out there: see what one sample takes, what limits the process, and use fewer workers.",
        "free -h; ulimit -v",
        "DataLoader(..., num_workers=1, prefetch_factor=1)",
    ),
    (
        ("dataset",),
        r"^IndexError: .{0,40}(?:out of (?:range|bounds)|too large)",
        "Compare the indices with the length: __len__, a Subset or a sampler may promise too many.",
        "print(len(dataset), max(loader.sampler))",
        "dataset[len(dataset) - 1]",
    ),
)
# What is said while a sample is made, hardly ever elsewhere in a training: enough where no frame is shown.
_OF_TENSORS = r"strides? (?:in|of) (?:the|a) given numpy array (?:is|are) negative"
_OF_IMAGES = r"image file is truncated|cannot identify image file|broken data stream when reading image"
_OF_AUGMENTERS = r"Exception in background worker \d+:"  # of batchgenerators, which nnU-Net loads with
_BROKEN = r"(?:corrupt(?:ed)?|damaged|truncated|broken|unreadable)"
_A_FILE = r"(?:(?:data|images?|audio|video|input|training) files?|images|samples|jpe?gs?|pngs?)"
_SAYING = (
    rf"(?i)\b(?:{_A_FILE}\b[^.?!]{{0,60}}\b(?:is|are|was|were)\b[^.?!]{{0,20}}\b{_BROKEN}"
    rf"|{_BROKEN} {_A_FILE})\b"
)
# What torch and multiprocessing raise themselves where a batch is waited for.
_LOADERS_OWN = {
    *_NOT_ITS_OWN,
    "RuntimeError",
    "AttributeError",
    "TypeError",
    "ValueError",
    "AssertionError",
    "OSError",
    "EOFError",
    "BrokenPipeError",
    "ConnectionResetError",
    "ConnectionRefusedError",
    "FileNotFoundError",
    "PicklingError",
    "OverflowError",
    "MemoryError",
    "StopIteration",
    "NotImplementedError",
}
LOG_FIRES = (
    "KeyError: Caught KeyError in DataLoader worker process 3.\nOriginal Traceback (most recent call last):\n"
    '  File "/opt/lib/site-packages/torch/utils/data/_utils/fetch.py", line 44, in fetch\n'
    "    data = [self.dataset[idx] for idx in possibly_batched_index]\n"
    '  File "/home/user/data.py", line 17, in __getitem__\n    label = '
    "self.labels[name]\nKeyError: '0412.png'\n",
    '  File "C:\\work\\faces.py", line 52, in __getitem__\n    image = Image.open(path)\n'
    "FileNotFoundError: [Errno 2] No such file or directory: 'D:\\\\faces\\\\0007.jpg'\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 61, in '
    '<module>\n    config["lr"]\n'
    "KeyError: 'lr'\n",
)


_UNPICKLED = Remedy(
    "An object that is unpickled or copied has no attributes yet: __getattr__ must not ask itself for them.",
    ('if "inner" not in self.__dict__: raise AttributeError(name)  # in __getattr__, first',),
)


def _is_the_datasets(trace: Trace, error: Error) -> bool:
    if (
        error.is_ignored
        or error.is_wrapper
        or error.type in _NOT_ITS_OWN
        or error.type == "Fatal Python error"
    ):
        return False
    if "replica" in error.where or "Bad file descriptor" in error.detail:
        return False
    place = trace.place(error)
    if place == "reraise" and (error.is_cut or (error.type and error.frames[-1].code == "raise exception")):
        return any(frame.is_loader for frame in error.frames)  # unchanged, as the worker raised it
    if error.is_cut and place == "receive" and error.type not in _LOADERS_OWN:
        # Without a type: that function raises what workers raised, and nothing else.
        return bool(error.type) or error.frames[-1].function == "_process_data"
    inside = (
        "worker process" in error.where
        or bool(error.user_frame)
        or bool(error.frames and not error.frames[-1].is_multiprocessing)
    )
    if place in {"construct", "sampler"}:
        return blame(error, place).frame is not None and bool(error.user_frame)
    return place in {"dataset", "collate"} and inside


def _end_of_chain(candidates: list[Error], first: Error) -> Error:
    """Return the last of the errors that were raised while the first was handled, or because of it."""
    chosen = first
    for error in candidates[candidates.index(first) + 1 :]:
        if error.relation not in {"context", "cause"} or error.source != first.source:
            break
        chosen = error if error.type else chosen
    return chosen


def _read_by(error: Error) -> str:
    """Return the library in whose frames a worker failed to read: "lmdb", "h5py", or ""."""
    if not error.in_worker or error.type not in {"OSError", "RuntimeError", "Error", ""}:
        return ""
    return next(
        (name for name in ("lmdb", "h5py") if any(f"{name}/" in one.path for one in error.frames)), ""
    )


def _advice(part: str, error: Error) -> Remedy:
    if part == "dataset" and (name := _read_by(error)):
        text = f"Open what {name} reads in each worker, at its first sample; then read that sample alone."
        return Remedy(text, (*OPEN[name], _PLAIN.commands[0]))
    if error.type == "RecursionError" and error.user_frame and error.user_frame.function == "__getattr__":
        return _UNPICKLED
    for where, pattern, text, *commands in _ADVICE:
        if part in where and says(error, pattern):
            names = compiled(r"named '([\w-]+)").findall(error.detail)
            known = {"NAME": names[0] if names else "NAME", "WORKER": _worker(error) or "0"}
            return Remedy(text, tuple(_filled(line, known) for line in commands))
    return _OF_A_STREAM if part == "dataset" and _is_streamed(error) else _PLAIN


def _filled(line: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        line = line.replace(name, value)
    return line


def _worker(error: Error) -> str:
    """Return the number of the worker that an error was carried from; "" where that is not said."""
    number = error.where.rpartition(" ")[2]
    return number if number.isdigit() else ""


def _is_streamed(error: Error) -> bool:
    """Tell whether an error came out of what has no indices: an IterableDataset."""
    return any("dataset_iter" in frame.code for frame in error.frames if frame.is_loader) or any(
        frame.function == "__iter__" for frame in error.frames if frame.is_user
    )


def _unplaced(trace: Trace) -> Recognition | None:
    """Find what only the making of a sample says, with no frame to tell whose."""
    words = f"{_OF_TENSORS}|{_OF_IMAGES}|{_OF_AUGMENTERS}" if trace.is_training else _OF_TENSORS
    found = phrase(trace, words, guarded=True)
    if found is None or not (found.error is None or found.error.is_loose or found.error.is_cut):
        return _stated(trace)
    name = found.error.name if found.error else "an exception"
    advice = _advice("dataset", found.error) if found.error else _PLAIN
    return recognised(found, f"Your dataset raised {name}{_CUT}.", advice, score=38, confidence="likely")


def _stated(trace: Trace) -> Recognition | None:
    """Find words of files that cannot be read, beside a loader."""
    words = told(trace, _SAYING) if trace.mentions_loader else None
    if words is None:
        return None
    remedy = Remedy(
        "Find the files that cannot be read, before training, and leave them out or fetch them again.",
        ("for index in range(len(dataset)): dataset[index]  # stops at the first", NO_WORKERS),
    )
    summary = "Files of the dataset are said to be broken."
    return recognised(words, summary, remedy, Role.STATED, 44, "possible")


def recognise(trace: Trace) -> Recognition | None:
    """Look for an exception whose innermost loader frame is the fetching of samples."""
    candidates = [error for error in trace.errors if _is_the_datasets(trace, error)]
    if not candidates:
        return _unplaced(trace)
    first = next((one for one in candidates if one.type), candidates[0])
    error = _end_of_chain(candidates, first)
    blamed, root = blame(error, trace.place(error)), blame(first, trace.place(first))
    frame = blamed.frame if blamed.frame and blamed.frame.is_user else root.frame or blamed.frame
    worker = _worker(error)
    who = f"In worker {worker}, " if worker else ""
    if frame is None and error.frames and error.frames[-1].path.endswith("data/dataset.py"):
        frame = error.frames[-1]  # torch's own, as Subset
    place = f" at {frame.place}" if frame else "" if blamed.part == "default collate" else _CUT
    summary = f"{who}{_WHO[blamed.part]} raised {error.name or 'an exception'}{place}."
    found = error_clue(trace, "", error)
    is_certain = bool(error.type) and (frame is not None or blamed.part == "default collate")
    return recognised(
        found,
        summary[0].upper() + summary[1:],
        _advice(blamed.part, error),
        score=40,
        confidence="certain" if is_certain else "likely",
    )
