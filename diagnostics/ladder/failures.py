"""What went wrong with the user's data, as findings."""

import re

from diagnostics.facts import Fact
from diagnostics.findings import Finding
from diagnostics.judge import find_checks, judge_one
from diagnostics.ladder.laboratory import FailedError
from diagnostics.traces.explaining import explain_log
from diagnostics.watch.stacks import innermost

_OURS = re.compile(
    r'^[| ]*File "[^"\n]*torch_checkup_lab[^"\n]*", line .*\n(?:^[| ]{4,}.*\n)*?(?=^\S|^ *File )', re.M
)
_LAUNCHER = re.compile(r'^ *File "<string>", line \d+, in <module>\n', re.M)


def users_log(log: str) -> str:
    """Return a log without the frames of the child: they are not the user's."""
    return _LAUNCHER.sub("", _OURS.sub("", log))


def findings_of(failed: FailedError) -> list[Finding]:
    """Return the diagnosis, the primary cause first; never an empty list."""
    if not failed.hang_seconds:
        return explain_log(users_log(failed.log))
    facts = {
        "run.hang_seconds": Fact(failed.hang_seconds, "seconds", "no sign of life"),
        "run.hang_place": Fact(innermost(_worker_stack(failed.stacks)), "", "faulthandler"),
    }
    return [judge_one(check, facts) for check in find_checks() if check.slug == "hang-in-worker"]


def _worker_stack(stacks: str) -> str:
    """Return the stack that stands in a sample: a worker's, or the main process' without workers."""
    each = re.split(r"(?m)^(?=(?:Current thread|Thread|Stack) )", stacks)
    busy = [one for one in each if "_worker_loop" in one and "instruments.py" in one]
    busy = busy or [one for one in each if "instruments.py" in one or "sampling.py" in one]
    return _without_frames((busy or each)[-1])


def _without_frames(stack: str) -> str:
    return "".join(line for line in stack.splitlines(keepends=True) if "torch_checkup_lab" not in line)
