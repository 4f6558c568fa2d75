"""The log shows nothing that is known here.

What it means
-------------
No exception, signal or message of the log fits a known cause, or too little of it was pasted.

Why it matters
--------------
A guess would send you the wrong way.

How to fix
----------
Paste the whole log, from the first error on, both processes' parts. Run once with num_workers=0; for a crash
under `python -X faulthandler`; for a hang look at the workers with py-spy.

When it is fine
---------------
Where the log is that of a healthy training.

References
----------
Python documentation, faulthandler; py-spy.
"""

from diagnostics.quantities import counted
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, recognised
from diagnostics.traces.errors import Error
from diagnostics.traces.next_steps import exit_code, interrupted, launched, next_step
from diagnostics.traces.troubles import trouble_lines

CODE = "DL299"
SLUG = "unrecognised"
TITLE = "Nothing in this log is known here"
LOG_FIRES = ("Epoch 3: 100%\nKilled\n", "it stopped working after the update\n")
LOG_SILENT = ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Killed.\n",)


def _cut_off(trace: Trace) -> Error | None:
    """Return the last traceback without the line that names its error."""
    return next((error for error in reversed(trace.errors) if error.frames and not error.type), None)


def _kind(trace: Trace, error: Error) -> str:
    if launched(trace):
        return "by which a launcher reports a rank that failed"
    if interrupted(trace):
        where = f" at {error.user_frame.place}" if error.user_frame else ""
        return f"by which you or the system stopped it{where}"
    return "of a kind that is not known here"


def recognise(trace: Trace) -> Recognition | None:
    """Answer always, below everything else: with what was seen, and what to do next."""
    error = next((one for one in reversed(trace.errors) if one.type and not one.is_ignored), None)
    cut = None if error else _cut_off(trace)
    lines = () if error or cut else trouble_lines(trace)
    code, means = exit_code(trace)
    if error:
        kind = _kind(trace, error)
        found, said = (
            error_clue(trace, "", error),
            f"the log shows {error.type}, {kind}",
        )
    elif cut:
        where = cut.frames[-1].place
        found, said = (
            error_clue(trace, "", cut),
            f"a traceback ends at {where}, before the line that names the error",
        )
    elif lines:
        found, said = Clue(lines), "the log tells of trouble that is not known here"
    else:
        found, said = Clue(trace.lines[-1:]), f"no error in {counted(trace.num_lines, 'line')}"
    exits = f"; exit code {code} is {means}" if means else ""
    remedy = next_step(trace, " ".join(line.text for line in found.lines) if error or cut or lines else "")
    return recognised(found, f"Not recognised: {said}{exits}.", remedy, Role.OPEN, 0, "possible")
