"""Trial: what this Python can send to a worker that was not forked. Run by path in a child.

What spawn and forkserver pickle is tried: a function, a lambda, a local class and an open file. The second
and the third are refused by the standard library; some packages change that.
"""

import json
import os
from multiprocessing.reduction import ForkingPickler
from typing import Any

REASON_CHARACTERS = 120


def plain_function() -> None:
    """What everybody can send: a function of a module."""


def refusal(thing: Any) -> str | None:
    """Return why a thing cannot be sent, None if it can."""
    try:
        ForkingPickler.dumps(thing)
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0][:REASON_CHARACTERS]
    return None


def main() -> None:
    """Try each and print."""

    class Local:
        """A class that only this function knows."""

    with open(os.devnull, encoding="ascii") as handle:  # noqa: PTH123  this file stands alone
        things = {
            "function": plain_function,
            "lambda": lambda: None,
            "local_class": Local(),
            "open_file": handle,
        }
        found = {name: refusal(thing) for name, thing in things.items()}
    source = "multiprocessing.reduction.ForkingPickler"
    facts = {
        f"trial.pickle_{name}_problem": {"value": problem, "unit": "", "source": source}
        for name, problem in found.items()
    }
    print(json.dumps({"facts": facts}))


if __name__ == "__main__":
    main()
