"""Options of a command line: argparse, click and typer, and the objects that hold them."""

import ast
from collections.abc import Iterable, Iterator

from diagnostics.lint.names import last_name
from diagnostics.lint.tree import Function

ARGUMENT_OBJECTS = {
    "args", "arg", "opt", "opts", "options", "config", "cfg", "conf", "hparams", "hps", "flags", "params",
    "parsed", "arguments", "namespace", "ns", "a", "p", "FLAGS",
}  # fmt: skip


def options_of(calls: Iterable[ast.Call]) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield destination and default of every `add_argument` call."""
    for call in calls:
        texts = [str(each.value) for each in call.args if isinstance(each, ast.Constant)]
        named = keyword_of(call, "dest")
        if isinstance(named, ast.Constant):
            texts = [str(named.value)]
        long = [text for text in texts if text.startswith("--")] or texts
        if long:
            yield long[0].lstrip("-").replace("-", "_"), _argparse_default(call)


def click_option(function: Function, name: str) -> ast.Call | None:
    """Return the click option of a parameter."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and last_name(decorator.func) == "option":
            texts = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
            if name in {str(text).lstrip("-").replace("-", "_") for text in texts}:
                return decorator
    return None


def typer_default(default: ast.expr) -> ast.expr:
    """Return what `typer.Option(4)` stands for, anything else as it is."""
    is_option = isinstance(default, ast.Call) and last_name(default.func) in {"Option", "Argument"}
    return default.args[0] if is_option and isinstance(default, ast.Call) and default.args else default


def _argparse_default(call: ast.Call) -> ast.expr | None:
    default = keyword_of(call, "default")
    if default is not None:
        return default
    action = keyword_of(call, "action")
    is_positional = not (
        call.args and isinstance(call.args[0], ast.Constant) and str(call.args[0].value).startswith("-")
    )
    if isinstance(action, ast.Constant) and action.value in {"store_true", "store_false"}:
        return ast.Constant(action.value == "store_false")
    return None if is_positional or action is not None else ast.Constant(None)


def keyword_of(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword argument."""
    return next((word.value for word in call.keywords if word.arg == name), None)
