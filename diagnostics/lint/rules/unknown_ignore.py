"""A comment silences a rule that does not exist.

What it means
-------------
`# checkup: ignore[...]` names a code that no rule has.

Why it matters
--------------
It silences nothing: what it was meant for is still reported, or was never there.

How to fix
----------
Name a code of `python -m diagnostics list`, or take the comment away.

When it is fine
---------------
Where the comment is for a newer torch-checkup than this one.

References
----------
`python -m diagnostics list` names every code.
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot
from diagnostics.lint.suppressions import read_ignores

CODE = "LN199"
SLUG = "unknown-ignore"
TITLE = "A comment silences a rule that does not exist"
STATUS = Status.WARN
FIRES = ("import torch  # checkup: ignore[LN999]\n",)
SILENT = (
    "import torch  # checkup: ignore[LN101, LN104]\n",
    "import torch  # checkup: ignore\n",
    'text = "# checkup: ignore[LN999]"\n',
)


def find(script: Script) -> Iterator[Spot]:
    """Find codes in comments that no rule has."""
    from diagnostics.lint.ruleset import find_rules

    ignores = read_ignores(script.lines)
    if not ignores:
        return
    known = {rule.code for rule in find_rules()}
    for line, codes in ignores.items():
        for code in sorted((codes or set()) - known):
            text = script.lines[line - 1]
            column = max(text.find(code), 0) + 1
            yield Spot(
                line,
                column,
                line,
                column + len(code),
                f"{code} is no rule: this comment silences nothing.",
                "Name a code that exists, or take the comment away.",
                ("python -m diagnostics list",),
            )
