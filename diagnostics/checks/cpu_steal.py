"""The host takes CPU time away from this machine.

What it means
-------------
Steal is the time in which this virtual machine wanted to run and its host let others run. It is counted
here as a share of all CPU time in a short window.

Why it matters
--------------
Timings drift with the neighbours: what you measure now is not what you measure in ten minutes. Threads that
wait for one another suffer most, because the slowest of them sets the pace.

How to fix
----------
Move to another machine or another hour, or to an instance type with cores of its own. Compare two settings
only by alternating them, and keep the number of threads below the number of cores.

When it is fine
---------------
For training that only has to finish. A window of 0.2 s is short: look again before you act on a small
number.

References
----------
proc_stat(5), field "steal".
Abedi and Brecht, "Conducting Repeatable Experiments in Highly Variable Cloud Computing Environments",
ICPE 2017.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "MC103"
SLUG = "cpu-steal"
TITLE = "The host takes CPU time away"
NEEDS = ("cpu.steal_fraction",)
FIRES = {"cpu.steal_fraction": 0.08}
SILENT = {"cpu.steal_fraction": 0.004}

# On a 2-core virtual machine with 8 % steal identical runs drifted by 25 %. Up to 5 %, a window of 0.2 s on
# two cores (40 ticks) cannot tell steal from two single ticks.
STEAL_FRACTION = 0.05


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the stolen share with the one that is known to spoil measurements."""
    fraction = facts["cpu.steal_fraction"]
    if fraction is None:
        return not_applicable("This platform does not count steal.")
    share = format_quantity(fraction, "fraction")
    if fraction <= STEAL_FRACTION:
        return ok(f"The host took {share} of the CPU time away: little enough.")
    remedy = Remedy(
        "See whether it lasts, then move to a quieter machine or hour.",
        ("vmstat 1 10   # the column st, in percent",),
    )
    evidence = (f"steal: {share} of all CPU time, against {STEAL_FRACTION:.0%} that is tolerable",)
    return warn(f"The host took {share} of the CPU time away.", evidence, remedy, confidence="likely")
