"""Trial: how many batches can be kept before the open files run out. Run by path in a child.

Under the sharing strategy `file_descriptor` each tensor that a worker sends holds a descriptor for as long as
it is kept. Batches of two tensors are kept here under a small limit of this process's own, until one is
refused; with the descriptors that each took, the number that fits the user's own limit is told.
"""

import json
import os
from contextlib import suppress
from typing import Any

NEEDS_TORCH = True
TENSORS_A_BATCH = 2
LOW_LIMIT = 128  # open files; enough for a loader to start, few enough to be full at once
MOST_BATCHES = 4 * LOW_LIMIT
PATIENCE_SECONDS = 20.0  # for a batch: where sockets cannot be bound, torch waits for ever
REASON_CHARACTERS = 200


class Pairs:
    """A dataset of samples with two parts, each of which becomes a tensor of the batch."""

    def __len__(self) -> int:
        """Return more samples than can be kept."""
        return MOST_BATCHES

    def __getitem__(self, index: int) -> tuple[float, int]:
        """Return a sample."""
        return float(index), index


def open_files() -> int:
    """Return how many descriptors this process holds."""
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"  # noqa: PTH112  stands alone
    return len(os.listdir(folder)) - 1  # noqa: PTH208


def kept_batches() -> tuple[list[int], str | None]:
    """Keep batches until one is refused; return the open files after each, and the refusal."""
    import torch.utils.data

    loader = torch.utils.data.DataLoader(
        Pairs(), batch_size=1, num_workers=1, multiprocessing_context="fork", timeout=PATIENCE_SECONDS
    )
    kept, counts = [], []
    try:
        for batch in loader:
            kept.append(batch)
            counts.append(open_files())
    except (OSError, RuntimeError) as error:
        return counts, f"{type(error).__name__}: {error}".splitlines()[0][:REASON_CHARACTERS]
    return counts, None


def as_facts(counts: list[int], problem: str | None, soft_limit: int | None, before: int) -> dict[str, Any]:
    """Return the facts: descriptors per batch by the middle of the counts, and what fits the limit.

    Parameters
    ----------
    counts : list of int
        Open files after each batch that was kept.
    problem : str or None
        What refused the next one.
    soft_limit : int or None
        The user's own limit; None where there is none.
    before : int
        Open files before the loader was made.
    """
    per_batch = (counts[-1] - counts[0]) / (len(counts) - 1) if len(counts) > 1 else None
    fits = None
    if per_batch and soft_limit is not None:
        fits = max(0, int((soft_limit - before) / per_batch))
    source = f"batches of {TENSORS_A_BATCH} tensors, kept under a limit of {LOW_LIMIT} open files"
    values = {
        "trial.open_files_per_batch_count": (per_batch, "count"),
        "trial.held_batches_count": (fits, "count"),
        "trial.held_batches_problem": (problem, ""),
    }
    return {key: {"value": value, "unit": unit, "source": source} for key, (value, unit) in values.items()}


def main() -> None:
    """Keep batches and print what it came to; nulls where tensors are shared in another way."""
    import torch.multiprocessing as torch_multiprocessing

    if "fork" not in torch_multiprocessing.get_all_start_methods() or (
        torch_multiprocessing.get_sharing_strategy() != "file_descriptor"
    ):
        print(json.dumps({"facts": as_facts([], None, None, 0)}))
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = open_files()
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(LOW_LIMIT, soft), hard))
    counts, problem = kept_batches()
    limit = None if soft == resource.RLIM_INFINITY else soft
    print(json.dumps({"facts": as_facts(counts, problem, limit, before)}))


if __name__ == "__main__":
    main()
