"""What single arguments of a DataLoader change, each on a workload where it could matter.

All else is the same within a group: the rows of one argument are compared pass by pass.
"""

from typing import Any

from bench import bench_loader_throughput as throughput
from bench.configuration import Options, Params, configurations
from bench.loader_epochs import LoaderEpochs
from bench.start_methods import IN_PROCESS, start_methods_here

Values = tuple[Any, ...]
QUICK: dict[tuple[str, str], Values] = {
    ("skewed", "in_order"): (True, False),
    ("tiny", "batch_size"): (16, 256),
}
FULL: dict[tuple[str, str], Values] = {
    ("skewed", "in_order"): (True, False),
    ("image", "in_order"): (True, False),
    ("wait", "prefetch_factor"): (1, 2, 4, 8),
    ("skewed", "prefetch_factor"): (1, 2, 4, 8),
    ("tiny", "batch_size"): (16, 64, 256, 1024),
    ("copy", "batch_size"): (1, 4, 16),
    ("image", "style"): ("map", "iterable"),
    ("tiny", "style"): ("map", "iterable"),
    ("copy", "pin_memory"): (False, True),
}
NEEDS_WORKERS = frozenset({"in_order", "prefetch_factor"})
NEEDS_CUDA = frozenset({"pin_memory"})  # without an accelerator torch ignores it and warns


def grid(options: Options) -> list[Params]:
    """Return one row a value; with the user's own data every argument that its style leaves open is tried."""
    arguments = FULL if options.is_full else QUICK
    if options.dataset:
        arguments = {
            (options.dataset, a): v for (_, a), v in arguments.items() if a not in {"style", "batch_size"}
        }
    methods = options.start_methods or start_methods_here()[:1]
    counts = options.num_workers or ((2, 4) if options.is_full else (2,))
    return [
        {
            "workload": workload,
            "device": device,
            "start_method": method if num_workers else IN_PROCESS,
            "num_workers": num_workers,
            "argument": argument,
            "value": value,
        }
        for (workload, argument), values in arguments.items()
        for device in options.devices
        for method in methods
        for num_workers in counts
        for value in values
        if num_workers or argument not in NEEDS_WORKERS
        if device != "cpu" or argument not in NEEDS_CUDA
    ]


@configurations(
    grid,
    topic="loader_settings",
    group="DataLoader, {argument} on {workload} with {num_workers} workers, {device}: seconds per sample",
)
def bench_loader_settings(
    workload: str, device: str, start_method: str, num_workers: int, argument: str, value: Any
) -> LoaderEpochs:
    """Samples per second with one argument changed."""
    return throughput.bench_loader_throughput(
        workload, device, start_method, num_workers, **{argument: value}
    )
