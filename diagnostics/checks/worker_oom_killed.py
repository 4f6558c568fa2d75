"""The kernel killed a worker: memory was used up.

What it means
-------------
A worker ended by SIGKILL. Unless somebody killed it by hand, the kernel or the container's limit did, since
memory (RAM, not the GPU's) was used up.

Why it matters
--------------
It strikes any worker at any time; the parent's traceback points at whatever line it was in just then.

How to fix
----------
Fewer workers, a smaller prefetch_factor or batch, arrays in place of Python lists in the dataset (a forked
list is copied as it is read), or more memory for the job.

When it is fine
---------------
Never.

References
----------
Linux kernel documentation, cgroup v2, memory.max; PyTorch issue 13246.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import counted
from diagnostics.traces.clues import Recognition, Trace, death, died_by, phrase
from diagnostics.traces.remedies import show_kills

CODE = "DL218"
SLUG = "worker-oom-killed"
TITLE = "A worker was killed for want of memory"
NEEDS = ("run.death_signal_name", "run.deaths_count", "run.oom_kills_count")
FIRES = {"run.death_signal_name": "SIGKILL", "run.deaths_count": 1, "run.oom_kills_count": 1}
SILENT = {"run.death_signal_name": None, "run.deaths_count": 0, "run.oom_kills_count": 0}
_KERNEL = (
    r"(?i)\boom[-_ ]?kill(?:ed|er|\b)|out of memory: killed process \d+|exceeded (?:job |step )?memory limit"
    r"|killed process \d+ \((?:pt_data_worker|python)|task \d+: out of memory|\bOUT_OF_ME(?:MORY)?\b"
)
_RANK = r"exitcode: -9\)|died with <Signals\.SIGKILL|(?:exit code|returned) -9\b"  # as launchers tell it
_WHILE_LOADING = (
    r"(?i)\bload\w* (?:the |all |of )?(?:data|images|samples|cache)|\bcach\w*(?: the)? ?datasets?"
)
LOG_FIRES = (
    "RuntimeError: DataLoader worker (pid 2221) is killed by signal: Killed.\n",
    "Out of memory: Killed process 8812 (pt_data_worker) total-vm:22311528kB, anon-rss:9812204kB\n",
)
LOG_SILENT = ("Epoch 3: 100%\nKilled\n",)


_MORE = Remedy(
    "Give the job more memory, or let workers hold less.",
    (
        "sudo dmesg -T | grep -i -E 'killed process|oom'",
        "DataLoader(..., num_workers=2, prefetch_factor=1)",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Tell a SIGKILL that the kernel's counter confirms from one that anybody may have sent."""
    num_deaths, num_kills = facts["run.deaths_count"], facts["run.oom_kills_count"]
    if facts["run.death_signal_name"] != "SIGKILL":
        return ok(f"No worker was killed by SIGKILL (deaths: {num_deaths}).")
    if num_kills:
        evidence = (f"the control group's oom_kill counter rose by {num_kills}",)
        return fail("The kernel killed a process that loads data: memory was used up.", evidence, _MORE)
    by_kernel = "not counted here" if num_kills is None else "0 of them by the kernel in this control group"
    evidence = (f"{counted(num_deaths or 1, 'death')}, {by_kernel}",)
    summary = (
        "A process that loads data was killed (SIGKILL): by the kernel for want of memory, or by somebody."
    )
    return fail(summary, evidence, _MORE, "possible" if num_kills == 0 else "likely")


def recognise(trace: Trace) -> Recognition | None:
    """Look for a worker's SIGKILL, or for the system's own word for it beside a loader."""
    found = died_by(trace, "Killed") or phrase(trace, r"(?i)killed process \d+ \(pt_data_worker")
    who = "A worker"
    if found is None and trace.mentions_loader:
        found, who = phrase(trace, _KERNEL), "A worker, or the training itself,"
    if found is None and trace.find(_WHILE_LOADING):
        found, who = phrase(trace, _RANK), "The training, while it loaded its data,"
    if found is None:
        return None
    remedy = Remedy(
        "Give the job more memory, or let workers hold less.",
        (*show_kills(trace.platform), "DataLoader(..., num_workers=2, prefetch_factor=1)"),
    )
    summary = f"{who} was killed (SIGKILL): almost always because memory was used up."
    return death(found, summary, remedy, 64)
