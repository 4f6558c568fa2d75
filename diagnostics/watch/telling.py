"""What is said after a run, or while it hangs, as lines of text."""

from collections.abc import Iterator, Mapping

from rich.text import Text

from diagnostics.findings import Status
from diagnostics.terminal import explanation_lines, finding_lines
from diagnostics.watch.attribution import calm_line
from diagnostics.watch.diagnosing import Diagnosis
from diagnostics.watch.observing import Observed

HEADING = "torch-checkup"
MORE = "the same in a second run"
NOT_ATTACHED = (
    "the probe reached no Python process (python -S, -I or -E leave it out; so does a TMPDIR without room): "
    "what follows rests on stderr and exit code alone."
)
EXITED = "the program chose its exit code {} itself: no exception left it, and no DataLoader failed."
HIDDEN = "an exception ended the program, though the command's exit code is 0 (a pipe or a shell hides it)."


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
        if observed.exit_code == 0 and not observed.stands:
            yield Text(f"{HEADING}: {HIDDEN}")
        if diagnosis.findings:
            yield from explanation_lines(diagnosis.findings, meanings, width, MORE)
        return
    worth = [one for one in diagnosis.findings if one.status in {Status.FAIL, Status.WARN, Status.CRASHED}]
    if observed.has_exited:
        yield Text(f"{HEADING}: {EXITED.format(observed.exit_code)}")
    yield Text(f"{HEADING}: {calm_line(observed, worth)}")
    yield from finding_lines(worth, width)
