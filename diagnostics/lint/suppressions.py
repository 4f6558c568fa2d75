"""Suppressions: comments that silence rules on a line, `# checkup: ignore[LN104]`."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

MARK = re.compile(r"#\s*checkup:\s*ignore(?:\s*\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)


def read_ignores(lines: Sequence[str]) -> dict[int, set[str] | None]:
    """Return the codes silenced on each line, None where all are.

    Parameters
    ----------
    lines : sequence of str
        The source, without line ends.

    Returns
    -------
    dict of int to (set of str or None)
        By line number from 1.
    """
    if not any("checkup:" in line for line in lines):
        return {}
    found: dict[int, set[str] | None] = {}
    for line, comment in _comments(lines):
        match = MARK.search(comment)
        if match:
            codes = match["codes"]
            found[line] = (
                None if codes is None else {c.strip().upper() for c in codes.split(",") if c.strip()}
            )
    return found


def _comments(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    text = "\n".join(lines) + "\n"
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError, IndexError):
        return


def is_ignored(ignores: dict[int, set[str] | None], code: str, *lines: int) -> bool:
    """Tell whether a rule is silenced on one of these lines."""
    return any(line in ignores and (ignores[line] is None or code in (ignores[line] or ())) for line in lines)
