"""The loop waits for a batch that does not come.

What it means
-------------
The main process waits for its workers, and nothing comes: one is stuck (storage, a lock, an endless loop), or
has died unnoticed, or could not send a sample. Or the main process itself is stuck, in a sampler or a sample.

Why it matters
--------------
Without a timeout the loader waits for ever.

How to fix
----------
Look at the workers while it hangs: `py-spy dump --subprocesses --pid PID`. `timeout=60` turns the hang into
an error; num_workers=0 shows whether the dataset itself hangs.

When it is fine
---------------
Where you stopped a slow but healthy training.

References
----------
py-spy; PyTorch issue 1355.
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
    cut_in,
    error_clue,
    joined,
    phrase,
    raised_in,
    recognised,
    told,
)
from diagnostics.traces.remedies import look_inside
from diagnostics.traces.saying import HANGS, fine_without_workers

CODE = "DL236"
SLUG = "hang-in-worker"
TITLE = "The loop waits for a batch that does not come"
NEEDS = ("run.hang_seconds", "run.hang_place", "run.hang_is_of_worker")
FIRES = {
    "run.hang_seconds": 61.0,
    "run.hang_place": "data.py:12 in __getitem__",
    "run.hang_is_of_worker": True,
}
SILENT = {"run.hang_seconds": 0.0, "run.hang_place": "", "run.hang_is_of_worker": False}
_INTERRUPTS = "^(?:KeyboardInterrupt|Fatal Python error)$"
_DUMP = r"Timeout \(\d+:\d\d:\d\d(?:\.\d+)?\)!|Thread [^\n(]{0,30}\((?:idle|active)"
_LOOPS = ("_try_get_data", "_get_data", "_worker_loop")
LOG_FIRES = (
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1120, in _try_get_data\n'
    "    data = self._data_queue.get(timeout=timeout)\n"
    '  File "/usr/lib/python3.8/selectors.py", line 415, in select\n    fd_event_list = '
    "self._selector.poll(timeout)\n"
    "KeyboardInterrupt\n",
    "Timeout (0:01:00)!\nThread 0x00007f33 (most recent call first):\n"
    '  File "/usr/lib/python3.11/selectors.py", line 415 in select\n'
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1133 in _try_get_data\n'
    '  File "/home/user/train.py", line 20 in <module>\n',
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 44, in '
    "<module>\n    loss.backward()\n"
    '  File "/opt/lib/site-packages/torch/_tensor.py", line 487, in backward\n    '
    "torch.autograd.backward(self)\n"
    "KeyboardInterrupt\n",
)


_WAITS = r"^(?:get|wait|_?poll|select|acquire|_?recv(?:_bytes)?):|_data_queue\.get\("
_STANDS = (
    rf"(?i)(?:{HANGS}|\b(?:freeze|not moving|paused?|(?<!press )ctrl.?c|interrupt|kill(?:ed)? the"
    r"|stop(?:ped)? (?:it|the \w+) (?:manually|by hand))\b)"
)
_LOADING = r"\b(?:data[-_ ]?load(?:er|ing)s?|num[-_ ]?work(?:er)?s?)\b"
_HANGS_IN_LOADER = rf"(?i)(?:{HANGS}[^.?!]{{0,120}}{_LOADING}|{_LOADING}[^.?!]{{0,120}}{HANGS})"
_STOPS = rf"(?:{HANGS}|\b(?:pauses?|stops?|stalls?|halts?)\b)"
_CTRL_C = r"\bctrl ?[-+]? ?c\b(?! to )"
_INTERRUPTED = rf"(?i)(?:{_STOPS}.{{0,600}}?{_CTRL_C}|{_CTRL_C}.{{0,600}}?{_STOPS})"
_LOOK = Remedy(
    "Look at that place; a timeout turns the next such hang into an error.",
    (
        "DataLoader(..., timeout=60)",
        "DataLoader(..., num_workers=0)  # shows whether the dataset hangs alone",
    ),
)
_LOOK_HERE = Remedy(  # no timeout helps where the reader itself is at work
    "Look at that place: what it waits for, or why its loop does not end.",
    ("py-spy dump --locals --pid PID  # of the training, while it hangs",),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for a reader that waits while nothing moves."""
    seconds, place, is_of_worker = (facts[name] for name in NEEDS)
    if not seconds:
        return ok("Batches came all the time: 0 s without any progress.")
    waited = format_quantity(seconds, "seconds")
    where = f" What holds it up stands at {place}." if place else ""
    summary = f"No batch came for {waited}, and nothing moved.{where}"
    return fail(summary, (f"{waited} without progress",), _LOOK if is_of_worker else _LOOK_HERE)


def _dumped(trace: Trace) -> Clue | None:
    dump = phrase(trace, _DUMP)
    if dump is None:
        return None
    texts = [line for line in trace.everything if any(name in line.text for name in _LOOPS)]
    return Clue((*dump.lines[:1], *texts[:2])) if texts else None


def _cut_while_waiting(trace: Trace) -> Clue | None:
    """Find a traceback without its end that stands in the wait for a batch, beside words of standing still.

    The waits of several workers, printed at once, lie between one another.
    """
    found = cut_in(trace, _WAITS, "receive") or cut_in(trace, _WAITS, "receive", anywhere=True)
    is_nameless = found is not None and found.error is not None and not found.error.type
    return found if is_nameless and trace.find(_STANDS) else None


def _interrupted(trace: Trace) -> Clue | None:
    """Find an interrupt whose traceback is cut above the loader, beside words of a hang there."""
    error = trace.raised(lambda error: error.type == "KeyboardInterrupt" and error.is_cut)
    is_above = error is not None and trace.place(error) in {"user", "library", "unknown"}
    return error_clue(trace, "", error) if error and is_above and trace.find(_HANGS_IN_LOADER) else None


def _hangs_with_workers(trace: Trace) -> Clue | None:
    """Find words of a hang that goes away without workers."""
    alone, stands = fine_without_workers(trace), told(trace, rf"(?i){HANGS}")
    return Clue(joined((stands, alone))) if alone and stands else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for an interrupt, or a dump of stacks, at the queue."""
    found = raised_in(trace, "receive", "loader", type_pattern=_INTERRUPTS)
    found = found or _dumped(trace) or _cut_while_waiting(trace) or _interrupted(trace)
    if found is None:
        other = trace.raised(
            lambda error: error.type == "KeyboardInterrupt" and error.in_worker and bool(error.user_frame)
        )
        found = error_clue(trace, "", other) if other else None
    words = None if found else told(trace, _HANGS_IN_LOADER) or _hangs_with_workers(trace)
    if not (found or words) and trace.mentions_loader:
        words = told(trace, _INTERRUPTED)
    found = found or words
    if found is None:
        return None
    remedy = Remedy("Look where the workers stand while it hangs.", look_inside(trace.platform))
    summary = "The main process was waiting for a batch; a worker is stuck or gone."
    if words:
        summary = "Loading is told to hang: a worker may be stuck or gone."
    return recognised(found, summary, remedy, Role.STATED if words else Role.CAUSE, 42, "possible")
