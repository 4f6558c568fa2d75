"""What the data and this interpreter are, in JSON values."""

import multiprocessing
import os
import pickle
import sys
from typing import Any

import torch

from .neighbours import num_cores
from .source import Source


class _Counter:
    """A file that only counts."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: Any) -> int:
        """Count bytes."""
        self.size += len(memoryview(data).cast("B"))
        return len(data)


def describe(source: Source) -> dict[str, Any]:
    """Return what decides about workers before anything is measured."""
    number, problem = pickled_bytes(source)
    return {
        "kind": "stream" if source.is_stream else "map",
        "name": type(source.dataset).__name__,
        "batch_size": source.batch_size,
        "num_batches": source.num_batches,
        "given": source.given,
        "pickled_bytes": number,
        "pickle_problem": problem,
        "cores": num_cores(),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
        "has_in_order": _has_in_order(),
        "has_cuda": torch.cuda.is_available(),
        "is_cuda_started": torch.cuda.is_initialized(),
        "start_methods": multiprocessing.get_all_start_methods(),
        "default_start_method": multiprocessing.get_start_method(allow_none=True)
        or multiprocessing.get_all_start_methods()[0],
        "preload": ["torch", "torch.utils.data", *(["numpy"] if "numpy" in sys.modules else [])],
        "module": type(source.dataset).__module__,
        "python": os.path.basename(sys.executable),  # noqa: PTH119
    }


def _has_in_order() -> bool:
    major, minor = (int(part) for part in torch.__version__.split(".")[:2])
    return (major, minor) >= (2, 6)


def pickled_bytes(source: Source) -> tuple[int | None, str]:
    """Return the bytes that each spawned worker is sent, or why they cannot be sent.

    Plain pickle stands in for that of multiprocessing, which would move tensors into shared memory.
    """
    counter: Any = _Counter()
    try:
        pickle.Pickler(counter, protocol=5).dump((source.dataset, source.collate_fn, source.worker_init_fn))
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
    return counter.size, ""
