"""The file does not parse.

What it means
-------------
Python's own parser refuses the file, or a notebook's cell: a slip of the pen, Python 2, another encoding
than the one declared, or a notebook whose JSON is cut off.

Why it matters
--------------
It cannot be run or imported as it is, and nothing else in it was looked at.

How to fix
----------
Mend the line that is named. Python 2 code: `print(...)` in place of `print ...`.

When it is fine
---------------
Templates and test data that are no Python, whatever their name says: leave them out of the paths.

References
----------
PEP 263 on source encodings; nbformat documentation, "The Jupyter Notebook Format".
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.parsing import TOO_DEEP, Unparsable
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot

CODE = "LN100"
SLUG = "does-not-parse"
TITLE = "The file does not parse"
STATUS = Status.FAIL
FIRES = (
    'print "epoch", epoch\n',
    "def train(:\n    pass\n",
    "for epoch in range(3):\nprint(epoch)\n",
)
SILENT = (
    'print("epoch")\n',
    "",
)


def find(script: Script) -> Iterator[Spot]:
    """Find nothing: a script has been parsed; see `find_in_problem`."""
    yield from ()


def find_in_problem(problem: Unparsable) -> Spot:
    """Return the spot of what the parser refused."""
    place = f"cell {problem.cell}, line {problem.line}" if problem.cell else f"line {problem.line}"
    if problem.is_of_file:
        return Spot(1, 1, 1, 2, f"It was not read: {problem.reason}.", "Leave it out.", ("ls -l FILE",))
    message = f"Python cannot read it ({place}): {problem.reason}."
    if problem.is_python_2:
        message = f"This looks like Python 2 ({place}): {problem.reason}."
        code: tuple[str, ...] = (
            "python -m lib2to3 -w FILE  # Python 3.12 and older; then read what it changed",
        )
    elif problem.reason == TOO_DEEP:
        code = ("value = first\nvalue = value + second  # in steps",)
    else:
        code = ("python -m py_compile FILE",)
    return Spot(
        problem.line,
        problem.column,
        problem.line,
        problem.column + 1,
        message,
        "Mend the line, then lint again.",
        code,
    )
