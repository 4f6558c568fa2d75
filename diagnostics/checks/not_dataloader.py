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

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import format_quantity
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Role,
    Trace,
    error_clue,
    joined,
    phrase,
    phrases,
    recognised,
    told,
)
from diagnostics.traces.elsewhere import ANYWHERE, main_failure
from diagnostics.traces.errors import Error
from diagnostics.traces.exception_lines import is_warning
from diagnostics.traces.gpu_errors import assertion, moves_model
from diagnostics.traces.kinds import GPU_MEMORY, ON_GPU, OUTPUT_GONE, kind_of_failure
from diagnostics.traces.platforms import Platform
from diagnostics.traces.remedies import GUARD, show_kills, show_memory
from diagnostics.traces.saying import HANGS
from diagnostics.traces.trace import compiled
from diagnostics.traces.watchdogs import DIED, after_a_death

CODE = "DL298"
SLUG = "not-dataloader"
TITLE = "The failure lies outside of the DataLoader"
NEEDS = (
    "run.exit_error_name",
    "run.exit_error_text",
    "run.exit_error_place",
    "run.exit_signal_name",
    "run.standstill_seconds",
    "run.standstill_place",
)
FIRES: dict[str, Any] = {
    "run.exit_error_name": "CalledProcessError",
    "run.exit_error_text": "subprocess.CalledProcessError: Command 'gsutil' returned non-zero exit status 1.",
    "run.exit_error_place": "train.py:11",
    "run.exit_signal_name": None,
    "run.standstill_seconds": 0.0,
    "run.standstill_place": "",
}
SILENT: dict[str, Any] = {**dict.fromkeys(NEEDS), "run.standstill_seconds": 0.0}
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
    "python3: can't open file '/home/user/trian.py': [Errno 2] No such file or directory\n",
)
LOG_SILENT = ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Killed.\n",)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Tell an exception or a signal that ended the main process outside of its loaders, or a standstill."""
    error, text, place, signal, *standstill = (facts[name] for name in NEEDS)
    if error:
        name, commands = kind_of_failure(str(text), "user", Platform())
        where = f" at {place}" if place else ""
        summary = f"{error}{where}: {name}, not a failure of the DataLoader."
        return fail(
            summary,
            (f"0 frames of a DataLoader in its traceback: {str(text)[:200]}",),
            _advice(name, commands, bool(place)),
        )
    if standstill[0]:
        return _stands(*standstill)
    if signal is None:
        return ok("Nothing outside of the DataLoader ended the command (0 exceptions, 0 signals).")
    evidence = (f"0 DataLoaders failed before {signal}",)
    if signal != "SIGKILL":
        remedy = Remedy(
            "Let Python tell where it stood when the signal came.", ("python -X faulthandler train.py",)
        )
        return fail(
            f"The main process was ended by {signal}, not by a DataLoader.", evidence, remedy, "likely"
        )
    remedy = Remedy(
        "Look in the kernel's log whether it was for want of memory, then for who else ends jobs.",
        (*show_kills(Platform()), *show_memory(Platform())),
    )
    summary = (
        "The main process itself was killed from outside (SIGKILL): by the kernel for want of memory, by a "
        "scheduler, or by kill -9."
    )
    return fail(summary, evidence, remedy, "likely")


def _stands(seconds: float, place: str) -> Verdict:
    waited = format_quantity(seconds, "seconds")
    where = f" The main process stands at {place}." if place else ""
    summary = f"Nothing has moved for {waited}, and no batch was asked for.{where}"
    evidence = (f"{waited} without any progress, output or computing",)
    remedy = Remedy(
        "Look what that place waits for: a lock, a queue, another rank, a network; no DataLoader is asked.",
        ("py-spy dump --locals --pid PID",),
    )
    return fail(summary, evidence, remedy, "likely")


def _advice(name: str, commands: tuple[str, ...], is_placed: bool) -> Remedy:
    if name == OUTPUT_GONE or name.startswith("an interrupt"):
        return Remedy("If it was you, there is nothing to mend.", commands)
    if " disk " in f"{name} ":
        return Remedy("Make room there, or write elsewhere; the DataLoader is not involved.", commands)
    first = "Mend it at the place named" if is_placed else "Follow that message"
    return Remedy(f"{first}; the DataLoader is not involved.", commands)


def _explained(
    trace: Trace, error: Error | None, said: str, is_placed: bool
) -> tuple[str, Remedy, Clue | None]:
    """Return what kind of failure it is, what to do, and the line elsewhere in the log that told it."""
    place = trace.place(error) if error else "unknown"
    name, commands = kind_of_failure(said, place, trace.platform)
    if compiled(DIED).search(said):
        return "a report that a background process died", after_a_death(trace), None
    asserted = assertion(trace) if name == ON_GPU else None
    if asserted is not None:
        means, commands, where = asserted
        remedy = Remedy("Look at the values of the batch that fails, on the CPU.", commands)
        return f"{ON_GPU} ({means})", remedy, where
    if error and name == GPU_MEMORY and moves_model(error):
        return f"{name} while the model itself was moved there", _for_model(trace, error), None
    return name, _advice(name, commands, is_placed), None


def _for_model(trace: Trace, error: Error) -> Remedy:
    commands = ("nvidia-smi  # who holds it", "model.half()  # or a smaller model: no batch is there yet")
    if not _ran_in_child(trace, error):
        return Remedy("Free that memory, or let the model need less of it.", commands)
    text = "Guard what starts the training: workers import the script anew, and run what stands bare."
    return Remedy(text, (*GUARD, *commands))


def _ran_in_child(trace: Trace, error: Error) -> bool:
    """Tell whether a child ran the script from its top: its frames show it, or its parent misses it."""
    if any(frame.path.endswith("multiprocessing/spawn.py") for frame in error.frames):
        return True
    misses = trace.raised(
        lambda one: one.type == "Empty" and one.at > error.at and trace.place(one) == "receive"
    )
    return misses is not None and trace.platform.os_name in {"Windows", "Darwin"}


def _where(error: Error) -> str:
    """Return the innermost of the user's frames, and where in a library it was raised."""
    own = error.user_frame
    last = error.frames[-1] if error.frames else None
    if own is None or last is None:
        return f" at {last.place}" if last else ""
    is_deeper = "-packages/" in last.path and not last.is_torch
    return f" at {own.place} (inside of it: {last.place})" if is_deeper else f" at {own.place}"


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


def _is_survived(clue: Clue) -> bool:
    """Tell what a warning says, or what was ignored: after it the program went on."""
    return is_warning(clue.lines[0].text) or bool(clue.error and clue.error.is_ignored)


def recognise(trace: Trace) -> Recognition | None:
    """Take the error that ended the run, if its frames or its words place it elsewhere."""
    error = main_failure(trace)
    if error is None:
        loose = phrase(trace, ANYWHERE)
        if loose is not None and _is_survived(loose):
            loose = next((one for one in phrases(trace, ANYWHERE) if not _is_survived(one)), None)
        if loose is None:
            return _stated(trace)
        name, remedy, where = _explained(trace, loose.error, loose.lines[-1].text, False)
        found = Clue(joined((where, loose)))
        summary = f"This is {name}, not a failure of the DataLoader."
        return recognised(found, summary, remedy, Role.ELSEWHERE, 30, "likely")
    words = None if error.type else phrase(trace, ANYWHERE)  # beside a traceback that is cut off
    said = words.lines[-1].text if words else f"{error.type}: {error.detail}"
    name, remedy, where = _explained(trace, error, said, True)
    what = error.type or "A traceback that is cut off"
    return recognised(
        Clue(joined((words, where, error_clue(trace, "", error))), error),
        f"{what}{_where(error)}: {name}, not a failure of the DataLoader.",
        remedy,
        Role.ELSEWHERE,
        50,
        "certain" if _is_whole(error) else "likely",
    )
