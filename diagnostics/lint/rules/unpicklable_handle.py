"""A dataset keeps an open file, a lock or a generator.

What it means
-------------
The constructor of a dataset opens a file, a connection or a video, or makes a lock or a generator, and
keeps it on `self`; or such a thing is handed to a dataset that a loader with workers gets.

Why it matters
--------------
Workers that are not forked get the dataset pickled: "cannot pickle '_io.TextIOWrapper' object". Forked
workers share one file position, so that they read each other's lines.

How to fix
----------
Keep the path, and open the file in the worker when the first sample is asked for; or drop the handle in
`__getstate__`.

When it is fine
---------------
With num_workers=0, or where the constructor closes what it opened.

References
----------
Python documentation, pickle, "Handling Stateful Objects"; fork(2) on shared file offsets.
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import DatasetClass
from diagnostics.lint.handles import SAMPLING, is_renewed_per_worker, kept_handles, opened, stores
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN103"
SLUG = "unpicklable-handle"
TITLE = "A dataset keeps an open file, a lock or a generator"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import Dataset
class Lines(Dataset):
    def __init__(self, path):
        self.file = open(path)
    def __getitem__(self, index):
        self.file.seek(index * 80)
        return self.file.readline()
""",
    """
import threading
from torch.utils.data import DataLoader, Dataset
class Counted(Dataset):
    def __init__(self):
        self.lock = threading.Lock()
    def __getitem__(self, index):
        with self.lock:
            return index
loader = DataLoader(Counted(), num_workers=2)
""",
    """
from torch.utils.data import DataLoader, IterableDataset
def read(path):
    yield from open(path)
class Lines(IterableDataset):
    def __init__(self, lines):
        self.lines = lines
    def __iter__(self):
        return iter(self.lines)
loader = DataLoader(Lines(read("lines.txt")), num_workers=2)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader, IterableDataset
def read(path):
    yield from open(path)
class Lines(IterableDataset):
    def __init__(self, make, path):
        self.make, self.path = make, path
    def __iter__(self):
        return self.make(self.path)
loader = DataLoader(Lines(read, "lines.txt"), num_workers=2)
""",
    """
from torch.utils.data import Dataset
class Lines(Dataset):
    def __init__(self, path):
        with open(path) as file:
            self.lines = file.readlines()
    def __getitem__(self, index):
        return self.lines[index]
""",
    """
from torch.utils.data import Dataset
class Lines(Dataset):
    def __init__(self, path):
        self.path = path
        self.file = None
    def __getitem__(self, index):
        if self.file is None:
            self.file = open(self.path)
        self.file.seek(index * 80)
        return self.file.readline()
""",
    """
from torch.utils.data import Dataset
class Lines(Dataset):
    def __init__(self, path):
        self.file = open(path)
    def __getstate__(self):
        return {**self.__dict__, "file": None}
    def __getitem__(self, index):
        return self.file.readline()
""",
)

FILES = frozenset(
    [
        "open",
        "io.open",
        "gzip.open",
        "bz2.open",
        "lzma.open",
        "codecs.open",
        "sqlite3.connect",
        "av.open",
        "rasterio.open",
        "cv2.VideoCapture",
        "decord.VideoReader",
        "openslide.OpenSlide",
        "openslide.open_slide",
        "pymongo.MongoClient",
        "psycopg2.connect",
        "mysql.connector.connect",
        "socket.socket",
        "subprocess.Popen",
        "linecache.open",
        "torch.utils.tensorboard.SummaryWriter",
        "tensorboardX.SummaryWriter",
        "concurrent.futures.ThreadPoolExecutor",
        "concurrent.futures.ProcessPoolExecutor",
        "multiprocessing.Pool",
        "multiprocessing.pool.ThreadPool",
    ]
)
LOCKS = frozenset(["threading.Lock", "threading.RLock", "threading.Condition", "threading.Semaphore"])
HANDED = FILES | {"h5py.File", "lmdb.open", "zipfile.ZipFile", "tarfile.open"}


def find(script: Script) -> Iterator[Spot]:
    """Find handles kept by constructors, and handles handed to a loader's dataset."""
    for kept in kept_handles(script, FILES | LOCKS):
        is_lock = kept.function in LOCKS
        if kept.dataset.forks_only or not (kept.is_used or (is_lock and kept.dataset.has_workers)):
            continue
        if is_lock and not (kept.dataset.has_workers and kept.is_pickled):
            continue
        if not kept.is_pickled and is_renewed_per_worker(script, kept):
            continue
        harms = ["it cannot be pickled"] if kept.is_pickled else []
        harms += [] if is_lock else ["forked workers share its position"]
        message = (
            f"{kept.dataset.node.name} keeps {kept.name} = {kept.function}(...) for its workers: "
            f"{', and '.join(harms)}."
        )
        yield spot_at(
            kept.opening,
            message,
            "Open it in the worker, when it is first needed.",
            *kept.lazily(script, source_of(kept.opening) if is_lock else ""),
            confidence="certain" if kept.dataset.has_workers else "likely",
        )
    yield from _generators(script)
    yield from _handed(script)


def _generators(script: Script) -> Iterator[Spot]:
    for dataset in script.datasets.classes:
        if not dataset.has_workers or dataset.forks_only:
            continue
        used = _attributes_in_sampling(script, dataset)
        for name, _, value in stores(script.datasets.runs_in(dataset.node, "__init__")):
            for made in (each.node for each in script.values.possible(value) if name in used):
                if made is not None and _is_generator(script, made):
                    yield spot_at(
                        made,
                        f"{dataset.node.name} keeps the generator {name}: it cannot be pickled for workers.",
                        *_without_generator(name, made),
                    )


def _without_generator(name: str, made: ast.expr) -> tuple[str, str]:
    """Return what to keep in place of a generator: the call that makes it, or a list of what it gives."""
    if not isinstance(made, ast.Call):
        return "Keep a list or an array.", f"self.{name} = list({source_of(made)})"
    parts = [source_of(part) for part in (made.func, *made.args)]
    parts += [
        f"{word.arg}={source_of(word.value)}" if word.arg else f"**{source_of(word.value)}"
        for word in made.keywords
    ]
    return (
        "Keep what makes it, and call that in the worker.",
        f"functools.partial({', '.join(parts)})  # for {source_of(made)}; self.{name}() where it is read",
    )


def _attributes_in_sampling(script: Script, dataset: DatasetClass) -> set[str]:
    sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
    return {n.attr for f in sampling for n in ast.walk(f) if isinstance(n, ast.Attribute)}


def _is_generator(script: Script, value: ast.expr) -> bool:
    if isinstance(value, ast.GeneratorExp):
        return True
    if not isinstance(value, ast.Call) or last_name(value.func) not in script.values.functions:
        return False
    functions = script.values.functions[last_name(value.func)]
    return all(_yields(function) for function in functions)


def _yields(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _handed(script: Script) -> Iterator[Spot]:
    seen = {
        id(kept.opening) for kept in kept_handles(script, HANDED) if kept.is_used
    }  # told where it is kept
    for loader in script.loaders:
        if not loader.has_workers or loader.forks:
            continue
        for part in script.datasets.parts_of(loader.dataset):
            for opening, function in opened(script, part, HANDED):
                if id(opening) not in seen:
                    seen.add(id(opening))
                    yield spot_at(
                        opening,
                        f"{function}(...) is handed to the dataset of the loader in line "
                        f"{script.show_line(loader.call)}, which has workers: it cannot be pickled.",
                        "Hand over the path, and open it in the worker.",
                        "if self.file is None:  # first line of __getitem__; self.file = None in __init__",
                        f"    self.file = {source_of(opening)}",
                        confidence="likely",
                    )
