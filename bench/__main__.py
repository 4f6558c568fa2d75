"""What the suite itself is worth here: `python -m bench check-overhead`."""

import argparse
import json
import sys
from pathlib import Path

from bench.options import counts, positive


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 well, 1 a figure is off, 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    try:
        return check_overhead(arguments.workers, arguments.pairs, arguments.json)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    overhead = commands.add_parser(
        "check-overhead",
        help="compare the throughput figure with a plain loop over the same DataLoader",
        description="Alternates the suite's measurement with a plain loop over the same DataLoader and "
        "prints the ratio. Exit code 1: the whole interval of a ratio lies beyond 5 %.",
    )
    overhead.add_argument("--workers", type=counts, default=(0, 2), metavar="0,2", help="worker counts")
    overhead.add_argument("--pairs", type=positive, default=7, metavar="N", help="pairs of measurements each")
    overhead.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON too")
    return parser


def check_overhead(num_workers: tuple[int, ...], num_pairs: int, json_path: Path | None) -> int:
    """Print the figure over the plain loop for each configuration; 1 if one is off by more than 5 %."""
    from bench.overhead import compare_with_plain_loops

    print(
        f"{'workload':9} {'workers':>7} {'start':>11} {'plain loop':>14}   the suite's figure over it (95 %)"
    )
    agreements = []
    for one in compare_with_plain_loops(num_workers, num_pairs):
        agreements.append(one)
        print(
            f"{one.params['workload']:9} {one.params['num_workers']:7} {one.params['start_method']:>11} "
            f"{one.samples_per_second:10,.0f}/s   {one.ratio.estimate:.3f}  "
            f"[{one.ratio.low:.3f}, {one.ratio.high:.3f}]{'' if one.agrees else '  off by more than 5 %'}",
            flush=True,
        )
    if json_path is not None:
        document = {
            "schema": 1,
            "command": "check-overhead",
            "agreements": [one.as_dict() for one in agreements],
        }
        try:
            json_path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        except OSError as error:
            print(f"{json_path}: cannot be written ({error.strerror})", file=sys.stderr)
            return 2
    return 0 if all(one.agrees for one in agreements) else 1


if __name__ == "__main__":
    sys.exit(main())
