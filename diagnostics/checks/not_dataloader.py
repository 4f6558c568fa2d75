"""The failure lies elsewhere: in the model, the loss, an import, the GPU's memory, the network.

What it means
-------------
What raised, or does not end, stands outside of any DataLoader, its workers and its samples.

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
from diagnostics.traces.clues import Recognition, Role, Trace, error_clue, phrase, recognised, told
from diagnostics.traces.elsewhere import ANYWHERE, kind_of_failure, main_failure
from diagnostics.traces.errors import Error
from diagnostics.traces.saying import HANGS

CODE = "DL298"
SLUG = "not-dataloader"
TITLE = "The failure lies outside of the DataLoader"
_OUTSIDE = (
    r"(?:\bbackward\b(?:\(\))?|\bforward (?:pass|step)|optimizer\.step|\ball_?reduce|\bbarrier\b"
    r"|init_process_group|torch\.compile|torch\.save|\bcheckpoint (?:saving|loading))"
)
_HANGS_OUTSIDE = (
    rf"(?i)(?:{_OUTSIDE}[^.?!]{{0,80}}{HANGS}"
    rf"|{HANGS}[^.?!]{{0,30}}\b(?:at|in|on|during) (?:\w+ )?`?{_OUTSIDE})"
)
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


def _advice(name: str, step: str) -> Remedy:
    if name.startswith("an interrupt"):
        return Remedy("If it was you, there is nothing to mend.", (step,))
    return Remedy("Mend it at the place named; the DataLoader is not involved.", (step,))


def _is_whole(error: Error) -> bool:
    """Tell whether a traceback goes from where a program begins to the error itself."""
    first = error.frames[0] if error.frames else None
    begins = first is not None and (
        first.is_user or first.function in {"<module>", "_wrap", "_run_code", "main"}
    )
    return begins and not error.is_cut


def _stated(trace: Trace) -> Recognition | None:
    """Find words of a hang at a place where no batch is waited for."""
    words = told(trace, _HANGS_OUTSIDE)
    if words is None:
        return None
    remedy = Remedy("Look where it stands while it hangs.", ("py-spy dump --pid PID", "OMP_NUM_THREADS=1"))
    summary = "The training is told to hang outside of its DataLoader."
    return recognised(words, summary, remedy, Role.STATED, 41, "possible")


def recognise(trace: Trace) -> Recognition | None:
    """Take the error that ended the run, if its frames or its words place it elsewhere."""
    error = main_failure(trace)
    if error is None:
        loose = phrase(trace, ANYWHERE)
        if loose is None:
            return _stated(trace)
        name, step = kind_of_failure(loose.lines[-1].text, platform=trace.platform)
        remedy = Remedy("Follow that message; the DataLoader is not involved.", (step,))
        return recognised(
            loose, f"This is {name}, not a failure of the DataLoader.", remedy, Role.ELSEWHERE, 30, "likely"
        )
    name, step = kind_of_failure(f"{error.type}: {error.detail}", trace.place(error), trace.platform)
    frame = error.user_frame or (error.frames[-1] if error.frames else None)
    place = f" at {frame.place}" if frame else ""
    return recognised(
        error_clue(trace, "", error),
        f"{error.type or 'A traceback that is cut off'}{place}: {name}, not a failure of the DataLoader.",
        _advice(name, step),
        Role.ELSEWHERE,
        50,
        "certain" if _is_whole(error) else "likely",
    )
