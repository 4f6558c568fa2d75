"""What to do next where nothing is known, as fits what the log shows."""

from diagnostics.findings import Remedy
from diagnostics.traces.exit_codes import meaning, remedy_of
from diagnostics.traces.remedies import show_kills, show_memory
from diagnostics.traces.trace import Trace, compiled
from diagnostics.traces.watchdogs import DIED, after_a_death

_WATCH = "python -m diagnostics run -- python train.py  # names the worker and the sample"
_NONE = "DataLoader(..., num_workers=0)"
_KILLED = r"(?i)\bkilled\b|\boom\b|out of memory|exit(?:ed)? (?:code|status)[: ]+(?:-9|137)"
_CRASHED = r"(?i)segmentation|core dumped|bus error|\babort|Fatal Python|sigsegv"
_ADVICE_WANTED = (
    r"(?i)\bhow many workers|\b(?:what|how many|should i|which)\b[^?]{0,200}num_workers"
    r"|num_workers[^?]{0,200}\?"
)
_LAUNCHERS = ("ChildFailedError", "CalledProcessError", "ProcessRaisedException", "ProcessExitedException")
_OF_THE_RANK = Remedy(
    "The launcher tells only that a rank failed: find that rank's own traceback, above this or in its log.",
    (
        "torchrun --log-dir logs --tee 3 train.py  # each rank's own output",
        "@record  # above main(): from torch.distributed.elastic.multiprocessing.errors import record",
    ),
)
_OF_THE_INTERRUPT = Remedy(
    "If it was you, there is nothing to mend; if it stood still there, look what it waits for, or repeats.",
    ("py-spy dump --locals --pid PID  # of the training, while it stands",),
)
_EXIT = r"(?i)exit(?:ed)?(?: with)? ?(?:code|status)[:= ]+(-?\d{1,10})"


def exit_code(trace: Trace) -> tuple[str, str]:
    """Return the last exit code that the log tells and what it means, "" where it means nothing by itself."""
    found = trace.find_all(_EXIT)
    return (found[-1][1], meaning(int(found[-1][1]))) if found else ("", "")


def launched(trace: Trace) -> str:
    """Return the exception by which a launcher reports a rank that failed, where it is the last; or ""."""
    error = next((one for one in reversed(trace.errors) if one.type and not one.is_ignored), None)
    if error is None or error.type not in _LAUNCHERS:
        return ""
    is_sure = error.type != "CalledProcessError" or trace.find_line(r"(?i)launch|torchrun|elastic")
    return error.type if is_sure else ""


def interrupted(trace: Trace) -> bool:
    """Tell whether an interrupt is the last that the log shows."""
    error = next((one for one in reversed(trace.errors) if one.type and not one.is_ignored), None)
    return error is not None and error.type == "KeyboardInterrupt"


def next_step(trace: Trace, trouble: str) -> Remedy:
    """Return the best next step.

    Parameters
    ----------
    trace : Trace
    trouble : str
        The lines that tell of trouble; "" where none does.
    """
    code, means = exit_code(trace)
    if not trouble and trace.find(_ADVICE_WANTED):
        return Remedy(
            "Measure it, on this machine and with this dataset.",
            ("python -m diagnostics tune train.py:make",),
        )
    is_python = any(error.frames for error in trace.errors)
    if means and (remedy := remedy_of(int(code), trace.platform)):
        return remedy
    if trace.find(DIED):
        return after_a_death(trace)
    if launched(trace) or interrupted(trace):
        return _OF_THE_RANK if launched(trace) else _OF_THE_INTERRUPT
    if is_python or trace.is_training or not trouble:
        return _for_training(trace, trouble)
    return Remedy(
        "Nothing here is PyTorch's: look for the first such line in the log of the program that wrote it.",
        ("grep -n -i -E 'error|fatal|fail|killed' LOG | head",),
    )


def _for_training(trace: Trace, trouble: str) -> Remedy:
    if compiled(_KILLED).search(trouble):
        return Remedy(
            "See whether the system killed it for want of memory.",
            (*show_kills(trace.platform), *show_memory(trace.platform)),
        )
    if compiled(_CRASHED).search(trouble):
        return Remedy(
            "Run it under faulthandler, which prints the line that crashes.",
            ("python -X faulthandler train.py", _NONE),
        )
    if not trouble:
        return Remedy(
            "If something is wrong with this run, let it be watched, then try without workers.",
            (_WATCH, _NONE),
        )
    return Remedy(
        "Run once without workers and paste the whole log, from the first error on.",
        (
            _NONE,
            _WATCH,
            "py-spy dump --pid PID  # if it hangs",
        ),
    )
