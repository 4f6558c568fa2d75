"""What starting a DataLoader's workers costs: seconds, memory, bytes pickled, and what grows as they read."""

from bench.configuration import Options, Params, configurations
from bench.start_methods import require_start_method, start_methods_here
from bench.start_up import WorkerStarts
from bench.starting import PRELOADED

HELD = ("nothing", "list", "array")


def grid(options: Options) -> list[Params]:
    """Return every start method with an empty dataset, and what holding 64 MiB changes.

    The quick profile leaves out spawn, which starts workers as forkserver does, and holds data under the
    cheapest start method alone.
    """
    here = start_methods_here()
    methods = options.start_methods or (here if options.is_full or len(here) == 1 else ("fork", "forkserver"))
    if "forkserver" in methods:
        methods = (*methods, PRELOADED)
    counts = [n for n in options.num_workers if n] or ([1, 2, 4] if options.is_full else [2])
    return [
        {"held": held, "start_method": method, "num_workers": num_workers}
        for held in HELD
        for method in methods
        for num_workers in counts
        if options.is_full or held == "nothing" or method == methods[0]
    ]


@configurations(
    grid, topic="loader_startup", group="Starting workers, {held} held: seconds until all deliver"
)
def bench_loader_startup(held: str, start_method: str, num_workers: int) -> WorkerStarts:
    """Seconds until every worker has delivered its first batch."""
    require_start_method(start_method.partition(" ")[0])
    return WorkerStarts(held, start_method, num_workers)
