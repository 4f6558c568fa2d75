"""Trainers of other libraries, which start a DataLoader's workers by themselves."""

import ast
from collections.abc import Iterator

from diagnostics.lint.script import Script

MODELS = {"YOLO", "RTDETR", "YOLOWorld", "YOLOE", "FastSAM", "NAS"}  # of ultralytics
MODEL_METHODS, MODEL_WORKERS = {"train", "val", "tune"}, 8  # workers where none are asked for
TRAINER_METHODS = {"train", "evaluate", "predict", "hyperparameter_search"}
TRAINER_PACKAGES = ("transformers", "trl", "sentence_transformers", "setfit")
PACKAGES = ("ultralytics", *TRAINER_PACKAGES)


def workers_started(script: Script, call: ast.Call) -> str:
    """Return the argument by which a call starts workers, as code, "" where it starts none."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    for maker in _calls(script, call.func.value):
        package, _, name = script.name_of(maker.func).partition(".")
        name = name.rpartition(".")[2]
        if package == "ultralytics" and name in MODELS and call.func.attr in MODEL_METHODS:
            return _positive(script, call, "workers", MODEL_WORKERS)
        is_trainer = package in TRAINER_PACKAGES and name.endswith("Trainer")
        if is_trainer and call.func.attr in TRAINER_METHODS:
            given = next((word.value for word in maker.keywords if word.arg == "args"), None)
            given = given or (maker.args[1] if len(maker.args) > 1 else None)
            for arguments in _calls(script, given) if given is not None else ():
                return _positive(script, arguments, "dataloader_num_workers", 0)
    return ""


def _calls(script: Script, node: ast.expr) -> Iterator[ast.Call]:
    for each in script.values.possible(node):
        if isinstance(each.node, ast.Call):
            yield each.node


def _positive(script: Script, call: ast.Call, name: str, default: int) -> str:
    """Return `name=value` where the value is surely above 0."""
    if any(word.arg is None for word in call.keywords):
        return ""
    given = next((word.value for word in call.keywords if word.arg == name), ast.Constant(default))
    for each in script.values.possible(given):
        if isinstance(each.node, ast.Constant) and isinstance(each.node.value, int) and each.node.value > 0:
            return f"{name}={each.node.value}"
    return ""
