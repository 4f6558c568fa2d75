"""The failure lies elsewhere: in the model, the loss, an import, the GPU's memory, the network.

What it means
-------------
The exception was raised outside of any DataLoader, its workers and its samples.

Why it matters
--------------
Turning num_workers changes nothing then.

How to fix
----------
Go to the file and line that are named, and read that exception.

When it is fine
---------------
Never, but here the loader is innocent.

References
----------
Python documentation, traceback; PyTorch documentation, "Frequently Asked Questions".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, error_clue, phrase, recognised
from diagnostics.traces.elsewhere import ANYWHERE, kind_of_failure, main_failure

CODE = "DL298"
SLUG = "not-dataloader"
TITLE = "The failure lies outside of the DataLoader"
LOG_FIRES = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 61, in '
    "<module>\n    out = model(x)\n"
    '  File "/opt/lib/site-packages/torch/nn/modules/linear.py", line 114, in forward\n  '
    "  return F.linear(x)\n"
    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x512 and 1024x10)\n",
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; "
    "15.78 GiB total capacity)\n",
)
LOG_SILENT = ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Killed.\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Take the error that ended the run, if its frames or its words place it elsewhere."""
    error = main_failure(trace)
    if error is None:
        loose = phrase(trace, ANYWHERE)
        if loose is None:
            return None
        name, step = kind_of_failure(loose.lines[-1].text)
        remedy = Remedy("Follow that message; the DataLoader is not involved.", (step,))
        return recognised(
            loose, f"This is {name}, not a failure of the DataLoader.", remedy, Role.ELSEWHERE, 30, "likely"
        )
    name, step = kind_of_failure(f"{error.type}: {error.detail}", trace.place(error))
    frame = error.user_frame or (error.frames[-1] if error.frames else None)
    place = f" at {frame.place}" if frame else ""
    summary = f"{error.type}{place}: {name}, not a failure of the DataLoader."
    remedy = Remedy("Mend it at the place named; the DataLoader is not involved.", (step,))
    return recognised(
        error_clue(trace, "", error),
        summary,
        remedy,
        Role.ELSEWHERE,
        50,
        "certain" if error.frames else "likely",
    )
