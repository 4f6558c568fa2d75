"""What is said after a run, or while it hangs, as lines of text."""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from diagnostics.findings import Status
from diagnostics.terminal import explanation_lines, finding_lines, hanging
from diagnostics.watch.attribution import calm_line
from diagnostics.watch.diagnosing import Diagnosis
from diagnostics.watch.hangs import Hang
from diagnostics.watch.observing import Observed

HEADING = "torch-checkup"
MOST_STACKS, MOST_NAMES = 4, 8
NAMES, FRAMES = 11, 13  # columns of indent
MORE = "the same in a second run"
NOT_ATTACHED = (
    "the probe reached no Python process (python -S, -I or -E leave it out; so does a TMPDIR without room): "
    "what follows rests on stderr and exit code alone."
)
EXITED = "the program chose its exit code {} itself: no exception left it, and no DataLoader failed."
HIDDEN = "an exception ended the program, though the command's exit code is 0 (a pipe or a shell hides it)."


def stack_lines(hang: Hang, width: int) -> Iterator[Text]:
    """Draw where the processes of a hang stand; those that stand alike share one stack.

    Parameters
    ----------
    hang : Hang
    width : int
    """
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    idle = []
    for record in hang.processes:
        stack = hang.stack_of(record)
        if stack and any(frame.is_own for frames in stack.shown for frame in frames):
            shown = tuple(tuple(frame.sentence for frame in frames) for frames in stack.shown)
            alike.setdefault(shown, []).append(record.who)
        elif stack:
            idle.append(record.who)
    if alike:
        yield Text()
        yield Text("Where it stands, innermost first", style="bold")
    for threads, who in list(alike.items())[:MOST_STACKS]:
        yield from hanging(f"{_shown(who)}:", width, NAMES)
        for number, frames in enumerate(threads):
            yield from hanging("another thread:", width, NAMES) if number else ()
            for frame in frames:
                yield from hanging(frame, width, FRAMES)
    rest = [name for who in list(alike.values())[MOST_STACKS:] for name in who]
    if rest:
        yield from hanging(f"Elsewhere stand {_shown(rest)}.", width, NAMES)
    if alike and idle:
        yield from hanging(f"In no code of yours: {_shown(idle)}.", width, NAMES)


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def lines(
    observed: Observed, diagnosis: Diagnosis, meanings: Mapping[str, str], width: int
) -> Iterator[Text]:
    """Draw a run: why it failed or hangs; or, in one calm line, how long it waited for data.

    Parameters
    ----------
    observed : Observed
    diagnosis : Diagnosis
    meanings : mapping of str to str
        By code, the first section of each diagnosis' page.
    width : int
    """
    if not observed.is_attached:
        yield Text(f"{HEADING}: {NOT_ATTACHED}")
    if diagnosis.has_failed and not (observed.was_interrupted and not diagnosis.findings):
        if observed.exit_code == 0 and observed.hang is None:
            yield Text(f"{HEADING}: {HIDDEN}")
        if diagnosis.findings:
            yield from explanation_lines(diagnosis.findings, meanings, width, MORE)
        if observed.hang is not None:
            yield from stack_lines(observed.hang, width)
        return
    worth = [one for one in diagnosis.findings if one.status in {Status.FAIL, Status.WARN, Status.CRASHED}]
    if observed.has_exited:
        yield Text(f"{HEADING}: {EXITED.format(observed.exit_code)}")
    yield Text(f"{HEADING}: {calm_line(observed, worth)}")
    yield from finding_lines(worth, width)
