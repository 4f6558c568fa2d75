"""`python -m diagnostics COMMAND`: finds the commands in `diagnostics/commands/` and runs one."""

import argparse
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from diagnostics import commands
from diagnostics.documents import check_path
from diagnostics.ending import ended

DEFAULT_COMMAND = "machine"


def find_commands() -> list[ModuleType]:
    """Return the modules in `diagnostics/commands/`, by name."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(commands.__path__))
    return [import_module(f"{commands.__name__}.{name}") for name in names]


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m diagnostics",
        description="What slows or breaks DataLoaders here. Without a command: machine (see machine --help).",
        epilog="Exit codes: 0 nothing found, 1 findings at --fail-on or above, 2 wrong usage, 3 our fault.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in find_commands():
        command = module.add(subparsers)
        command.set_defaults(run=module.run)
        command.add_argument(
            "--json", metavar="FILE", help="write a JSON document as well; - for stdout only"
        )
    return parser


def with_command(arguments: Sequence[str]) -> list[str]:
    """Put the default command in front where the arguments start with an option or are none."""
    first = arguments[0] if arguments else "--quick"
    if not arguments or (first.startswith("-") and first not in {"-h", "--help"}):
        return [DEFAULT_COMMAND, *arguments]
    return list(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""

    def run() -> int:
        options = make_parser().parse_args(with_command(sys.argv[1:] if arguments is None else arguments))
        check_path(options.json, "--json")
        code: int = options.run(options)
        return code

    return ended("python -m diagnostics", run)


if __name__ == "__main__":
    sys.exit(main())
