"""What `python -m diagnostics tune` is worth: its setting and its cost, beside a grid and the usual rules.

The grid's best would be flattered by luck, being the largest of many. So all settings that are compared, the
three best of the grid among them, are measured again at the end, in turns.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import tuner_workloads
from bench.commands import CommandError, write_json
from bench.host import environment
from bench.options import seconds
from bench.tuner_grid import Setting
from bench.user_data import is_user_data
from diagnostics.children import Outcome, run_child
from diagnostics.intervals import Interval, geometric_interval

MOST_SECONDS = 1800.0  # for a grid over very slow samples
GOAL_FRACTION, GOAL_TRIALS, GOAL_TIME = 0.97, 5, 0.25


@dataclass(frozen=True)
class Choice:
    """What one method chose for one workload.

    Attributes
    ----------
    fraction : Interval
        Of the best setting's throughput, measured in turns with it.
    num_trials, seconds : int, float
        What the method needs; rules without measuring need none.
    """

    method: str
    setting: Setting
    num_trials: int
    seconds: float
    fraction: Interval = field(default_factory=lambda: Interval(1.0, 1.0, 1.0, 0))

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "method": self.method,
            "arguments": self.setting.arguments(),
            "trials": self.num_trials,
            "seconds": self.seconds,
            "fraction": self.fraction.as_dict(),
        }


@dataclass(frozen=True)
class Row:
    """One workload: what each method chose, the grid's best first."""

    workload: str
    choices: list[Choice]

    def choice(self, method: str) -> Choice:
        """Return what one method chose."""
        return next(one for one in self.choices if one.method == method)

    @property
    def verdict(self) -> str:
        """Whether tuning is as good and as cheap as it is to be: reached, unsure (too noisy) or missed."""
        tuned, grid = self.choice("tune"), self.choice("grid")
        is_cheap = tuned.num_trials <= GOAL_TRIALS and tuned.seconds <= GOAL_TIME * grid.seconds
        if is_cheap and tuned.fraction.estimate >= GOAL_FRACTION:
            return "reached"
        return "unsure" if is_cheap and tuned.fraction.high >= GOAL_FRACTION else "missed"

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "workload": self.workload,
            "verdict": self.verdict,
            "choices": [one.as_dict() for one in self.choices],
        }


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("tuner", help="what tuning is worth, beside a grid and the usual rules")
    parser.description = (
        "Tunes datasets that differ in what bounds them, measures every setting of a grid, and prints which "
        "fraction of the best each method reaches, in how many trials and seconds. Exit code 1: tuning "
        f"stays below {GOAL_FRACTION:.0%}, or needs more than {GOAL_TRIALS} trials or {GOAL_TIME:.0%} of the "
        "grid's time."
    )
    parser.add_argument(
        "--workloads",
        nargs="+",
        default=list(tuner_workloads.NAMES),
        metavar="NAME",
        help=f"any of {', '.join(tuner_workloads.NAMES)}, or FILE.py:NAME; default: all",
    )
    parser.add_argument(
        "--budget",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds to spend on each tuning, default %(default)g",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the orders, default 0")
    parser.set_defaults(run=compare)


def target_of(workload: str) -> str:
    """Return a workload as FILE.py:NAME.

    Raises
    ------
    CommandError
        There is no workload of that name.
    """
    if is_user_data(workload):
        return workload
    if workload not in tuner_workloads.NAMES:
        raise CommandError(
            f"there is no workload {workload!r}: {', '.join(tuner_workloads.NAMES)}, or FILE.py:NAME"
        )
    return f"{Path(tuner_workloads.__file__)}:{workload}"


def _run(module: str, *words: str) -> Outcome:
    """Run a module in a process of its own, of which nothing is left, also when we are interrupted."""
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as folder:  # what a kill would leave
        return run_child(
            [sys.executable, "-m", module, *words], MOST_SECONDS, {**environment(), "TMPDIR": folder}
        )


def tune(target: str, budget_seconds: float) -> tuple[dict[str, Any], float]:
    """Run the command as a user would; return its document and how long it took, interpreter included.

    Raises
    ------
    CommandError
        The data cannot be tuned.
    """
    begun = perf_counter()
    outcome = _run("diagnostics", "tune", "--json", "-", "--budget", f"{budget_seconds}", target)
    spent = perf_counter() - begun
    told = _document(outcome, outcome.stdout)
    if not told.get("recommended"):
        summaries = [finding["summary"] for finding in told["findings"]]
        raise CommandError(f"{target} could not be tuned: {' '.join(summaries[:1])}")
    return told, spent


def _document(outcome: Outcome, text: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        last = (outcome.stderr.strip().splitlines() or ["no answer"])[-1]
        raise CommandError(f"the measuring process failed: {last}") from None
    return told


def row_of(workload: str, budget_seconds: float, seed: int) -> Row:
    """Tune, measure the grid, then all that was chosen in turns."""
    target = target_of(workload)
    told, spent = tune(target, budget_seconds)
    chosen = Setting.of(told["recommended"])
    outcome = _run("bench.tuner_grid", target, json.dumps(asdict(chosen)), f"{seed}")
    measured = _document(outcome, outcome.stdout.strip().rpartition("\n")[2])  # the data may print too
    rates = {Setting(**one["setting"]): one["rates"] for one in measured["rates"]}
    finalists = [Setting(**one) for one in measured["finalists"]]
    best = max(finalists, key=lambda one: geometric_interval(rates[one]).estimate)
    by_rule = [(one["name"], Setting(**one["setting"]), one["trials"]) for one in measured["rules"]]
    return Row(
        workload,
        [
            Choice("grid", best, measured["num_trials"], measured["seconds"]),
            Choice("tune", chosen, len(told["trials"]), spent, fraction(rates, chosen, finalists)),
            *(
                Choice(name, one, trials, nan, fraction(rates, one, finalists))
                for name, one, trials in by_rule
            ),
        ],
    )


def fraction(
    rates: Mapping[Setting, Sequence[float]], setting: Setting, finalists: Sequence[Setting]
) -> Interval:
    """Return a setting's share of the throughput of the best finalist.

    Which one is the best is told by the other half of the turns: the largest of several measurements, told by
    themselves, is a lucky one.

    Parameters
    ----------
    rates : mapping from setting to sequence of float, shape (num_turns,)
        Samples per second, measured in turns.
    """
    ratios: list[float] = []
    for half in (0, 1):
        others = {one: geometric_interval(rates[one][1 - half :: 2]).estimate for one in finalists}
        best = max(others, key=lambda one: others[one])
        pairs = zip(rates[setting][half::2], rates[best][half::2], strict=True)
        ratios += [own / of_best for own, of_best in pairs]
    return geometric_interval(ratios)


def lines(row: Row) -> Iterator[str]:
    """Yield the table of one workload."""
    yield f"{row.workload}: goal {row.verdict}"
    for one in row.choices:
        took = f"{one.seconds:6.1f} s" if isfinite(one.seconds) else " " * 8
        trials = f"{one.num_trials:3} trials" if one.num_trials else " " * 10
        between = "" if one.method == "grid" else f"  [{one.fraction.low:.2f}, {one.fraction.high:.2f}]"
        yield (
            f"  {one.method:<10} {one.fraction.estimate:5.2f} of the best{between:<14}  {trials} {took}  "
            f"{one.setting.name}"
        )


def compare(arguments: argparse.Namespace) -> int:
    """Print each workload's table; 1 where tuning misses its goal."""
    for workload in arguments.workloads:
        target_of(workload)
    found = []
    for workload in arguments.workloads:
        print(f"{workload}: tuning, then a grid of one to two minutes", file=sys.stderr)
        found.append(row_of(workload, arguments.budget, arguments.seed))
        print("\n".join(lines(found[-1])), flush=True)
    verdicts = [row.verdict for row in found]
    goal = f"{GOAL_FRACTION:.0%} of the best in {GOAL_TRIALS} trials and {GOAL_TIME:.0%} of the grid's time"
    print(", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts)) + f": {goal}")
    write_json(arguments.json, "tuner", {"workloads": [row.as_dict() for row in found]})
    return 1 if "missed" in verdicts else 0
