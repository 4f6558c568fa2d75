"""A comparison as Markdown, ready to be pasted into a pull request."""

from collections.abc import Iterator, Sequence

from reports.comparison import shown
from reports.comparison.result import Against, Result, Row, summary
from reports.markdown import escaped, name, table
from reports.wording import number, seconds


def text(result: Result) -> str:
    """Return the comparison; names are inert, whatever they hold."""
    lines = ["### Comparison", ""]
    lines += [f"- {escaped(shown.side(side))}" for side in result.sides]
    for against in result.against:
        lines += ["", *_against(against, has_heading=shown.letters(result))]
    if result.notes:
        lines += ["", *(f"> {escaped(note)}  " for note in result.notes)]
    return "\n".join(lines) + "\n"


def _against(against: Against, *, has_heading: bool) -> Iterator[str]:
    if has_heading:
        yield from (f"#### {escaped(shown.heading(against))}", "")
    yield from (f"**{escaped(summary(against))}**", "", escaped(shown.machines(against)), "")
    if against.facts:
        facts = ((name(fact.key), escaped(fact.a), escaped(fact.b)) for fact in against.facts)
        yield from (*table(("fact", escaped(against.a.name), escaped(against.b.name)), facts), "")
    if against.rows:
        yield from table(
            ("verdict", "ratio", "95 % interval", "configuration", against.a.letter, against.b.letter, "why"),
            map(_row, against.rows),
        )
    if against.missing:
        rows = ((shown.KINDS[one.kind], name(one.name), escaped(one.reason)) for one in against.missing)
        yield from ("", *table(("not in the table above", "configuration", "why"), rows))


def _row(row: Row) -> Sequence[str]:
    one = row.comparison
    return (
        shown.verdict(one.verdict), number(one.ratio), shown.interval(one), name(one.name),
        seconds(row.a_seconds), seconds(row.b_seconds), escaped(row.reason),
    )  # fmt: skip
