"""Errors while workers are being taken down.

What it means
-------------
When a training ends, by itself or by an error, workers and threads lose their queues in the middle of work
and say so: in `__del__`, in the pinning thread, in the queue's feeder, in the resource tracker. A worker that
is ended by SIGTERM, SIGHUP or SIGINT was told to: by you, a scheduler, or a launcher that lost another rank.

Why it matters
--------------
They stand last in the log and look like the failure.

How to fix
----------
Find the first error of the log, and of the other ranks. If there is none, and no worker was told to end,
nothing needs mending; end loops over persistent workers by deleting the iterator.

When it is fine
---------------
Always, where the training had come to its end.

References
----------
PyTorch source, "Note [Data Loader Multiprocessing Shutdown Logic]".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, phrase, recognised
from diagnostics.traces.platforms import Platform
from diagnostics.traces.remedies import show_kills

CODE = "DL257"
SLUG = "shutdown-noise"
TITLE = "Errors while workers are taken down"
_THREADS = (
    "_pin_memory_loop",
    "_feed",
    "_shutdown_workers",
    "__del__",
    "_clean_up_worker",
    "_finalize",
    "_exit_function",
    "_run_finalizers",
)
_LOST = {"ConnectionResetError", "BrokenPipeError", "EOFError", "FileNotFoundError", "ConnectionRefusedError"}
_NO_NOISE = ("Killed", "Bus error", "Segmentation", "Aborted", "Too many open", "No space", "ancdata")
_WORDS = (
    r"leaked (?:semaphore|shared_memory) objects"
    r"|_MultiProcessingDataLoaderIter\.(?:__del__|_clean_up_worker)|Error in atexit"
    r"|worker \(pid\(?s?\)? ?[\d, ]+\) is killed by signal: (Terminated|Hangup|Interrupt)"
)
LOG_FIRES = (
    "Exception in thread Thread-3 (_pin_memory_loop):\nTraceback (most recent call last):\n"
    '  File "/opt/lib/site-packages/torch/utils/data/_utils/pin_memory.py", line 54, in _pin_memory_loop\n'
    "    do_one_step()\n"
    '  File "/usr/lib/python3.10/multiprocessing/connection.py", line 388, in _recv\n    '
    "raise EOFError\nEOFError\n",
    "UserWarning: resource_tracker: There appear to be 6 leaked semaphore objects to clean up at shutdown\n",
)
LOG_SILENT = ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Killed.\n",)


def _taken_down(trace: Trace) -> Clue | None:
    for error in trace.errors:
        is_threads = any(frame.function == "_bootstrap_inner" for frame in error.frames)
        in_thread = is_threads or bool(error.process) or error.is_ignored or "pin memory" in error.where
        is_idle = error.in_worker and trace.place(error) == "receive"  # the main process is gone
        tearing = is_idle or any(frame.function in _THREADS for frame in error.frames)
        is_lost = error.is_ignored or error.type in _LOST or (error.is_cut and not error.type)
        if in_thread and tearing and is_lost and not any(word in error.detail for word in _NO_NOISE):
            return error_clue(trace, "", error)
    return None


def _who_sent(platform: Platform) -> tuple[str, ...]:
    if platform.is_slurm:
        return ("sacct -j JOB --format=JobID,State,Elapsed,Timelimit,MaxRSS,ReqMem",)
    kills = show_kills(platform)
    if platform.os_name == "Linux":
        return (*kills, "journalctl -b | grep -i -E 'oomd|earlyoom|stopping'")
    return kills


def _told_to_end(signal: str, platform: Platform) -> tuple[str, Remedy]:
    """Tell who sends a signal that ends a process in order, and where to look for them."""
    if signal == "Interrupt":
        told = "by Ctrl-C, or by what stops a notebook"
        return told, Remedy("If it was you, there is nothing to mend.", ("grep -n -m 3 Error LOG",))
    if signal == "Hangup":
        told = "since the terminal or the connection that started it was closed"
        return told, Remedy(
            "Start it so that it outlives them.", ("tmux new -s train", "nohup python train.py &")
        )
    told = "by a scheduler, a launcher that lost another rank, or a daemon that guards memory"
    remedy = Remedy(
        "Look for the first error of all ranks, each in its own log; without one, for who sent the signal.",
        ("torchrun --log-dir logs --tee 3 train.py", *_who_sent(platform)),
    )
    return told, remedy


def recognise(trace: Trace) -> Recognition | None:
    """Look for lost connections in threads and finalizers, and for the tracker's remark."""
    found = _taken_down(trace) or phrase(trace, _WORDS)
    if found is None:
        return None
    signal = next((group for group in found.groups if group), "")
    if signal:
        told, remedy = _told_to_end(signal, trace.platform)
        summary = f"A worker was told to end (signal {signal}): {told}."
    else:
        summary = "These lines come from taking workers down; they cause nothing."
        remedy = Remedy(
            "Find the first error of the log; if there is none, ignore this.",
            ("del iterator  # before the script ends",),
        )
    return recognised(found, summary, remedy, Role.NOISE, 40, "likely")
