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

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, phrase, recognised
from diagnostics.traces.elsewhere import next_step

CODE = "DL299"
SLUG = "unrecognised"
TITLE = "Nothing in this log is known here"
LOG_FIRES = ("Epoch 3: 100%\nKilled\n", "it stopped working after the update\n")
LOG_SILENT = ("RuntimeError: DataLoader worker (pid 9) is killed by signal: Killed.\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Answer always, below everything else."""
    error = next((one for one in reversed(trace.errors) if one.type and not one.is_ignored), None)
    found = (
        error_clue(trace, "", error)
        if error
        else phrase(
            trace,
            r"(?i)\b(?:killed|aborted|bus error|segmentation fault|core dumped|exit(?:ed)? "
            r"(?:code|status)[: ]+-?\d+)\b",
        )
    )
    said = "an error that is not known here" if found else f"no error in {trace.num_lines} lines"
    step = next_step(found.lines[-1].text if found else "", trace.platform)
    remedy = Remedy(step[0], step[1])
    return recognised(
        found or Clue(trace.lines[-1:]),
        f"Not recognised: the log shows {said}.",
        remedy,
        Role.OPEN,
        0,
        "possible",
    )
