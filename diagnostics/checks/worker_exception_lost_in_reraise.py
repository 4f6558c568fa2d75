"""The worker's exception could not be rebuilt in the parent, and its text is lost.

What it means
-------------
torch raises a worker's exception again in the parent by calling its class with one text. A class that
wants other arguments raises a TypeError there, in place of the real error.

Why it matters
--------------
You see "__init__() missing 1 required positional argument" and nothing of what went wrong.

How to fix
----------
num_workers=0 shows the real error. Newer torch falls back to RuntimeError and keeps the text. Own exception
classes should accept a single text.

When it is fine
---------------
Never.

References
----------
PyTorch source, torch/_utils.py, ExceptionWrapper.reraise.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, error_clue, phrase, recognised, says
from diagnostics.traces.remedies import NO_WORKERS

CODE = "DL223"
SLUG = "worker-exception-lost-in-reraise"
TITLE = "The worker's real exception was lost"
_WORDS = (
    r"^TypeError: .{0,120}(?:missing \d+ required (?:positional|keyword-only) arguments?"
    r"|takes (?:exactly|at least|no|from|\d+)"
    r"|got an unexpected keyword argument 'message'|function takes|required argument|argument \d+ must be)"
)
LOG_FIRES = (
    '  File "/opt/lib/python3.8/site-packages/torch/_utils.py", line 428, in reraise\n'
    "    raise self.exc_type(msg)\nTypeError: __init__() missing 2 required positional "
    "arguments: 'doc' and 'pos'\n",
    '  File "/opt/lib/python3.7/site-packages/torch/_utils.py", line 385, in reraise\n'
    "    raise self.exc_type(msg)\nTypeError: function takes exactly 5 arguments (1 given)\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 4, in <module>\n    net = Net()\n'
    "TypeError: __init__() missing 1 required positional argument: 'width'\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a TypeError that reraise itself brought about."""
    for error in trace.errors:
        if trace.place(error) == "reraise" and not error.is_wrapper and says(error, _WORDS):
            found = error_clue(trace, "", error)
            break
    else:
        found_loose = phrase(trace, r"TypeError: (?:\w+\.)?__init__\(\) missing \d+ required")
        seen = any("exc_type(" in frame.code for error in trace.errors for frame in error.frames)
        if found_loose is None or not (seen or trace.find(r"in reraise|exc_type\(msg\)")):
            return None
        found = found_loose
    remedy = Remedy(
        "Run without workers: the real error shows there.",
        (NO_WORKERS, "python -m pip install --upgrade torch"),
    )
    summary = "A worker raised something that torch could not rebuild: what you see is not the error itself."
    return recognised(found, summary, remedy, score=66)
