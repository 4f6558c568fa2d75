"""Training with workers starts when the script is imported.

What it means
-------------
A loader with workers is read by code that runs as soon as the file is imported: at module level, or in a
function called there, without `if __name__ == "__main__":` around it. Trainers of other libraries read one
too: `YOLO(...).train()` has 8 workers unless told otherwise.

Why it matters
--------------
Workers that are not forked import the main script again: on Windows and macOS always, on Linux from Python
3.14. The import starts training again, which stops with "An attempt has been made to start a new process
before the current process has finished its bootstrapping phase", or with a broken pipe.

How to fix
----------
Put what starts training into a function and call it under the guard. Imports, classes and functions stay
at module level, where the workers need them.

When it is fine
---------------
With num_workers=0, in a module that is imported and never run, or where workers are always forked
(`multiprocessing_context="fork"`).

References
----------
Python documentation, multiprocessing, "Safe importing of main module"; PyTorch documentation,
torch.utils.data, "Platform-specific behaviors".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.context import chosen_methods
from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.trainers import PACKAGES, workers_started

CODE = "LN101"
SLUG = "missing-main-guard"
TITLE = "Training with workers starts when the script is imported"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, batch_size=4, num_workers=2)
for batch in loader:
    print(batch)
""",
    """
import torch.utils.data as data
def main():
    loader = data.DataLoader(dataset, num_workers=4)
    for batch in loader:
        step(batch)
main()
""",
    """
from ultralytics import YOLO
model = YOLO("yolo11n.pt")
model.train(data="coco8.yaml", epochs=3)
""",
    """
from transformers import Trainer, TrainingArguments
arguments = TrainingArguments("out", dataloader_num_workers=4)
trainer = Trainer(model, arguments, train_dataset=data)
trainer.train()
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
def main():
    for batch in DataLoader(dataset, num_workers=2):
        print(batch)
if "__main__" == __name__:
    main()
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2)
def train():
    for batch in loader:
        print(batch)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=0)
for batch in loader:
    print(batch)
""",
    """
from ultralytics import YOLO
YOLO("yolo11n.pt").train(data="coco8.yaml", workers=0)
""",
    """
from transformers import Trainer, TrainingArguments
Trainer(model, args=TrainingArguments("out"), train_dataset=data).train()
""",
)

RUNNERS = {"fit", "fit_one_cycle", "validate", "test", "predict", "run", "train", "evaluate", "learn"}
RUNNING_WORDS = ("train", "fit", "eval", "test", "valid", "run", "loop", "epoch", "show", "plot", "predict")


def find(script: Script) -> Iterator[Spot]:
    """Find a loader with workers that is made and read on import."""
    if script.is_notebook or "fork" in chosen_methods(script):
        return
    if script.has_module(*PACKAGES):
        yield from _by_trainers(script)
    if not any(each.has_workers for each in script.loaders):
        return
    running = script.unguarded
    ids = {id(node) for node in running}
    loaders = [each for each in script.loaders if id(each.call) in ids and each.has_workers]
    if not loaders:
        return
    in_order = sorted(running, key=lambda node: getattr(node, "lineno", 0))
    reader = next((node for node in in_order if _reads(script, node, loaders)), None)
    if reader is None:
        return
    loader = min(loaders, key=lambda each: each.call.lineno)
    message = (
        f"This loader has workers (num_workers={_workers(loader)}) and is read when the file is imported "
        f"(line {script.show_line(reader)}): no main guard stands around it."
    )
    yield spot_at(
        loader.call,
        message,
        "Call what starts training under a main guard.",
        *_guarded(script, reader, loader),
        confidence="likely",
    )


def _by_trainers(script: Script) -> Iterator[Spot]:
    """Find the first call of another library's trainer that starts workers on import."""
    calls = [node for node in script.unguarded if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: node.lineno):
        workers = workers_started(script, call)
        if workers:
            yield spot_at(
                call,
                f"This starts workers ({workers}) when the file is imported: no main guard stands around it.",
                "Call what starts training under a main guard.",
                'if __name__ == "__main__":',
                f"    {source_of(call)}",
                confidence="likely",
            )
            return


def _workers(loader: Loader) -> str:
    given = loader.argument("num_workers")
    return "?" if given is None else source_of(given, 30)


def _guarded(script: Script, reader: ast.AST, loader: Loader) -> tuple[str, ...]:
    if script.tree.function_of(reader) is not None:
        for statement in script.module.body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if (
                isinstance(call, ast.Call)
                and not script.tree.is_guarded(statement)
                and last_name(call.func) in script.values.functions
            ):
                return ('if __name__ == "__main__":', f"    {source_of(call)}")
    return (
        "def main():",
        f"    {loader.corrected()}",
        "    ...  # what uses the loader",
        "",
        'if __name__ == "__main__":',
        "    main()",
    )


def _reads(script: Script, node: ast.AST, loaders: list[Loader]) -> bool:
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        return _mentions_one(script, node.iter, loaders)
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    arguments = [*node.args, *(word.value for word in node.keywords)]
    if name in {"iter", "next", "list"} and isinstance(node.func, ast.Name):
        return any(_mentions_one(script, each, loaders) for each in arguments)
    if name in RUNNERS and isinstance(node.func, ast.Attribute):
        in_class = any(script.tree.class_of(loader.call) is not None for loader in loaders)
        return in_class or any(_mentions_one(script, each, loaders) for each in arguments)
    if name in script.values.functions or name[:1].isupper():
        return False
    is_runner = any(word in name.lower() for word in RUNNING_WORDS)
    return is_runner and any(_mentions_one(script, each, loaders) for each in arguments)


def _mentions_one(script: Script, expression: ast.expr, loaders: list[Loader]) -> bool:
    return any(each is loader for each in script.loader_names.of_call(expression) for loader in loaders)
