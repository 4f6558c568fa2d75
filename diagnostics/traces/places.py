"""Where in a training an error was raised, from its frames."""

import re
from typing import Literal

from diagnostics.traces.errors import Error
from diagnostics.traces.frames import Frame

Place = Literal[
    "dataset",
    "collate",
    "sampler",
    "pin",
    "start",
    "child_start",
    "construct",
    "receive",
    "reraise",
    "loader",
    "forward",
    "backward",
    "optimizer",
    "collective",
    "loading",
    "import",
    "user",
    "library",
    "unknown",
]
ELSEWHERE: frozenset[Place] = frozenset(
    {"forward", "backward", "optimizer", "collective", "loading", "import", "user", "library"}
)
_LOOP = re.compile(
    r"^(?:async )?for .{1,120} in .{0,80}(?:loader|enumerate\(|\bdl\b|batches|_iter\b)"
    r"|=\s*next\(.{0,40}(?:loader|iter)"
)
_DATA_FILE = re.compile(r"(?i)data(?!base|frame|module)|transforms?\.py|augment|collat")
_BY_FILE: dict[str, Place] = {
    "pin_memory.py": "pin",
    "sampler.py": "sampler",
    "fetch.py": "dataset",
    "dataset.py": "dataset",
}
_RECEIVING = ("_try", "_get", "__next__", "_next", "_process", "_handle", "handler")
_STARTING = ("popen_", "/process.py", "reduction.py", "forkserver.py")
_OTHER_LOADERS = (
    "fastai/data/",
    "torch_geometric/loader/",
    "torch_geometric/data/collate",
    "transformers/data/data_collator",
    "monai/data/",
    "mmcv/parallel/collate",
    "torchdata/",
    "webdataset/",
)
_OTHER_STARTERS = ("multiprocessing/managers.py", "multiprocessing/pool.py", "concurrent/futures/process.py")
_CHILDREN = ("multiprocessing/spawn.py", "multiprocessing/forkserver.py")
_OTHER_DATASETS = re.compile(r"site-packages/[\w.-]+/(?:\w+/)*(?:data|datasets?)/")
_NOT_AT_WORK = {"__getattr__", "<module>"}  # an attribute of a dataset is looked up; a module is imported
_SAMPLE_FUNCTIONS = ("__getitem__", "__getitems__")
_BY_PATH: tuple[tuple[str, Place], ...] = (
    ("torch/distributed/", "collective"),
    ("torch/nn/parallel/distributed", "collective"),
    ("torch/nn/", "forward"),
    ("torch/autograd/", "backward"),
    ("torch/optim/", "optimizer"),
    ("torch/serialization.py", "loading"),
    ("/datasets/load.py", "loading"),
    ("/datasets/builder.py", "loading"),
    ("importlib/", "import"),
    ("<frozen importlib", "import"),
)


def _in_loader(frames: tuple[Frame, ...], last: int) -> Place:
    """Name the part of the loader that the frames from the last loader frame on stand in."""
    loader, inner = frames[last], frames[last + 1 :]
    name = loader.path.rsplit("/", 1)[-1]
    if any(frame.function in _SAMPLE_FUNCTIONS and frame.is_user for frame in inner):
        return "dataset"
    is_own_collate = any("collate" in frame.function for frame in inner if frame.is_user)
    if name == "collate.py" or "collate_fn(" in loader.code or "collate" in loader.function or is_own_collate:
        return "collate"
    if name in _BY_FILE:
        return "construct" if loader.function == "random_split" else _BY_FILE[name]
    if "_sampler_iter" in loader.code or loader.function == "_next_index":
        return "sampler"
    is_idle = "index_queue" in loader.code
    is_working = loader.function == "_worker_loop" or (
        name == "worker.py" and loader.function == "<listcomp>"
    )
    is_fetching = "dataset_fetcher.fetch(" in loader.code
    if is_fetching or "/datapipes/" in loader.path or (is_working and inner and not is_idle):
        return "dataset"
    made = frames[last - 1].code if last else ""
    return _in_iterator(loader, inner, "DataLoaderIter(" in made and "Single" not in made)


def _in_iterator(loader: Frame, inner: tuple[Frame, ...], is_workers: bool) -> Place:
    """Name the part of an iterator; a line that is cut off in the `__init__` of workers' is their start."""
    if loader.code.endswith(".reraise()"):
        return "reraise"
    if loader.function in {"__init__", "__iter__", "_get_iterator"}:
        is_starting = any(part in frame.path for frame in inner for part in _STARTING)
        if is_starting or loader.code == "w.start()" or (is_workers and not loader.code):
            return "start"
        if loader.function == "__init__":
            return "construct"
    is_receiving = loader.function == "_worker_loop" or loader.function.startswith(_RECEIVING)
    return "receive" if is_receiving else "loader"


def _asks_itself(frame: Frame) -> bool:
    """Tell whether a frame of torch's is a dataset's own indexing, which needs no loader."""
    return frame.path.endswith("data/dataset.py") and frame.function in _SAMPLE_FUNCTIONS


def place_of(error: Error) -> Place:
    """Return where an error was raised; "unknown" where the log does not show it."""
    frames = error.frames
    if frames and frames[-1].path.endswith("torch/_utils.py") and frames[-1].function == "reraise":
        return "forward" if any("torch/nn/" in frame.path for frame in frames) else "reraise"
    if frames and "exc_type(batch.exc_msg)" in frames[-1].code:  # torch before 1.2
        return "reraise"
    positions = [
        index for index, frame in enumerate(frames) if frame.is_loader and frame.function not in _NOT_AT_WORK
    ]
    if all(_asks_itself(frames[index]) for index in positions):
        positions = []
    if positions:
        place = _in_loader(frames, positions[-1])
        # A worker carries only what its dataset, collate or init function raised: the frames are cut.
        return "dataset" if "worker process" in error.where and place in {"receive", "loader"} else place
    if "worker process" in error.where:
        return "collate" if any("collate" in frame.function for frame in frames) else "dataset"
    if "pin memory" in error.where:
        return "pin"
    return _outside(error) if frames else _unseen(error)


def _unseen(error: Error) -> Place:
    return "import" if error.type in {"ImportError", "ModuleNotFoundError"} else "unknown"


def _outside(error: Error) -> Place:
    """Name the place of an error without frames of torch's loader."""
    for rule in (_in_child, _in_samples, _in_import, _in_torch, _in_process):
        place = rule(error)
        if place is not None:
            return place
    if error.user_frame is None:
        return "library"
    return "unknown" if _starts_among_data(error) else "user"


def _starts_among_data(error: Error) -> bool:
    """Tell a traceback whose beginning is cut off, and whose rest begins in a file that reads data."""
    first = error.frames[0]
    is_whole = any(frame.function == "<module>" for frame in error.frames)
    return not is_whole and first.is_user and bool(_DATA_FILE.search(first.path.rsplit("/", 1)[-1]))


def _in_child(error: Error) -> Place | None:
    frames = error.frames
    is_child = any(part in frame.path for frame in frames for part in _CHILDREN)
    runs = any(frame.function in {"_wrap", "_bootstrap", "start_processes"} for frame in frames)
    if not is_child or runs:
        return None
    last = max(index for index, frame in enumerate(frames) if any(part in frame.path for part in _CHILDREN))
    inner = frames[last + 1 :]
    called = inner[0] if inner else frames[-1]
    is_rebuilt = called.is_user and called.path.endswith(".py") and called.function != "<module>"
    return "dataset" if is_rebuilt else "child_start"  # `__setstate__` or `__getattr__` of what was sent


def _in_samples(error: Error) -> Place | None:
    for frame in reversed(error.frames):
        if any(part in frame.path for part in _OTHER_LOADERS):
            return (
                "collate"
                if "collat" in frame.path + frame.function or "batch" in frame.function
                else "dataset"
            )
    own = [frame.function for frame in error.frames if frame.is_user]
    of_others = [
        frame.function for frame in error.frames if not frame.is_loader and _OTHER_DATASETS.search(frame.path)
    ]
    if any(function in _SAMPLE_FUNCTIONS for function in own + of_others):
        return "dataset"
    return "collate" if any("collate" in function for function in own) else None


def _in_import(error: Error) -> Place | None:
    if error.type in {"ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError"}:
        return "import"
    if error.is_cut and _imports(error.frames[-1]):
        return "import"
    if error.frames[-1].function == "<module>" and any(map(_imports, error.frames[:-1])):
        return "import"
    return "receive" if _LOOP.search(_last(error).code) else None


def _imports(frame: Frame) -> bool:
    return frame.code.startswith(("import ", "from "))


def _last(error: Error) -> Frame:
    """Return the last frame, of a traceback that is cut in a progress bar the one that loops over the bar."""
    frames = error.frames
    is_bar = error.is_cut and len(frames) > 1 and frames[-1].function == "__iter__" and not frames[-1].is_user
    return frames[-2] if is_bar else frames[-1]


def _in_torch(error: Error) -> Place | None:
    for part, place in _BY_PATH:
        if any(part in frame.path for frame in error.frames):
            return place
    last = error.frames[-1]
    return "backward" if last.function == "backward" or "torch/_tensor.py" in last.path else None


def _in_process(error: Error) -> Place | None:
    processes = [frame for frame in error.frames if frame.is_multiprocessing]
    if any(frame.function == "start_processes" for frame in processes):
        return "user"  # ranks are started, not workers
    if any(frame.path.endswith(_OTHER_STARTERS) for frame in error.frames):
        return "user"
    if any(frame.function in {"_launch", "_Popen", "dump", "start"} for frame in processes):
        return "start"
    if error.frames[0].is_multiprocessing:  # a worker of torch's would show its loop
        return "unknown" if error.is_cut or error.user_frame is None else "user"
    return None
