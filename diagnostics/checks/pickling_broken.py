"""What every worker needs cannot be pickled here.

What it means
-------------
spawn and forkserver send the dataset to workers by pickling. A plain function of a module, which everybody
can send, was refused here; lambdas, local classes and open files are refused everywhere, and are told
beside it.

Why it matters
--------------
No worker can be started but by fork.

How to fix
----------
Look for what replaces the pickler: `sitecustomize`, dill, a debugger, an old multiprocess package.

When it is fine
---------------
When workers are forked.

References
----------
Python documentation, pickle, "What can be pickled and unpickled?".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok

CODE = "MC107"
SLUG = "pickling-broken"
TITLE = "A plain function cannot be sent to workers"
_THINGS = ("function", "lambda", "local_class", "open_file")
NEEDS = tuple(f"trial.pickle_{thing}_problem" for thing in _THINGS)
_USUAL = (
    None,
    "AttributeError: Can't pickle local object",
    "AttributeError: Can't pickle local object",
    "TypeError",
)
FIRES = dict(zip(NEEDS, ("PicklingError: Can't pickle <function>", *_USUAL[1:]), strict=True))
SILENT = dict(zip(NEEDS, _USUAL, strict=True))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where a plain function is refused; say of the others which must not be sent."""
    refused = [thing for thing in _THINGS if facts[f"trial.pickle_{thing}_problem"] is not None]
    names = ", ".join(thing.replace("_", " ") for thing in refused) or "nothing"
    if "function" not in refused:
        return ok(f"Of {len(_THINGS)} things spawn and forkserver cannot send {len(refused)}: {names}.")
    told = [f"{thing.replace('_', ' ')}: {facts[f'trial.pickle_{thing}_problem']}" for thing in refused]
    evidence = (f"{len(refused)} of {len(_THINGS)} refused by ForkingPickler", *told)
    remedy = Remedy(
        "Find what replaces Python's pickler, and fork until then.",
        (
            'python -X importtime -c "import multiprocessing.reduction"',
            'DataLoader(..., multiprocessing_context="fork")',
        ),
    )
    return fail(
        f"Of {len(_THINGS)} things {len(refused)} cannot be pickled, a plain function among them.",
        evidence,
        remedy,
    )
