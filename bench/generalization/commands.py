"""`python -m bench population` and `python -m bench claims`: what the laboratory itself is worth."""

import argparse
import math
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from bench.commands import require_free, write_json
from bench.options import device, from_zero, positive, seconds
from diagnostics.outcomes import INTERRUPTED

QUICK_SEEDS = 8
SMALL_WIDTHS = ((32, 32), (64, 64))
SMALL_DECAYS = 9
DIFFERENCE_ALLOWED = 1e-8  # in double precision; 16 seeds of the quick study came to 2e-10 at most


def add(commands: Any) -> None:
    """Add both commands."""
    population = commands.add_parser(
        "population",
        help="training all models at once against ordinary loops",
        description="Trains the quick study's models, and MLPs with 32 and 64 hidden units, as populations "
        "and as ordinary loops: one after another on one thread, and on all cores with joblib. Prints "
        "seconds, ratios and the largest difference between a member and its loop, in double precision, one "
        "seed of each setting, after 3 epochs. The loops run on the CPU, where networks as small as these "
        f"are faster. Exit code 1: a member differs by {DIFFERENCE_ALLOWED:g} or more, relative.",
    )
    population.add_argument(
        "--loops",
        type=_loops,
        default=60,
        metavar="N",
        help="time about N loops of each kind, two for every core at least, and take each of the others as "
        "the mean of its shape; all leaves nothing to estimate (default %(default)s)",
    )
    population.add_argument(
        "--seeds",
        type=positive,
        default=QUICK_SEEDS,
        metavar="N",
        help="seeds of every setting (default %(default)s)",
    )
    population.add_argument(
        "--device", type=device, default="cpu", help="where the population trains (default: cpu)"
    )
    population.set_defaults(run=compare_population)
    claims = commands.add_parser(
        "claims",
        help="what the studies say of the claims, and whether other seeds say the same",
        description="Trains the studies for several sets of seeds and prints every verdict. A set that "
        "Ctrl-C or the budget cuts off is left out, unless it is the first. Exit code 1: a claim holds with "
        "one set and does not hold with another. What some sets call so and others leave open is told too, "
        "but contradicts nothing.",
    )
    claims.add_argument("--seeds", type=positive, default=16, metavar="N", help="seeds of a set (default 16)")
    claims.add_argument(
        "--first-seed", type=from_zero, default=0, metavar="N", help="first seed of the first set (default 0)"
    )
    claims.add_argument("--sets", type=positive, default=1, metavar="N", help="sets of seeds (default 1)")
    claims.add_argument(
        "--data", default="digits", metavar="DATA", help="as in pytest bench (default digits)"
    )
    claims.add_argument("--device", type=device, default="cpu", help="where networks train (default: cpu)")
    claims.add_argument("--full", action="store_true", help="all settings rather than a cut of each study")
    claims.add_argument("--budget", type=seconds, metavar="S", help="stop training after so many seconds")
    claims.set_defaults(run=judge_claims)


def compare_population(arguments: argparse.Namespace) -> int:
    """Print how long the same models take in three ways."""
    from bench.generalization.setting import Setting
    from bench.generalization.speed import measure
    from bench.generalization.studies import PLAIN, settings

    require_free(arguments.device)
    small = {
        f"MLPs of {widths[0]} units": [
            Setting(f"{decay}", widths=widths, weight_decay=float(decay), label_noise=PLAIN.label_noise)
            for decay in range(SMALL_DECAYS)
        ]
        for widths in SMALL_WIDTHS
    }
    kinds = {"the quick study": settings(is_full=False), **small}
    print(
        f"{'models':22} {'number':>6} {'at once':>9} {'one by one':>11} {'ratio':>6} "
        f"{'joblib':>9} {'ratio':>6}  largest difference"
    )
    results: list[Any] = []
    with suppress(KeyboardInterrupt):
        for kind, grid in kinds.items():
            results.append(measure(kind, grid, range(arguments.seeds), arguments.loops, arguments.device))
            _print_speed(results[-1])
    if results:
        print(
            f"at once: {_how(results[0])}; one by one: one thread; "
            f"joblib: {results[0].num_cores} processes of one thread"
        )
    left_out = list(kinds)[len(results) :]
    if left_out:
        print(f"cut off: {', '.join(left_out)} left out")
    document = {"speeds": [one.as_dict() for one in results], "is_complete": not left_out}
    write_json(arguments.json, "population", document)
    if left_out:
        return INTERRUPTED
    return 0 if all(one.largest_difference < DIFFERENCE_ALLOWED for one in results) else 1


def _loops(text: str) -> float:
    """Parse how many loops to time: a whole number from 1, or all."""
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of at least 1, or all")
    return math.inf if text == "all" else positive(text)


def _print_speed(one: Any) -> None:
    print(
        f"{one.kind:22} {one.num_models:6} {one.population_seconds:7.1f} s {one.loop_seconds:9.1f} s "
        f"{one.ratio:6.1f} {one.joblib_seconds:7.1f} s {one.joblib_ratio:6.1f}  "
        f"{one.largest_difference:.1e}",
        flush=True,
    )
    if one.num_loops < one.num_models:
        print(f"{'':22} loops: {one.num_loops} timed, each of the others taken as the mean of its shape")


def _how(one: Any) -> str:
    if one.device == "cpu":
        return f"{one.num_threads} threads"
    if one.replay_problem:
        return f"{one.device}, steps launched one by one ({one.replay_problem})"
    return f"{one.device}, steps replayed as CUDA graphs"


def judge_claims(arguments: argparse.Namespace) -> int:
    """Print every claim's verdict for every set of seeds; 1 if two sets contradict each other."""
    import torch

    from bench.generalization.laboratory import Laboratory
    from bench.generalization.sources import load_data
    from diagnostics.hypotheses import called_by_some, contradictions, judge
    from diagnostics.quantities import counted

    require_free(arguments.device)
    torch.set_num_threads(1)
    data = load_data(arguments.data)
    begun = time.monotonic()
    sets: list[Any] = []
    is_final, stopped = True, None
    try:
        while len(sets) < arguments.sets and not stopped:
            first = arguments.first_seed + len(sets) * arguments.seeds
            seeds = range(first, first + arguments.seeds)
            laboratory = Laboratory(data, seeds, is_full=arguments.full, device=arguments.device)
            stopped = _work(laboratory, f"set {len(sets) + 1} of {arguments.sets}", begun, arguments.budget)
            if laboratory.is_complete or not sets:
                is_final = laboratory.is_complete
                sets.append(judge(laboratory.rows(), is_complete=is_final))
    except KeyboardInterrupt:  # while networks are made, or judged
        if not sets:
            raise
        stopped = "interrupted"
    _print(sets)
    changed, wavering = contradictions(sets), called_by_some(sets)
    counts = Counter(str(one.verdict) for one in sets[0])
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    measured = f"{counted(len(sets), 'set')} of {counted(arguments.seeds, 'seed')}"
    print(f"{measured}, {time.monotonic() - begun:.0f} s; first set: {told}")
    print(f"contradictions between sets: {', '.join(changed) or 'none'}")
    print(f"called so by some sets only: {', '.join(wavering) or 'none'}")
    if not is_final:
        print("cut off: set 1 is unfinished, so that none of its verdicts is final")
    elif len(sets) < arguments.sets:
        finished = f"{len(sets)} of {counted(arguments.sets, 'set')} are finished, and their verdicts final"
        print(f"set {len(sets) + 1} was cut off and is left out: {finished}")
    document = {
        "data": data.name,
        "sets": [[one.as_dict() for one in judged] for judged in sets],
        "sets_asked_for": arguments.sets,
        "is_complete": is_final,
        "contradictions": changed,
        "called_by_some": wavering,
    }
    write_json(arguments.json, "claims", document)
    if stopped == "interrupted":
        return INTERRUPTED
    return 1 if changed else 0


def _work(laboratory: Any, name: str, begun: float, budget: float | None) -> str | None:
    """Do all the work with a bar; return what ended it before, "budget" or "interrupted"."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=1.0)
        try:
            for done in laboratory.work(1.0):
                bar.update(task, completed=done)
                is_late = budget is not None and time.monotonic() - begun > budget
                if is_late and not laboratory.is_complete:
                    return "budget"
        except KeyboardInterrupt:
            return "interrupted"
    return None


def _print(sets: list[Any]) -> None:
    for judged in zip(*sets, strict=True):
        first = judged[0]
        verdicts = " / ".join(str(one.verdict) for one in judged)
        print(f"{verdicts:24} {first.claim.sentence}")
        for one in (part for claim in judged for part in claim.parts if part.effect.num_values):
            name = f"{one.part.name}: {one.verdict}, " if one.part.name else ""
            lost = f", {one.num_lost} could not be told" if one.num_lost else ""
            print(
                f"{'':24} {name}{one.effect.estimate:+.3f} [{one.effect.low:+.3f}, {one.effect.high:+.3f}] "
                f"{one.part.unit}, {one.effect.num_values} seeds{lost}"
            )
