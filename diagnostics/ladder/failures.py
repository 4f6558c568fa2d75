"""What went wrong with the user's data, as findings."""

import re

from diagnostics.facts import Fact
from diagnostics.findings import Finding, Remedy, Status
from diagnostics.judge import find_checks, judge_one
from diagnostics.ladder.laboratory import FailedError
from diagnostics.quantities import format_quantity
from diagnostics.traces.explaining import explain_log
from diagnostics.watch.stacks import innermost

_OURS = re.compile(
    r'^[| ]*File "[^"\n]*torch_checkup_lab[^"\n]*", line .*\n(?:^[| ]{4,}.*\n)*?(?=^\S|^ *File )', re.M
)
_LAUNCHER = re.compile(r'^ *File "<string>", line \d+, in <module>\n', re.M)
_HEAD = r"(?m)^(?=(?:Current thread|Thread|Stack) )"
_WORKER = re.compile(r" in (?:_worker_loop|spawn_main)$", re.M)
_IDLE = re.compile(r'queues\.py", line \d+ in get\n.* in _worker_loop$', re.M)
_LOADER = re.compile(r"[\\/]torch[\\/]utils[\\/]data[\\/]dataloader\.py\"")
LONGER = 5  # times the wait that was too short


def users_log(log: str) -> str:
    """Return a log without the frames of the child: they are not the user's."""
    return _LAUNCHER.sub("", _OURS.sub("", log))


def findings_of(failed: FailedError) -> list[Finding]:
    """Return the diagnosis, the primary cause first; never an empty list."""
    if not failed.hang_seconds:
        return explain_log(users_log(failed.log))
    main, workers = _main_and_workers(failed.stacks)
    is_step = failed.doing == "step" and bool(main) and not _LOADER.search(main)
    if failed.doing == "load" or is_step:
        return [_unended(failed, innermost(_without_frames(main)))]
    facts = {
        "run.hang_seconds": Fact(failed.hang_seconds, "seconds", "no sign of life"),
        "run.hang_is_of_worker": Fact(bool(workers), "", "what was measured"),
        "run.hang_place": Fact(innermost(_standing(main, workers)), "", "faulthandler"),
    }
    return [judge_one(check, facts) for check in find_checks() if check.slug == "hang-in-worker"]


def _unended(failed: FailedError, place: str) -> Finding:
    """Return the finding of a step, or of a file's import, that has not ended: it may only be slow."""
    (check,) = (each for each in find_checks() if each.slug == "not-dataloader")
    what = "Loading your file" if failed.doing == "load" else "Your step"
    waited = format_quantity(failed.hang_seconds, "seconds")
    return Finding(
        check.code,
        check.slug,
        Status.FAIL,
        check.title,
        f"{what} has not ended after {waited}{f'; it stands at {place}' if place else ''}.",
        (f"{waited} without an end",),
        Remedy(
            "If it is slow and not stuck, as a compilation or a download is, wait longer for it.",
            (f"--hang-after {LONGER * failed.hang_seconds:g}",),
        ),
    )


def _main_and_workers(stacks: str) -> tuple[str, list[str]]:
    """Return the main process' stack, "" where it did not answer, and those of its workers."""
    each = [one for one in re.split(_HEAD, stacks) if re.match(_HEAD, one)]
    main = [one for one in each if not _WORKER.search(one)][:1]
    return "".join(main), [one for one in each if one not in main]


def _standing(main: str, workers: list[str]) -> str:
    """Return the stack that holds all up: of a worker that has work, else of the main process."""
    busy = [one for one in workers if "instruments.py" in one]
    busy = busy or [one for one in workers if not _IDLE.search(one)]
    return _without_frames((busy or [main])[-1])


def _without_frames(stack: str) -> str:
    own = ("torch_checkup_lab", 'File "<string>"')
    return "".join(line for line in stack.splitlines(True) if not any(name in line for name in own))
