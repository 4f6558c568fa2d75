"""Ranks get different numbers of batches.

What it means
-------------
One rank has left its loop, or waits in another collective, while the others still wait for it to take part.
With shards of unequal size, the longest is left alone at the end of the epoch.

Why it matters
--------------
The run stands for half an hour, then NCCL or gloo reports a timeout, or a closed connection, that looks like
a fault of the network.

How to fix
----------
Equal shards (DistributedSampler pads), drop_last=True, the same number of steps on every rank, or DDP's Join.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.distributed.algorithms.Join.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Role,
    Trace,
    has,
    joined,
    phrase,
    phrases,
    recognised,
    says,
    told,
)
from diagnostics.traces.elsewhere import main_failure

CODE = "DL255"
SLUG = "ddp-loader-imbalance"
TITLE = "Ranks get different numbers of batches"
NEEDS = (
    "run.rank_batches_fewest_count",
    "run.rank_batches_most_count",
    "run.collective_failures_count",
)
FIRES = {
    "run.rank_batches_fewest_count": 4,
    "run.rank_batches_most_count": 5,
    "run.collective_failures_count": 2,
}
SILENT = {
    "run.rank_batches_fewest_count": 4,
    "run.rank_batches_most_count": 5,
    "run.collective_failures_count": 0,
}
_CERTAIN = r"at least one rank that exhausted inputs|[Uu]neven (?:inputs|number of batches)"
_TIMEOUT = (
    r"Watchdog caught collective operation timeout|Timed out waiting \d+ms for (?:recv"
    r"|send)|Connection closed by peer|Timed out after \d+ms"
    r"|collective operation timeout|Detected mismatch between collectives"
    r"|ncclCommWatchdog|NCCL [Tt]imeout|monitoredBarrier|Runtime of NCCL|Socket Timeout"
)
_LOST = rf"{_TIMEOUT}|DistBackendError|NCCL|[Pp]rocess group"
_END = (
    r"(?i)\bend of (?:\w+ ){0,2}epochs?\b"
    r"|epoch \d+ (?:finished|done|complete)|finished (?:training|epoch)|last batch"
)
_BAR = r"(\d{1,3})%\|[^%]{0,120}"
_OTHER_BARS = r"(?i)load|map|download|tokeniz|generat|shard|saving|fetch|filter|extract"
_STEP = r"(?i)(?:step|iter(?:ation)?|batch)\D{0,4}(\d{1,7})"
_SHARES = r"(?:batches|samples|utterances|examples|sequences|steps|iterations|inputs|lengths?|data|shards)\b"
_SAYING = (
    rf"(?i)\b(?:(?:different|uneven|unequal|varying) (?:numbers? of |amounts? of )?(?:\w+ )?{_SHARES}"
    rf"|numbers? of {_SHARES}[^.?!]{{0,30}}\b(?:is|are) (?:different|uneven|unequal|not the same)\b)"
    r"[^?!]{0,400}\b(?:hangs?|stuck|waits?|deadlocks?|blocks?|NCCL timeouts?)\b"
)
LOG_FIRES = (
    "Epoch 0: 100%|##########| 313/313 [02:10<00:00]\n[rank0]:[E "
    "ProcessGroupNCCL.cpp:563] [Rank 0] Watchdog caught "
    "collective operation timeout: WorkNCCL(SeqNum=3131, OpType=ALLREDUCE, "
    "Timeout(ms)=1800000) ran for 1800441 ms\n",
    "RuntimeError: Detected at least one rank that exhausted inputs. Throwing across all ranks.\n",
)
LOG_SILENT = (
    "[rank1]: torch.distributed.DistBackendError: NCCL error in: "
    "../ProcessGroupNCCL.cpp:1970, unhandled system error, "
    "NCCL version 2.20.5\nncclSystemError: System call (e.g. socket, malloc) or external "
    "library call failed\n",
)


_EQUAL = Remedy(
    "Give every rank the same number of batches.",
    (
        "DistributedSampler(dataset, drop_last=True)",
        "with Join([model]):  # torch.distributed.algorithms.join",
        "print(rank, len(loader))",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for a rank that has left its loop while another, with more batches, fails in waiting for it."""
    fewest, most = facts["run.rank_batches_fewest_count"], facts["run.rank_batches_most_count"]
    if fewest is None:
        return not_applicable("No two ranks read the same DataLoader.")
    if fewest == most or not facts["run.collective_failures_count"]:
        return ok(f"The ranks had {fewest} and {most} batches, and did not wait for each other in vain.")
    summary = f"One rank ran out of data after {fewest} batches; another went on to its batch number {most}."
    return fail(summary, (f"batches by rank: {fewest} at the end of one loop, {most} in another",), _EQUAL)


def _another_failed(trace: Trace) -> bool:
    """Tell whether a rank failed by itself, so that the others wait for it in vain."""
    error = main_failure(trace)
    return error is not None and trace.place(error) != "collective" and not says(error, _TIMEOUT)


def _full_bar(trace: Trace, timeout: Clue) -> Clue | None:
    """Return the last progress bar before the timeout, if it is a training's and full."""
    before = [bar for bar in phrases(trace, _BAR) if bar.lines[0].number <= timeout.lines[-1].number]
    if not before or before[-1].groups[0] != "100":
        return None
    return None if has(before[-1], _OTHER_BARS) else before[-1]


def _unequal_steps(trace: Trace) -> Clue | None:
    last: dict[str, Clue] = {}
    for clue in phrases(trace, _STEP):
        if "rank" in clue.lines[0].source.lower() or "default" in clue.lines[0].source:
            last[clue.lines[0].source] = clue
    counts = {clue.groups[0] for clue in last.values()}
    return Clue(joined(last.values())) if len(counts) > 1 else None


def _stated(trace: Trace) -> Recognition | None:
    """Find words of ranks whose numbers of batches differ."""
    words = told(
        trace, _SAYING, beside=lambda error: trace.place(error) == "collective" or says(error, _LOST)
    )
    if words is None or not trace.find(r"(?i)\b(?:ranks?|nodes?|gpus?|DDP)\b"):
        return None
    summary = "Ranks are said to have different numbers of batches, and to wait for each other in vain."
    role = Role.CAUSE if trace.find(_TIMEOUT) else Role.STATED
    return recognised(words, summary, _EQUAL, role, 45, "possible")


def recognise(trace: Trace) -> Recognition | None:
    """Look for a collective that waits in vain, beside the end of an epoch or unequal steps."""
    certain, timeout = phrase(trace, _CERTAIN), phrase(trace, _TIMEOUT)
    hint = None
    if timeout is not None:
        hint = phrase(trace, _END) or _full_bar(trace, timeout) or _unequal_steps(trace)
    if certain is None and (hint is None or _another_failed(trace)):
        return _stated(trace)
    found = certain or Clue(joined((hint, timeout)))
    summary = "One rank ran out of batches while another waits for it (a timeout near an epoch's end)."
    return recognised(found, summary, _EQUAL, score=41, confidence="certain" if certain else "possible")
