"""Findings, facts and pages as lines of text. Nothing here touches the world.

Lines come wrapped to a width, except commands: those stay whole, so that they can be copied.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.text import Text

from diagnostics.facts import Fact
from diagnostics.findings import Finding, Status
from diagnostics.judge import Check
from diagnostics.quantities import format_quantity

GLYPHS = {
    Status.OK: "✓",
    Status.WARN: "!",
    Status.FAIL: "✕",
    Status.UNKNOWN: "?",
    Status.NOT_APPLICABLE: "–",
    Status.CRASHED: "✕",
}
WORDS = {status: "n/a" if status == Status.NOT_APPLICABLE else str(status) for status in Status}
STYLES = {
    Status.OK: "blue",
    Status.WARN: "yellow",
    Status.FAIL: "red",
    Status.UNKNOWN: "bright_black",
    Status.NOT_APPLICABLE: "bright_black",
    Status.CRASHED: "red",
}
MENDABLE = (Status.FAIL, Status.WARN)
ASCII = str.maketrans({"✓": "v", "✕": "x", "–": "-", "…": "...", "·": ";", "µ": "u", "×": "x"})
SURE = {
    "certain": "certain.",
    "likely": "likely; {more} would make it certain.",
    "possible": "possible; take it as a first thing to look at.",
}
UNBROKEN = "\N{NO-BREAK SPACE}"
LONGEST_UNBROKEN = 40  # characters of a fact that stays on one line
WIDEST = 100  # columns: longer lines are hard to follow


def _clean(text: str) -> str:
    """Replace control characters: names come from the machine and must not steer the terminal."""
    return "".join(c if c.isprintable() or c == UNBROKEN else "?" for c in text)


def _wrapped(text: str, width: int, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        _clean(text),
        min(width, WIDEST),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def hanging(text: str, width: int, indent: int) -> Iterator[Text]:
    """Draw a text whose lines after the first stand further in."""
    yield from map(Text, _wrapped(text, width, " " * (indent + 4), " " * indent))


def _label(key: str, fact: Fact) -> str:
    """Turn "cpu.quota_cores" into "quota" and "gpu.0.memory_bytes" into "0 memory"."""
    name = key.partition(".")[2].removesuffix(f"_{fact.unit}" if fact.unit else "_name")
    return name if name.isupper() else name.replace("_", " ").replace(".", " ")


def _group_text(group: Mapping[str, Fact], room: int) -> str:
    """Return the facts of one source in a row, those that are not set at its end; short ones do not break."""
    parts, unset = [], []
    for key, fact in group.items():
        label = _label(key, fact)
        if fact.value is None and label.isupper():
            unset.append(label)
        else:
            part = f"{label} {format_quantity(fact.value, fact.unit)}"
            parts.append(part.replace(" ", UNBROKEN) if len(part) <= min(LONGEST_UNBROKEN, room) else part)
    if unset:
        parts.append(
            f"{len(unset)} variables for threads not set" if parts else "no variable for threads set"
        )
    return " · ".join(parts)


def machine_lines(facts: Mapping[str, Fact], width: int) -> Iterator[Text]:
    """Draw the facts as two columns: the source, and what it says."""
    groups: dict[str, dict[str, Fact]] = {}
    for key, fact in facts.items():
        if fact.value is None and key.startswith("trial."):
            continue  # nothing went wrong, or there was nothing to try: the findings say which
        groups.setdefault(key.partition(".")[0], {})[key] = fact
    column = max((len(name) for name in groups), default=0) + 4
    yield Text("Your machine", style="bold")
    for name, group in sorted(groups.items()):
        lines = _wrapped(
            _group_text(group, width - column - 2), width, " " * column, f"  {name}".ljust(column)
        )
        for position, line in enumerate(lines):
            styled = Text(line.replace(UNBROKEN, " "))
            if position == 0:
                styled.stylize("bright_black", 0, column)
            yield styled


FOLDED = {
    Status.UNKNOWN: "left open, for want of facts that trials find",
    Status.NOT_APPLICABLE: "do not apply to this machine",
}
MOST_OF_A_KIND = 3


def _headline(finding: Finding, width: int) -> Iterator[Text]:
    mark = f"{GLYPHS[finding.status]} {WORDS[finding.status]}"
    first = f"{mark:<11}{finding.code:<7}"
    for position, line in enumerate(_wrapped(finding.summary, width, " " * len(first), first)):
        styled = Text(line)
        if position == 0:
            styled.stylize(STYLES[finding.status], 0, len(mark))
        yield styled


def _detail(finding: Finding, width: int) -> Iterator[Text]:
    indent = " " * 11
    for evidence in finding.evidence:
        yield from map(Text, _wrapped(evidence, width, indent + "  ", indent + "- "))
    if finding.remedy is not None:
        yield from map(Text, _wrapped(f"To mend: {finding.remedy.text}", width, indent))
        for command in finding.remedy.commands:
            yield Text(f"{indent}    {_clean(command)}", style="bold")
    yield Text(f"{indent}Read more: python -m diagnostics explain {finding.code}", style="bright_black")


def finding_lines(findings: Iterable[Finding], width: int) -> Iterator[Text]:
    """Draw findings in their order: in full what calls for action, in one line what does not.

    Many that do not apply here, or that nothing is known for, share one line.
    """
    findings = list(findings)
    together = {status: [finding for finding in findings if finding.status is status] for status in FOLDED}
    folded = {status: found for status, found in together.items() if len(found) > MOST_OF_A_KIND}
    for finding in findings:
        if finding.status in folded:
            continue
        yield from _headline(finding, width)
        if finding.status in {*MENDABLE, Status.CRASHED}:
            yield from _detail(finding, width)
            yield Text()
    for status, found in folded.items():
        first = f"{GLYPHS[status]} {WORDS[status]}".ljust(11)
        codes = f"{len(found)} {FOLDED[status]}: {', '.join(finding.code for finding in found)}"
        yield from map(Text, _wrapped(codes, width, " " * 18, first.ljust(18)))


def summary_line(findings: Sequence[Finding]) -> str:
    """Return the last line: what there is to mend, and how many of each status."""
    counts = Counter(finding.status for finding in findings)
    tally = (
        ", ".join(f"{counts[status]} {WORDS[status]}" for status in Status if counts[status]) or "no checks"
    )
    num_mendable = sum(counts[status] for status in MENDABLE)
    return f"To mend: {num_mendable} ({tally})." if num_mendable else f"Nothing to mend: {tally}."


def report_lines(facts: Mapping[str, Fact], findings: Sequence[Finding], width: int) -> Iterator[Text]:
    """Draw the machine, its findings and the summary."""
    yield from machine_lines(facts, width)
    yield Text()
    yield Text("Findings", style="bold")
    yield from finding_lines(findings, width)
    yield Text()
    yield Text(summary_line(findings), style="bold")


def _explained(finding: Finding, meaning: str, width: int, more: str) -> Iterator[Text]:
    yield from _headline(finding, width)
    indent = " " * 11
    for evidence in finding.evidence:
        yield from map(Text, _wrapped(evidence, width, indent + "  ", indent + "| "))
    if meaning:
        yield from map(Text, _wrapped(" ".join(meaning.split()), width, indent))
    if finding.remedy is not None:
        yield from map(Text, _wrapped(f"To mend: {finding.remedy.text}", width, indent))
        for command in finding.remedy.commands:
            yield Text(f"{indent}    {_clean(command)}", style="bold")
    if finding.status != Status.UNKNOWN:
        sure = SURE[finding.confidence].format(more=more)
        yield from map(Text, _wrapped(f"How sure: {sure}", width, indent))
    yield Text(f"{indent}Read more: python -m diagnostics explain {finding.code}", style="bright_black")


def explanation_lines(
    findings: Sequence[Finding],
    meanings: Mapping[str, str],
    width: int,
    more: str = "a longer piece of the log",
) -> Iterator[Text]:
    """Draw what a log or a run shows: the primary cause in full, then what it dragged along.

    `meanings` holds, by code, the first section of each diagnosis' page; `more` is what would make likely
    causes certain.
    """
    first, *others = findings
    yield Text("What happened", style="bold")
    yield from _explained(first, meanings.get(first.code, ""), width, more)
    if others:
        yield Text()
        yield Text("Beside it", style="bold")
    for finding in others:
        yield from _headline(finding, width)
        for evidence in finding.evidence[-1:]:
            yield from map(Text, _wrapped(evidence, width, " " * 13, " " * 11 + "| "))


def list_lines(checks: Sequence[Check]) -> Iterator[Text]:
    """Draw one line a check: code, slug, title."""
    column = max((len(check.slug) for check in checks), default=0)
    for check in checks:
        yield Text(f"{check.code}  {check.slug:<{column}}  {check.title}")


def page_lines(check: Check) -> Iterator[Text]:
    """Draw a check's page as its docstring is written."""
    yield Text(f"{check.code}  {check.slug}", style="bold")
    headings = set(check.sections)
    for line in check.page.splitlines():
        yield Text(line, style="bold" if line in headings else "")
