"""DataLoader throughput against workers, start method and device, for workloads bound by different things."""

from typing import Any

from bench.configuration import Options, Params, configurations
from bench.devices import require_device
from bench.loader_epochs import LoaderEpochs
from bench.start_methods import IN_PROCESS, require_start_method, start_methods_here
from bench.workloads import WORKLOADS, open_workload

QUICK_WORKERS = (0, 1, 2, 4)
FULL_WORKERS = (0, 1, 2, 3, 4, 6, 8)
QUICK_CURVES = ("image", "tiny", "wait")  # the other workloads: the fewest counts that show what bounds them
QUICK_POINTS = (0, 2)


def _worker_settings(options: Options) -> list[tuple[str, int]]:
    """Pair start methods with worker counts.

    The quick profile draws the whole curve for one start method, the cheapest to start, and takes the others
    at two workers: once workers are up, they differ in nothing but how long that took.
    """
    methods = options.start_methods or start_methods_here()
    counts = options.num_workers or {"smoke": (0, 2), "full": FULL_WORKERS}.get(
        options.profile, QUICK_WORKERS
    )
    narrowed = options.start_methods or options.is_full
    settings = [(IN_PROCESS, 0)] if 0 in counts else []
    for method in methods:
        whole_curve = narrowed or method == methods[0]
        settings += [(method, n) for n in counts if n and (whole_curve or n == min(2, max(counts)))]
    return settings


def grid(options: Options) -> list[Params]:
    """Every workload on every device; the quick profile compares start methods on photographs alone."""
    settings = _worker_settings(options)
    first = next((method for method, num_workers in settings if num_workers), IN_PROCESS)
    all_methods = options.start_methods or options.is_full
    all_counts = options.num_workers or options.is_full
    return [
        {"workload": workload, "device": device, "start_method": method, "num_workers": num_workers}
        for workload in ([options.dataset] if options.dataset else WORKLOADS)
        for device in options.devices
        for method, num_workers in settings
        if (all_methods or workload in {"image", options.dataset} or method in {first, IN_PROCESS})
        and (all_counts or workload in {*QUICK_CURVES, options.dataset} or num_workers in QUICK_POINTS)
    ]


@configurations(
    grid, topic="loader_throughput", group="DataLoader, {workload} on {device}: seconds per sample"
)
def bench_loader_throughput(
    workload: str,
    device: str,
    start_method: str,
    num_workers: int,
    batch_size: int | None = None,
    style: str = "map",
    **loader_arguments: Any,
) -> LoaderEpochs:
    """Samples per second once the workers are up, read to the device."""
    require_device(device)
    require_start_method(start_method)
    chosen = open_workload(workload, style)
    return LoaderEpochs(
        chosen.dataset,
        batch_size=batch_size or chosen.batch_size,
        num_workers=num_workers,
        start_method=start_method,
        device=device,
        collate_fn=chosen.collate_fn,
        **loader_arguments,
    )
