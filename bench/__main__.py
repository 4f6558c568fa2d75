"""What the suite is worth here, and A against B: `python -m bench {ab, calibrate, check-overhead, …}`."""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from pathlib import Path

from diagnostics.documents import check_path
from diagnostics.ending import ended, say
from diagnostics.outcomes import INTERRUPTED, WRONG_USAGE, UsageError, not_installed

ENDS_AT_ONCE = __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler
if ENDS_AT_ONCE:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # imports take seconds, and libraries catch what ends them
try:
    from bench import ab, calibration, calibration_file, probe_cost, trials, tuner
    from bench.alternation import log_ratio_in_fresh_process
    from bench.ceilings import print_ceilings
    from bench.commands import STDOUT, CommandError, print_comparisons, stdout_left_to, write_json
    from bench.contrasts import SettingError, contrast_all, parse_settings
    from bench.generalization import commands as laboratory
    from bench.host import environment
    from bench.options import counts, devices, positive, seconds
    from bench.overhead import compare_with_plain_loops
    from bench.process_pairs import ProcessPairs, Side, revision
    from bench.process_tree import interrupted_by_signals
    from bench.user_data import UserDataError
    from diagnostics import calibrations
    from diagnostics.resolution import too_noisy
except ModuleNotFoundError as error:
    if __name__ != "__main__":
        raise
    sys.exit(not_installed("python -m bench", error))
if ENDS_AT_ONCE:
    signal.signal(signal.SIGINT, signal.default_int_handler)

WHY_STOPPED = {
    "settled": "everything is settled",
    "budget": "the budget is spent",
    "units": "a run may have no more units",
    "interrupted": "it was interrupted",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 well, 1 something is off, 2 wrong usage."""

    def run() -> int:
        arguments = _parser().parse_args(argv)
        try:
            for option in ("json", "output"):
                check_path(getattr(arguments, option, None), f"--{option}")
            with interrupted_by_signals(), stdout_left_to(arguments.json):
                code: int = arguments.run(arguments)
                return code
        except (UsageError, CommandError, SettingError, UserDataError) as error:
            say(f"python -m bench {arguments.command}: {error}")
            return WRONG_USAGE

    return ended("python -m bench", run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_ab(commands.add_parser("ab", help="compare two settings, environments, interpreters or revisions"))
    overhead = commands.add_parser(
        "check-overhead",
        help="compare the throughput figure with a plain loop over the same DataLoader",
        description="Alternates the suite's measurement with a plain loop over the same DataLoader and "
        "prints the ratio. Exit code 1: the whole interval of a ratio lies beyond 5 %.",
    )
    overhead.add_argument(
        "--workers", type=counts, default=(0, 2), metavar="0,2", help="worker counts, default 0,2"
    )
    overhead.add_argument(
        "--pairs", type=positive, default=20, metavar="N", help="pairs of turns per configuration, default 20"
    )
    overhead.set_defaults(run=check_overhead)
    _add_calibrate(
        commands.add_parser("calibrate", help="how often verdicts are wrong here, beside other tools' rules")
    )
    _add_probe(commands.add_parser("probe", help="what the probe of `python -m diagnostics run` costs"))
    laboratory.add(commands)
    tuner.add(commands)
    _add_ceilings(
        commands.add_parser(
            "ceilings", help="what memory, arithmetic and link come to, beside what is published"
        )
    )
    for command in commands.choices.values():
        command.add_argument(
            "--json", type=Path, metavar="FILE", help="write the result as JSON too; - for stdout only"
        )
    return parser


def _add_ab(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Two settings of one code (--a, --b) alternate value by value inside fresh processes. Two "
        "environments, interpreters or revisions run as whole processes in turns, A B B A."
    )
    parser.add_argument(
        "target",
        nargs="+",
        metavar="TARGET",
        help="a benchmark function or one of its rows (bench_dropout_step, 'bench_dropout_step[cpu]'), or "
        "your own Dataset or DataLoader as FILE.py:NAME",
    )
    for side in ("a", "b"):
        parser.add_argument(f"--{side}", default="", metavar="KEY=VALUE,…", help=f"settings of side {side}")
    for side in ("a", "b"):
        parser.add_argument(
            f"--env-{side}",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"environment variable of side {side}",
        )
        parser.add_argument(
            f"--python-{side}", default=sys.executable, metavar="PATH", help=f"interpreter of side {side}"
        )
        parser.add_argument(f"--rev-{side}", metavar="REV", help=f"git revision of side {side}")
    parser.add_argument(
        "--budget", type=seconds, default=60.0, metavar="S", help="seconds to spend, default %(default)g"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="repeat the orders of an earlier run")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the result as a page too")
    parser.add_argument(
        "--hang-after",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds after which a process counts as hung, default %(default)g",
    )
    parser.set_defaults(run=compare_sides)


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compares identical work, and work with 2, 5, 10 and 20 % more planted, by both designs of ab and by "
        "saved runs, and prints how often each rule claims a difference. Takes about 50 minutes by default. "
        "Ctrl-C prints what is known; --resume goes on. The table is kept in .calibration.json and quoted by "
        "later verdicts, the measurements beside it in .calibration.jsonl."
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=trials.PARTS,
        default=list(trials.PARTS),
        help="which designs, default all",
    )
    for option, field, what in (
        ("--identical", "num_identical", "alternated comparisons of identical work"),
        ("--planted", "num_planted", "alternated comparisons of each planted share"),
        ("--process-comparisons", "num_processes", "comparisons by pairs of processes"),
        ("--runs", "num_runs", "saved runs of the suite"),
        ("--passes", "num_passes", "passes of each saved run"),
    ):
        default = getattr(trials.Extent, field)
        parser.add_argument(
            option, dest=field, type=positive, default=default, metavar="N", help=f"{what}, default {default}"
        )
    for option, field, what in (
        ("--seconds", "seconds", "seconds of an alternated comparison"),
        ("--process-seconds", "process_seconds", "seconds of a comparison by pairs of processes"),
    ):
        default = getattr(trials.Extent, field)
        parser.add_argument(
            option,
            dest=field,
            type=seconds,
            default=default,
            metavar="S",
            help=f"{what}, default {default:g}",
        )
    parser.add_argument("--resume", action="store_true", help="go on where an earlier calibration stopped")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the orders, default 0")
    parser.set_defaults(run=calibrate)


def _add_probe(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Reads loaders with and without the probe, alternated in random order inside fresh processes, and "
        "prints the ratio of their times: in a loop that trains a linear model, the least that any training "
        "does, and in one that throws batches away. Exit code 1: the whole interval of a training's ratio "
        "lies above 2 %."
    )
    parser.add_argument(
        "--workloads",
        nargs="+",
        default=["tiny", "image"],
        metavar="NAME",
        help="workloads of the suite, or FILE.py:NAME; default: tiny image",
    )
    parser.add_argument(
        "--workers", type=counts, default=(0, 2), metavar="0,2", help="worker counts, default 0,2"
    )
    parser.add_argument(
        "--budget", type=seconds, default=60.0, metavar="S", help="seconds to spend, default %(default)g"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the orders, default 0")
    parser.set_defaults(run=probe_cost.compare)


def _add_ceilings(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Copies, multiplies matrices and, on a GPU, moves pinned memory, and prints the rates beside the "
        "maker's where they are known. Exit code 1: a figure is not plausible."
    )
    parser.add_argument(
        "--devices",
        type=devices,
        default=("cpu", "cuda"),
        metavar="cpu,cuda",
        help="devices, default cpu,cuda",
    )
    parser.set_defaults(run=print_ceilings)


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure what is still missing, then print the share of claims of every rule for every planted share."""
    path = arguments.json or calibrations.PATH
    extent = trials.Extent(**{one.name: getattr(arguments, one.name) for one in fields(trials.Extent)})
    kept = calibrations.PATH if path == STDOUT else path
    journal = calibration_file.Journal(kept.with_suffix(".jsonl"), is_resumed=arguments.resume)
    try:
        for part in arguments.parts:
            for measure in trials.missing(part, extent, journal.trials, arguments.seed):
                journal.add(measure())
                print(f"measured: {calibration.counted(journal.trials)}", file=sys.stderr)
    finally:
        rows = list(calibration.rows(journal.trials))
        print(calibration.table(rows), flush=True)
        write_json(path, "calibrate", calibration_file.parts([row.as_dict() for row in rows]))
    return 0


def compare_sides(arguments: argparse.Namespace) -> int:
    """Run A against B and print each ratio with its verdict."""
    contrasts = contrast_all(arguments.target, parse_settings(arguments.a), parse_settings(arguments.b))
    for python in (arguments.python_a, arguments.python_b):
        if shutil.which(python) is None:
            raise SettingError(f"{python}: expected a Python interpreter, such as {sys.executable}")
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    with ExitStack() as stack:
        whole = _differs(arguments)
        measure: ab.Unit
        if whole:
            a, b = (
                Side(
                    getattr(arguments, f"python_{side}"),
                    _variables(getattr(arguments, f"env_{side}")),
                    stack.enter_context(revision(getattr(arguments, f"rev_{side}"))),
                )
                for side in ("a", "b")
            )
            measure = ProcessPairs(a, b, arguments.hang_after).log_ratio
        else:
            measure = partial(log_ratio_in_fresh_process, limit_seconds=arguments.hang_after)
        unit = "pairs of processes" if whole else "processes"
        result = ab.run(contrasts, measure, budget_seconds=arguments.budget, seed=seed, unit=unit)
    print_comparisons(result.comparisons)
    for name, reason in result.failures.items():
        print(f"{name}\n  {reason}")
    if noise := too_noisy(result.comparisons, unit):
        print(noise)
    print(f"{result.seconds:.0f} s, stopped because {WHY_STOPPED[result.stopped]}; --seed {seed}")
    design = "processes" if whole else "alternated"
    if quoted := calibrations.quote(calibrations.read(), design, "ab", calibration_file.machine()):
        print(quoted)
    parts = {
        "design": unit,
        **{side: _described(arguments, side) for side in ("a", "b")},
        "seed": seed,
        "seconds": result.seconds,
        "stopped": result.stopped,
        "failures": result.failures,
        "comparisons": result.as_rows(),
    }
    write_json(arguments.json, "ab", parts)
    if arguments.output is not None:
        _write_page(arguments.output, parts)
    if result.stopped == "interrupted":
        return INTERRUPTED
    return 1 if result.failures else 0


def _described(arguments: argparse.Namespace, side: str) -> str:
    """Tell what a side is, as its options were given; the side's letter where it has none."""
    told = [getattr(arguments, side), *getattr(arguments, f"env_{side}")]
    if revision := getattr(arguments, f"rev_{side}"):
        told.append(f"revision {revision}")
    if (python := getattr(arguments, f"python_{side}")) != sys.executable:
        told.append(Path(python).name)
    return ", ".join(filter(None, told)) or side.upper()


def _write_page(path: Path, parts: dict[str, object]) -> None:
    """Let `reports` draw the page: the rooms meet in a JSON file."""
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as folder:
        document = Path(folder) / "ab.json"
        write_json(document, "ab", parts)
        command = [sys.executable, "-m", "reports", "build", str(document), "-o", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise CommandError((done.stderr.strip().splitlines() or ["the page could not be built"])[-1])
    print(path)


def _differs(arguments: argparse.Namespace) -> bool:
    """Whether the sides differ in what one process cannot have twice."""
    whole = [getattr(arguments, f"{what}_{side}") for what in ("env", "rev") for side in ("a", "b")]
    return any(whole) or arguments.python_a != arguments.python_b


def _variables(pairs: list[str]) -> dict[str, str]:
    variables = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise CommandError(f"{pair!r}: expected NAME=VALUE, such as OMP_NUM_THREADS=1")
        variables[name] = value
    return variables


def check_overhead(arguments: argparse.Namespace) -> int:
    """Print the figure over the plain loop for each configuration; 1 if one is off by more than 5 %."""
    print(
        f"{'workload':9} {'workers':>7} {'start':>11} {'plain loop':>12}   the suite's figure over it (95 %)"
    )
    agreements = []
    for one in compare_with_plain_loops(arguments.workers, arguments.pairs):
        agreements.append(one)
        print(
            f"{one.params['workload']:9} {one.params['num_workers']:7} {one.params['start_method']:>11} "
            f"{one.samples_per_second:10,.0f}/s   {one.ratio.estimate:.3f}  "
            f"[{one.ratio.low:.3f}, {one.ratio.high:.3f}]{'' if one.agrees else '  off by more than 5 %'}",
            flush=True,
        )
    write_json(arguments.json, "check-overhead", {"agreements": [one.as_dict() for one in agreements]})
    return 0 if all(one.agrees for one in agreements) else 1


if __name__ == "__main__":
    sys.exit(main())
