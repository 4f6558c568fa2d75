"""The commands: `python -m diagnostics [machine | list | explain]`."""

import argparse
import difflib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from diagnostics.findings import Finding
    from diagnostics.judge import Check

NOTHING_FOUND, FOUND, WRONG_USAGE, OUR_FAULT = 0, 1, 2, 3
INTERRUPTED, PIPE_CLOSED, TERMINATED = 130, 141, 143  # 128 plus the signal, as shells have it
DEFAULT_COMMAND = "machine"
SCHEMA = 1


class UsageError(Exception):
    """What the user asked for cannot be done; the message is one sentence with what to do."""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m diagnostics",
        description="What slows or breaks DataLoaders here. Without a command: machine (see machine --help).",
        epilog="Exit codes: 0 nothing found, 1 findings at --fail-on or above, 2 wrong usage, 3 our fault.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    machine = commands.add_parser("machine", help="facts, live trials and findings for this machine")
    machine.add_argument("--quick", action="store_true", help="no trials: passive facts only, under a second")
    machine.add_argument(
        "--python", metavar="PATH", default=sys.executable, help="whose torch the trials run"
    )
    machine.add_argument("--include-private", action="store_true", help="keep host and user name")
    machine.add_argument("--fail-on", choices=("warn", "fail", "never"), default="fail", help="default: fail")
    machine.set_defaults(run=run_machine)
    listing = commands.add_parser("list", help="every diagnosis: code, slug, one line")
    listing.set_defaults(run=run_list)
    explain = commands.add_parser("explain", help="the page of a diagnosis")
    explain.add_argument("name", metavar="CODE", help="a code or slug: MC101, cpu-quota-ignored")
    explain.set_defaults(run=run_explain)
    for command in (machine, listing, explain):
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


def make_console(stream: TextIO) -> "Console":
    """Return a console for a stream: plain with NO_COLOR and in pipes, never stopped by an encoding."""
    from rich.console import Console

    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )


def print_lines(console: "Console", lines: Iterable["Text"]) -> None:
    """Print lines as they are, in ASCII where the stream's encoding lacks our glyphs."""
    from diagnostics.terminal import ASCII, GLYPHS

    try:
        "".join(GLYPHS.values()).encode(console.encoding)
        is_ascii = False
    except (UnicodeEncodeError, LookupError):
        is_ascii = True
    for line in lines:
        if is_ascii:
            line.plain = line.plain.translate(ASCII)
        console.print(line, soft_wrap=True)


def check_json_path(name: str | None) -> None:
    """Refuse a path that cannot be written before anything is measured."""
    if name is None or name == "-":
        return
    path = Path(name)
    target = path if path.exists() else path.parent
    if path.is_dir() or not target.exists() or not os.access(target, os.W_OK):
        raise UsageError(f"--json {name} cannot be written; name a file in a folder that you may write to.")


def write_document(name: str | None, command: str, findings: Sequence["Finding"], **parts: Any) -> bool:
    """Write the JSON document of a command; return whether stdout is taken by it."""
    if name is None:
        return False
    document = {
        "schema": SCHEMA,
        "command": command,
        "findings": [each.as_dict() for each in findings],
        **parts,
    }
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    if name == "-":
        sys.stdout.write(text)
        return True
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--json {name} cannot be written ({error.strerror}); name another file.") from None
    return False


def run_machine(options: argparse.Namespace) -> int:
    """Gather, judge, print."""
    from diagnostics.facts import as_document
    from diagnostics.gather import gather
    from diagnostics.judge import judge
    from diagnostics.terminal import report_lines

    if not options.quick and shutil.which(options.python) is None:
        raise UsageError(
            f"--python {options.python} is no program; name a Python interpreter, or use --quick."
        )
    messages = make_console(sys.stderr)
    waiting = "Reading the machine" + ("" if options.quick else " and running trials, for about 8 s")
    with messages.status(waiting) if messages.is_terminal else nullcontext():
        gathered = gather(quick=options.quick, python=options.python, include_private=options.include_private)
        findings = judge(gathered.facts)
    for note in gathered.notes:
        messages.print(f"note: {note}", soft_wrap=True)
    parts = {"facts": as_document(gathered.facts), "notes": gathered.notes}
    if not write_document(options.json, "machine", findings, **parts):
        console = make_console(sys.stdout)
        print_lines(console, report_lines(gathered.facts, findings, console.width))
    return exit_code(findings, options.fail_on)


def exit_code(findings: Sequence["Finding"], fail_on: str) -> int:
    """Return 3 where a check crashed, 1 where a finding reaches `fail_on`, else 0."""
    statuses = {str(finding.status) for finding in findings}
    counted = {"never": set(), "fail": {"fail"}, "warn": {"fail", "warn"}}[fail_on]
    if "crashed" in statuses:
        return OUR_FAULT
    return FOUND if statuses & counted else NOTHING_FOUND


def run_list(options: argparse.Namespace) -> int:
    """Print every check."""
    from diagnostics.judge import find_checks
    from diagnostics.terminal import list_lines

    checks = find_checks()
    rows = [{"code": check.code, "slug": check.slug, "title": check.title} for check in checks]
    if not write_document(options.json, "list", [], checks=rows):
        print_lines(make_console(sys.stdout), list_lines(checks))
    return NOTHING_FOUND


def find_check(name: str) -> "Check":
    """Return the check of that code or slug, in any case; the close ones are named where there is none."""
    from diagnostics.judge import find_checks

    by_name = {key.lower(): check for check in find_checks() for key in (check.code, check.slug)}
    wanted = name.lower().replace("_", "-")
    if wanted in by_name:
        return by_name[wanted]
    close = difflib.get_close_matches(wanted, by_name, n=3)
    names = [by_name[key].code if key == by_name[key].code.lower() else key for key in close]
    hint = f" (did you mean {' or '.join(names)}?)" if names else ""
    raise UsageError(f"There is no diagnosis {name!r}{hint}; all of them: python -m diagnostics list")


def run_explain(options: argparse.Namespace) -> int:
    """Print the page of a diagnosis."""
    from diagnostics.terminal import page_lines

    check = find_check(options.name)
    sections = [{"heading": heading, "text": text} for heading, text in check.sections.items()]
    page = {"code": check.code, "slug": check.slug, "title": check.title, "sections": sections}
    if not write_document(options.json, "explain", [], page=page):
        print_lines(make_console(sys.stdout), page_lines(check))
    return NOTHING_FOUND


def _terminated(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush finds no broken pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; no traceback but for a fault of ours."""
    options = make_parser().parse_args(with_command(sys.argv[1:] if arguments is None else arguments))
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminated)
    try:
        check_json_path(options.json)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"python -m diagnostics: {error}", file=sys.stderr)
        return WRONG_USAGE
    except BrokenPipeError:
        _close_stdout()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:
        traceback.print_exc()
        print(
            "python -m diagnostics: this is a fault of torch-checkup; please report the lines above.",
            file=sys.stderr,
        )
        return OUR_FAULT


if __name__ == "__main__":
    sys.exit(main())
