"""An HDF5, LMDB, zip or tar file is opened before the workers start.

What it means
-------------
The dataset opens the file in its constructor (or at module level) and reads samples through that handle in
`__getitem__`. Every worker gets the same handle.

Why it matters
--------------
Forked workers share one file position and one library state: reads return other samples' bytes, "bad
object header", "Bad CRC-32", or hang, although the file is whole. Workers that are not forked cannot get
the handle at all: it cannot be pickled.

How to fix
----------
Keep the path, and open the file when a worker reads its first sample.

When it is fine
---------------
With num_workers=0, or where worker_init_fn opens the file anew in each worker.

References
----------
h5py documentation, "Multiprocessing"; lmdb documentation on fork ("Environment class"); fork(2).
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.handles import is_renewed_per_worker, kept_handles
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at

CODE = "LN114"
SLUG = "fork-shared-handle"
TITLE = "An HDF5, LMDB, zip or tar file is opened before the workers start"
STATUS = Status.WARN
FIRES = (
    """
import h5py
from torch.utils.data import Dataset
class Volumes(Dataset):
    def __init__(self, path):
        self.file = h5py.File(path, "r")
    def __getitem__(self, index):
        return self.file["volumes"][index]
""",
    """
import lmdb
from torch.utils.data import DataLoader, Dataset
class Images(Dataset):
    def __init__(self, path):
        env = lmdb.open(path, readonly=True)
        self.env = env
    def __getitem__(self, index):
        with self.env.begin() as transaction:
            return transaction.get(str(index).encode())
loader = DataLoader(Images("x"), num_workers=4)
""",
)
SILENT = (
    """
import h5py
from torch.utils.data import Dataset
class Volumes(Dataset):
    def __init__(self, path):
        self.path, self.file = path, None
        with h5py.File(path, "r") as file:
            self.length = len(file["volumes"])
    def __getitem__(self, index):
        if self.file is None:
            self.file = h5py.File(self.path, "r")
        return self.file["volumes"][index]
""",
    """
import h5py
from torch.utils.data import Dataset
class Volumes(Dataset):
    def __init__(self, path):
        self.volumes = h5py.File(path, "r")["volumes"][:]
    def __getitem__(self, index):
        return self.volumes[index]
""",
    """
import h5py
from torch.utils.data import DataLoader, Dataset
class Volumes(Dataset):
    def __init__(self, path):
        self.file = h5py.File(path, "r")
    def __getitem__(self, index):
        return self.file["volumes"][index]
loader = DataLoader(Volumes("x.h5"), batch_size=8)
""",
)

OPENING = frozenset(
    [
        "h5py.File",
        "lmdb.open",
        "lmdb.Environment",
        "zipfile.ZipFile",
        "tarfile.open",
        "tarfile.TarFile",
        "netCDF4.Dataset",
        "tables.open_file",
    ]
)


def find(script: Script) -> Iterator[Spot]:
    """Find such handles in datasets that may get workers."""
    for kept in kept_handles(script, OPENING):
        if kept.is_used and not is_renewed_per_worker(script, kept):
            name, others = kept.dataset.node.name, ", others cannot get it" if kept.is_pickled else ""
            message = (
                f"{name} opens {kept.name} = {kept.function}(...) before the workers start and reads "
                f"samples through it: forked workers share it{others}."
            )
            yield spot_at(
                kept.opening,
                message,
                "Open it in the worker, when the first sample is read.",
                *kept.lazily(script),
                confidence="certain" if kept.dataset.has_workers else "likely",
            )
