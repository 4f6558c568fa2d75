"""A worker exited, and no signal tells why.

What it means
-------------
The parent noticed that a worker was gone. Either its code ended the process (`os._exit`, `sys.exit`, a
library that exits), or it could not start, or it died and the signal was not seen.

Why it matters
--------------
The line in the traceback is where the parent was waiting, not where something failed.

How to fix
----------
Run with num_workers=0: an exception then shows where it is raised. If that works, look at memory and
/dev/shm while workers run, and guard the entry of the script.

When it is fine
---------------
After an earlier error, as its echo.

References
----------
PyTorch documentation, torch.utils.data; PyTorch issue 5301.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import counted
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Role,
    Trace,
    error_clue,
    joined,
    phrase,
    raised_in,
    recognised,
)
from diagnostics.traces.errors import Error
from diagnostics.traces.exit_codes import meaning, remedy_of
from diagnostics.traces.remedies import NO_WORKERS
from diagnostics.traces.saying import fine_without_workers
from diagnostics.traces.troubles import last_words

CODE = "DL222"
SLUG = "worker-exited-unknown"
TITLE = "A worker exited, and no signal tells why"
_ERROR = ("run.death_error_name", "run.death_error_text", "run.death_error_place")
NEEDS = ("run.death_signal_name", "run.death_exit_code", "run.deaths_count", *_ERROR)
FIRES = dict.fromkeys(_ERROR) | {
    "run.death_signal_name": None,
    "run.death_exit_code": 7,
    "run.deaths_count": 1,
}
SILENT = FIRES | {"run.death_exit_code": None, "run.deaths_count": 0}
_WORDS = (
    r"worker (?:\(pid\(?s?\)? ?[\d, {}]*\) )?exited unexpectedly(?: with exit code (-?\d+))?"
    r"|worker \(pid\(?s?\)? ?[\d, ]*\) is killed by(?! signal: ?\w)"  # the signal's name was cut off
    r"|worker \(pid\(?s?\)? ?[\d, ]*\) is killed by(?! signal: ?(?:Term|Hangup|Interrupt)) signal: ?"
    r"(?:Unknown signal: )?([\w /+-]{1,40})"
    r"|DataLoader worker \(pid\(?s?\)? ?[\d, ]*$"  # cut off
)
_EXIT = r"finished with exit code (-?\d+)"  # as an editor writes it below the log
_CODE = r"exited unexpectedly with exit code (-?\d+)"
_LOST = (
    "ConnectionResetError",
    "ConnectionRefusedError",
    "FileNotFoundError",
    "EOFError",
    "BrokenPipeError",
    "ConnectionAbortedError",
)
LOG_FIRES = (
    "RuntimeError: DataLoader worker (pid(s) 1108, 7640) exited unexpectedly\n",
    '  File "/usr/lib/python3.8/multiprocessing/resource_sharer.py", line 57, in detach\n'
    "    with _resource_sharer.get_connection(self._id) as conn:\n"
    '  File "/usr/lib/python3.8/multiprocessing/connection.py", line 383, in _recv\n    '
    "chunk = read(handle, remaining)\n"
    "ConnectionResetError: [Errno 104] Connection reset by peer\n",
)
LOG_SILENT = ("ConnectionResetError: [Errno 104] Connection reset by peer\n",)


_TOLD_ELSEWHERE = ("SIGKILL", "SIGSEGV", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS", "SIGABRT", "SIGBUS")
_CPU_TIME = Remedy(
    "Raise that limit where the job is started, or start workers anew each epoch.",
    ("ulimit -t unlimited", "ulimit -H -t  # what may be asked for at most", "persistent_workers=False"),
)
_FIND = Remedy(
    "Find what ends the process: os._exit, sys.exit, or a library that exits.",
    ("grep -rnE 'os\\._exit|sys\\.exit|quit\\(' .", NO_WORKERS),
)


_PASSED_ON = 'raise RuntimeError("…")  # an Exception reaches the loop, with its traceback'


def _by_an_exception(error: str, text: str, place: str, evidence: tuple[str, ...]) -> Verdict:
    """Tell an exit by what torch does not pass on: SystemExit, and what is a BaseException only."""
    where = f" at {place}" if place else ""
    said = f": {text}" if text else ""
    if error == "SystemExit":
        remedy = Remedy("Raise an ordinary exception there instead of ending the process.", (_PASSED_ON,))
        return fail(f"A worker ended itself by SystemExit{where}{said}.", evidence, remedy)
    class_name = error.rpartition(".")[2]
    remedy = Remedy(
        f"Make {error} an Exception: torch passes on no mere BaseException, and the worker ends.",
        (f"class {class_name}(Exception): ...", NO_WORKERS),
    )
    return fail(f"A worker ended by {error}{where}{said}.", evidence, remedy)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Tell an exit from the signals that have a name of their own."""
    name, code = facts["run.death_signal_name"], facts["run.death_exit_code"]
    num_deaths = facts["run.deaths_count"]
    if not num_deaths or name in _TOLD_ELSEWHERE or (name is None and code is None):
        return ok(f"No worker exited by itself (deaths: {num_deaths}).")
    evidence = (f"{counted(num_deaths, 'death')}, the first with {name or f'exit code {code}'}",)
    error, text, place = (facts[key] for key in _ERROR)
    if error and name is None:
        return _by_an_exception(str(error), str(text or ""), str(place or ""), evidence)
    if name == "SIGXCPU":
        said = "A worker used up the CPU time that a process may have (RLIMIT_CPU, ulimit -t): SIGXCPU."
        return fail(said, evidence, _CPU_TIME)
    how = f"was ended by {name}" if name else f"exited by itself with code {code}"
    return fail(f"A worker {how} while its batches were waited for.", evidence, _FIND)


def _is_cut_at_connection(error: Error) -> bool:
    """Tell a traceback without its last line that stands where another process is called."""
    functions = {frame.function for frame in error.frames[-3:]}
    return error.type == "" and bool(functions & {"get_connection", "Client", "SocketClient"})


def _empty_queue(trace: Trace) -> Clue | None:
    """Find the `Empty` that torch passes on only where a worker is gone."""
    return raised_in(trace, "receive", type_pattern="^Empty$")


def _lost_connection(trace: Trace) -> Clue | None:
    for error in trace.errors:
        handing_over = any(
            frame.function in {"rebuild_storage_fd", "detach", "rebuild_storage_filename"}
            for frame in error.frames
        )
        if (
            (error.type in _LOST or _is_cut_at_connection(error))
            and not error.is_ignored
            and not error.process
            and (handing_over or trace.place(error) == "receive")
        ):
            return error_clue(trace, "", error)
    return None


def _how(code: str) -> str:
    """Tell an end by its signal's name or exit code."""
    if not code.lstrip("-").isdigit():
        return f"died of {code}" if code else "is gone"
    own = "something in its code ended the process"
    if code == "1":
        own = "of an exception, whose traceback it printed, or of sys.exit(1)"
    return f"exited with code {code} ({meaning(int(code)) or own})"


def _known_end(trace: Trace, code: str) -> Remedy | None:
    return remedy_of(int(code), trace.platform) if code.lstrip("-").isdigit() else None


def _look(trace: Trace) -> Remedy:
    """Return how to find the real error, by what the writer has not tried."""
    guard = 'if __name__ == "__main__":  # around what starts the training'
    look = {"Windows": guard, "Darwin": "vm_stat"}.get(trace.platform.os_name, "df -h /dev/shm; free -h")
    if fine_without_workers(trace) is None:
        return Remedy("Run without workers to see the real error.", (NO_WORKERS, look))
    one = "DataLoader(..., num_workers=1)  # if this works, memory is what many use up"
    return Remedy("Without workers it does not fail: look at what workers alone need.", (look, one))


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's words, or for a connection that a worker's end cut."""
    found = phrase(trace, _CODE) or phrase(trace, _WORDS) or _lost_connection(trace) or _empty_queue(trace)
    if found is None:
        return None
    code = next((group for group in found.groups if group), "").strip()
    beside, words = phrase(trace, _EXIT), Clue(last_words(trace, before=found.lines[-1].number))
    summary = f"A worker {_how(code)}"
    if beside is not None and (means := meaning(int(beside.groups[0]))):
        summary += f"; without workers the process ended with {beside.groups[0]} ({means})."
    elif words.lines:
        summary += "; what was written before it may tell why."
    else:
        summary += "; the cause is not in what you see."
    remedy = _known_end(trace, beside.groups[0] if beside else code) or _look(trace)
    found = Clue(joined((words, found, beside)), found.error)
    return recognised(found, summary, remedy, Role.SYMPTOM, 50, "likely")
