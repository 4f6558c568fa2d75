"""set_start_method is called where it runs more than once.

What it means
-------------
`multiprocessing.set_start_method` stands at module level without a main guard, or is called twice.

Why it matters
--------------
The start method can be set once in a process: the second call raises "context has already been set". A
spawned worker imports the main script and with it makes the call again.

How to fix
----------
Call it once, first thing under `if __name__ == "__main__":`; or leave the global setting alone and pass
`multiprocessing_context="spawn"` to the loader.

When it is fine
---------------
With force=True, or inside `try`/`except RuntimeError`.

References
----------
Python documentation, multiprocessing, "Contexts and start methods".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.command_line import keyword_of
from diagnostics.lint.context import method_of, start_method_calls
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN119"
SLUG = "start-method-already-set"
TITLE = "set_start_method is called where it runs more than once"
STATUS = Status.WARN
FIRES = (
    """
import torch.multiprocessing as mp
mp.set_start_method("spawn")
""",
    """
import multiprocessing
def main():
    multiprocessing.set_start_method("spawn")
main()
""",
    """
from torch.multiprocessing import set_start_method
if __name__ == "__main__":
    set_start_method("spawn")
    set_start_method("forkserver")
""",
)
SILENT = (
    """
import torch.multiprocessing as mp
if __name__ == "__main__":
    mp.set_start_method("spawn")
""",
    """
import torch.multiprocessing as mp
try:
    mp.set_start_method("spawn")
except RuntimeError:
    pass
""",
    """
import torch.multiprocessing as mp
mp.set_start_method("spawn", force=True)
def set_up():
    mp.set_start_method("spawn")
""",
)


MOST_CALLERS = 3  # functions between the loop and the call


def find(script: Script) -> Iterator[Spot]:
    """Find calls that a worker would repeat, and second calls."""
    calls = sorted(start_method_calls(script), key=lambda each: each.lineno)
    if script.is_notebook or not calls:
        return
    on_import = {id(node) for node in script.unguarded}
    previous: ast.Call | None = None
    for call in calls:
        if _is_forced(call) or _is_tried(script, call):
            continue
        if id(call) in on_import and method_of(script, call) != "fork":
            yield _spot(call, "runs again in every spawned worker, which imports this file", "likely")
        elif _is_repeated(script, call):
            yield _spot(call, "runs in a loop: the second time it raises", "likely")
        elif previous is not None and _follows(script, previous, call):
            yield _spot(
                call,
                f"comes after the call in line {script.show_line(previous)}: the second one raises",
                "certain",
            )
        previous = call


def _spot(call: ast.Call, why: str, confidence: str) -> Spot:
    return spot_at(
        call,
        f"{source_of(call)} {why}.",
        "Call it once, first thing under the main guard.",
        'if __name__ == "__main__":',
        f"    {source_of(call)}",
        "    main()",
        confidence="certain" if confidence == "certain" else "likely",
    )


def _is_forced(call: ast.Call) -> bool:
    force = keyword_of(call, "force") or (call.args[1] if len(call.args) > 1 else None)
    return force is not None and not (isinstance(force, ast.Constant) and not force.value)


def _is_tried(script: Script, call: ast.Call) -> bool:
    for ancestor in script.tree.ancestors(call):
        if isinstance(ancestor, ast.Try) and ancestor.handlers:
            return True
        if isinstance(ancestor, ast.If) and "get_start_method" in source_of(ancestor.test, 500):
            return True
        if isinstance(ancestor, ast.With) and "suppress" in {
            last_name(item.context_expr.func)
            for item in ancestor.items
            if isinstance(item.context_expr, ast.Call)
        }:
            return True
    return False


def _follows(script: Script, first: ast.Call, second: ast.Call) -> bool:
    """Tell whether both calls surely run, one after the other: statements of one block."""
    places = [script.tree.statement_of(call) for call in (first, second)]
    blocks = [script.tree.parents.get(place) for place in places if place is not None]
    return len(blocks) == 2 and blocks[0] is blocks[1] and not isinstance(blocks[0], ast.Try)


def _is_repeated(script: Script, call: ast.Call, depth: int = 0) -> bool:
    """Tell whether a call stands in a loop, or in a function that is called in one."""
    function = script.tree.function_of(call)
    child: ast.AST = call
    for ancestor in script.tree.ancestors(call):
        if ancestor is function:
            break
        if isinstance(ancestor, ast.For | ast.AsyncFor | ast.While) and child in ancestor.body:
            return not _leaves(ancestor.body)
        child = ancestor
    if function is None or depth > MOST_CALLERS:
        return False
    callers = script.values.parameters.calls_to(function)
    return any(_is_repeated(script, each, depth + 1) for each in callers)


def _leaves(block: list[ast.stmt]) -> bool:
    return isinstance(block[-1], ast.Return | ast.Break | ast.Raise)
