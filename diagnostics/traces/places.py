"""Where in a training an error was raised, from its frames."""

import re
from typing import Literal

from diagnostics.traces.frames import Frame
from diagnostics.traces.tracebacks import Error

Place = Literal[
    "dataset", "collate", "sampler", "pin", "start", "child_start", "construct", "receive", "reraise",
    "loader", "forward", "backward", "optimizer", "collective", "loading", "import", "user", "library", "unknown",
]  # fmt: skip
ELSEWHERE: frozenset[Place] = frozenset(
    {"forward", "backward", "optimizer", "collective", "loading", "import", "user", "library"}
)
_LOOP = re.compile(
    r"^(?:async )?for .{1,120} in .{0,80}(?:loader|enumerate\(|\bdl\b|batches|_iter\b)|=\s*next\(.{0,40}(?:loader|iter)"
)
_STARTING = ("popen_", "/process.py", "reduction.py", "forkserver.py")
_OTHER_LOADERS = (
    "fastai/data/",
    "torch_geometric/loader/",
    "monai/data/",
    "mmcv/parallel/collate",
    "torchdata/",
    "webdataset/",
)
_SAMPLE_FUNCTIONS = ("__getitem__", "__getitems__")
_BY_PATH: tuple[tuple[str, Place], ...] = (
    ("torch/distributed/", "collective"),
    ("torch/nn/parallel/distributed", "collective"),
    ("torch/nn/", "forward"),
    ("torch/autograd/", "backward"),
    ("torch/optim/", "optimizer"),
    ("torch/serialization.py", "loading"),
    ("importlib/", "import"),
    ("<frozen importlib", "import"),
)


def _in_loader(frames: tuple[Frame, ...], last: int) -> Place:
    """Name the part of the loader that the frames from the last loader frame on stand in."""
    loader, inner = frames[last], frames[last + 1 :]
    names = [frame.path.rsplit("/", 1)[-1] for frame in frames if frame.is_loader]
    if loader.path.endswith("_utils/collate.py") or "collate_fn(" in loader.code:
        return "collate"
    if any("collate" in frame.function for frame in inner if frame.is_user):
        return "collate"
    if names[-1] == "pin_memory.py":
        return "pin"
    if names[-1] == "sampler.py" or "_sampler_iter" in loader.code or loader.function == "_next_index":
        return "sampler" if not inner or names[-1] == "sampler.py" else "dataset"
    if names[-1] in {"fetch.py", "worker.py", "dataset.py"} or "/datapipes/" in loader.path:
        return "dataset" if loader.function != "_worker_loop" or inner else "receive"
    if loader.function in {"__init__", "__iter__", "_get_iterator"}:
        is_starting = any(any(part in frame.path for part in _STARTING) for frame in inner)
        if is_starting or loader.function == "__init__":
            return "start" if is_starting else "construct"
    return (
        "receive"
        if loader.function.startswith(("_try", "_get", "__next__", "_next", "_process", "_handle", "handler"))
        else "loader"
    )


def place_of(error: Error) -> Place:
    """Return where an error was raised; "unknown" where the log does not show it."""
    frames = error.frames
    if frames and frames[-1].path.endswith("torch/_utils.py") and frames[-1].function == "reraise":
        return "reraise"
    positions = [index for index, frame in enumerate(frames) if frame.is_loader]
    if positions:
        return _in_loader(frames, positions[-1])
    if "worker process" in error.where:
        return "collate" if any("collate" in frame.function for frame in frames) else "dataset"
    if "pin memory" in error.where:
        return "pin"
    return _outside(error) if frames else _unseen(error)


def _unseen(error: Error) -> Place:
    return "import" if error.type in {"ImportError", "ModuleNotFoundError"} else "unknown"


def _outside(error: Error) -> Place:
    frames = error.frames
    if any(
        "multiprocessing/spawn.py" in frame.path or "multiprocessing/forkserver.py" in frame.path
        for frame in frames
    ):
        if not any(frame.function in {"_wrap", "_bootstrap", "start_processes"} for frame in frames):
            return "child_start"
    for frame in reversed(frames):
        if any(part in frame.path for part in _OTHER_LOADERS):
            return (
                "collate"
                if "collat" in frame.path + frame.function or "batch" in frame.function
                else "dataset"
            )
    if any(frame.function in _SAMPLE_FUNCTIONS and frame.is_user for frame in frames):
        return "dataset"
    if any("collate" in frame.function and frame.is_user for frame in frames):
        return "collate"
    if error.type in {"ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError"}:
        return "import"
    if _LOOP.search(frames[-1].code):
        return "receive"
    for part, place in _BY_PATH:
        if any(part in frame.path for frame in frames):
            return place
    if frames[-1].function == "backward" or "torch/_tensor.py" in frames[-1].path:
        return "backward"
    if any(
        frame.is_multiprocessing and frame.function in {"_launch", "_Popen", "dump", "start"}
        for frame in frames
    ):
        return "start"
    if any(frame.is_multiprocessing for frame in frames) and frames[0].is_multiprocessing:
        return "unknown"
    return "user" if error.user_frame else "library"
