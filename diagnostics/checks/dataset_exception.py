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
from diagnostics.traces.clues import Recognition, Trace, error_clue, recognised
from diagnostics.traces.errors import Error

CODE = "DL224"
SLUG = "dataset-exception"
TITLE = "The dataset's code raised an exception"
_NOT_ITS_OWN = ("KeyboardInterrupt", "SystemExit", "GeneratorExit", "Empty")
_CODE = "python -c 'from train import dataset; dataset[0]'"
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
    inside = (
        "worker process" in error.where
        or bool(error.user_frame)
        or bool(error.frames and not error.frames[-1].is_multiprocessing)
    )
    return place in {"dataset", "collate"} and inside


def recognise(trace: Trace) -> Recognition | None:
    """Look for an exception whose innermost loader frame is the fetching of samples."""
    candidates = [error for error in trace.errors if _is_the_datasets(trace, error)]
    if not candidates:
        return None
    error = next((one for one in candidates if one.type), candidates[0])
    frame = error.user_frame or (error.frames[-1] if error.frames else None)
    worker = error.where.rpartition(" ")[2]
    who = f"In worker {worker}, your" if worker.isdigit() else "Your"
    part = "collate_fn" if trace.place(error) == "collate" else "dataset"
    place = f" at {frame.place}" if frame else " (the place is cut off)"
    remedy = Remedy(
        "Read that sample alone, where a debugger works, and mend the code or the data.",
        ("dataset[index]  # the sample that fails", "DataLoader(dataset, num_workers=0, shuffle=False)"),
    )
    summary = f"{who} {part} raised {error.type or 'an exception'}{place}."
    found = error_clue(trace, "", error)
    return recognised(
        found, summary, remedy, score=40, confidence="certain" if frame and error.type else "likely"
    )
