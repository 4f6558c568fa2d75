"""More threads within an operation make small training steps slower here.

What it means
-------------
torch splits one operation over several threads. Here, training steps of a small model took longer with
torch's default number of threads than with one thread, measured in turn on this machine.

Why it matters
--------------
Threads wait for one another at the end of each operation. If a core is not really free (other processes,
steal, a CPU quota, loader workers), all of them wait for the one that was put aside; steps then take
several times as long, and swing.

How to fix
----------
Use fewer threads and measure your own step with each number. `OMP_WAIT_POLICY=PASSIVE` lets waiting threads
sleep rather than spin. Set variables before Python starts.

When it is fine
---------------
Large operations (big matrix products, convolutions on large images) gain from threads where small ones
lose. This measurement speaks for small ones only.

References
----------
PyTorch documentation, "CPU threading and TorchScript inference"; "Performance Tuning Guide".
OpenMP specification, OMP_WAIT_POLICY.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "MC102"
SLUG = "intra-op-oversubscription"
TITLE = "More intra-op threads are slower than one"
_RATIO, _LOW, _HIGH = (f"trial.intra_op_slowdown{side}_ratio" for side in ("", "_low", "_high"))
_COUNT = "trial.intra_op_default_threads_count"
NEEDS = (_COUNT, _RATIO, _LOW, _HIGH)
FIRES = {_COUNT: 2, _RATIO: 9.0, _LOW: 6.1, _HIGH: 13.2}
SILENT = {_COUNT: 8, _RATIO: 0.7, _LOW: 0.62, _HIGH: 0.79}

SLOWDOWN_RATIO = 1.1  # twice the 5 % within which two settings count as the same


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire where the whole interval of the slowdown lies beyond the threshold."""
    threads, ratio, low, high = (facts[key] for key in NEEDS)
    if ratio is None or low is None or high is None:
        return not_applicable("torch uses one thread here: there is nothing to compare.")
    interval = f"{format_quantity(ratio, 'ratio')} (95 % interval {low:.3g} to {high:.3g})"
    if low <= SLOWDOWN_RATIO:
        return ok(
            f"Small training steps with {threads} threads take {interval} the time of one: no clear loss."
        )
    remedy = Remedy(
        "Try one thread, or threads that sleep while they wait, and measure your own training step.",
        ("export OMP_NUM_THREADS=1", "export OMP_WAIT_POLICY=PASSIVE", "torch.set_num_threads(1)"),
    )
    evidence = (f"time with {threads} threads over time with one: {interval}, small MLP, alternated",)
    return warn(f"Small training steps take {interval} the time with {threads} threads.", evidence, remedy)
