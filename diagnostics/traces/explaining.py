"""From a trace to findings: every check is asked, causes come before what they dragged along."""

import re
from collections.abc import Sequence
from dataclasses import replace

from diagnostics.findings import Finding, Status
from diagnostics.judge import Check, crashed, find_checks
from diagnostics.traces.cleaning import Line
from diagnostics.traces.recognition import Recognition, Role
from diagnostics.traces.remedies import NO_WORKERS
from diagnostics.traces.saying import fine_without_workers
from diagnostics.traces.trace import Trace, read_trace

STATUSES = {
    Role.CAUSE: Status.FAIL,
    Role.ELSEWHERE: Status.FAIL,
    Role.SYMPTOM: Status.FAIL,
    Role.REMARK: Status.WARN,
    Role.STATED: Status.WARN,
    Role.NOISE: Status.WARN,
    Role.OPEN: Status.UNKNOWN,
}
LONGEST_QUOTE = 220
MOST_FINDINGS = 6


def quote(line: Line) -> str:
    """Return a line as evidence: its number in the log, who spoke, and its text, cut to a bearable length."""
    text = re.sub(r"[^\S ]+", " ", line.text).strip()
    text = "".join(character if character.isprintable() else "?" for character in text)
    if len(text) > LONGEST_QUOTE:
        text = f"{text[: LONGEST_QUOTE - 60]} … {text[-50:]}"
    return f"line {line.number}: {f'[{line.source}] ' if line.source else ''}{text}"


def _order(recognition: Recognition, elsewhere_at: int | None) -> tuple[int, int, int]:
    role = recognition.role
    if recognition.is_death and elsewhere_at is not None and elsewhere_at < recognition.at:
        role = Role.SYMPTOM
    return (-role, -recognition.score, recognition.at)


def rank(recognitions: Sequence[tuple[Check, Recognition]]) -> list[tuple[Check, Recognition]]:
    """Sort by role, then by how specific, then by position in the log; drop what is superfluous.

    A failure elsewhere is told only where no cause in the loader is known, "unrecognised" and what somebody
    merely states only alone, and nothing twice: a more general diagnosis of lines that a more specific one
    has told is left out.
    """
    elsewhere = [one.at for _, one in recognitions if one.role == Role.ELSEWHERE]
    ordered = sorted(recognitions, key=lambda pair: _order(pair[1], min(elsewhere, default=None)))
    if not ordered:
        return []
    kept = ordered[:1]
    told = {line.number for line in ordered[0][1].lines}
    for check, one in ordered[1:]:
        is_told = bool(one.lines) and one.lines[-1].number in told and one.role > Role.REMARK
        if one.role in {Role.OPEN, Role.STATED, Role.ELSEWHERE} or is_told:
            continue
        kept.append((check, one))
        told |= {line.number for line in one.lines}
    return kept[:MOST_FINDINGS]


def as_finding(check: Check, recognition: Recognition, is_first: bool = True) -> Finding:
    """Return the finding of a recognition; an echo beside a cause is a remark."""
    is_echo = not is_first and (recognition.role == Role.SYMPTOM or recognition.is_death)
    return Finding(
        check.code,
        check.slug,
        Status.WARN if is_echo else STATUSES[recognition.role],
        check.title,
        recognition.summary,
        tuple(dict.fromkeys(map(quote, recognition.lines))),
        recognition.remedy,
        recognition.confidence,
    )


def _untried(trace: Trace, recognition: Recognition) -> Recognition:
    """Leave out to run without workers, among others, where the writer says that nothing fails so."""
    remedy = recognition.remedy
    left = tuple(line for line in remedy.commands if line != NO_WORKERS)
    if left in {(), remedy.commands} or "without workers" in remedy.text:
        return recognition
    if fine_without_workers(trace) is None:
        return recognition
    return replace(recognition, remedy=replace(remedy, commands=left))


def explain_trace(trace: Trace, checks: Sequence[Check] | None = None) -> list[Finding]:
    """Ask every check; a crashing one becomes a finding at the end and stops nothing."""
    recognitions: list[tuple[Check, Recognition]] = []
    faults: list[Finding] = []
    for check in find_checks() if checks is None else checks:
        if check.recognise is None:
            continue
        try:
            recognition = check.recognise(trace)
            if recognition is not None:
                as_finding(check, recognition)
                recognitions.append((check, _untried(trace, recognition)))
        except Exception as error:
            faults.append(crashed(check, error))
    ranked = rank(recognitions)
    return [as_finding(*pair, is_first=index == 0) for index, pair in enumerate(ranked)] + faults


def explain_log(data: bytes | str, checks: Sequence[Check] | None = None) -> list[Finding]:
    """Return the findings of a pasted log, the primary cause first.

    Parameters
    ----------
    data : bytes or str
        Anything at all.
    checks : sequence of Check, optional
        All of `find_checks()` if left out.

    Returns
    -------
    list of Finding
        Never empty: "unrecognised" where nothing is known.
    """
    return explain_trace(read_trace(data), checks)
