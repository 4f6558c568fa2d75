"""Where the time of a run's loading went: how long training waited for data, and what bounds the loading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from diagnostics.findings import Finding
from diagnostics.quantities import format_quantity
from diagnostics.watch.observing import Observed
from diagnostics.watch.records import LoaderUse, Record

Bound = Literal["none", "startup", "sampler", "skew", "crossing", "copy", "cpu", "wait", "mixed"]
HIDDEN_FRACTION = 0.05  # of the loop: below it loading is hidden behind the training's own work
SLOW_SHARE = 0.3  # of the time of fetching, in samples that take over ten times the mean
BUSY, WAITING = 0.7, 0.3  # of the time of fetching, on the CPU
DEFAULT_COLLATE = "torch.utils.data._utils.collate."
WORDS: Mapping[str, str] = {
    "startup": "starting workers and their first batches",
    "sampler": "the sampler's drawing of indices",
    "skew": "a few slow samples",
    "crossing": "handing batches from process to process",
    "copy": "collating samples into batches",
    "cpu": "computing samples",
    "wait": "waiting for storage",
    "mixed": "reading and computing samples",
}


@dataclass(frozen=True)
class Cost:
    """What one DataLoader cost, in seconds; workers' times are sums over all of them.

    Attributes
    ----------
    wait, first_wait, start, busy, draw : float
        Of the reader: for later batches, for the first ones, for starting workers; its own work; and what
        a sampler of the program's own took of that waiting.
    fetch, cpu, ready, timed, collate, send, idle, slow : float
        Of those who load: fetching samples; on the CPU, and ready for it while others had it, of the batches
        that were timed so, which took `timed` to fetch and collate; collating; handing over; waiting for
        tasks; in slow samples.
    uses_cuda : bool
        Whether the reader has put CUDA to use: it may have computed while the reader waited.
    """

    use: LoaderUse
    num_batches: int
    wait: float
    first_wait: float
    start: float
    busy: float
    draw: float
    fetch: float
    cpu: float
    ready: float
    timed: float
    collate: float
    send: float
    idle: float
    slow: float
    num_slow: int
    uses_cuda: bool

    @property
    def num_workers(self) -> int:
        """As the loader was told."""
        return int(self.use.arguments.get("num_workers") or 0)

    @property
    def waited(self) -> float:
        """All that the reader waited."""
        return self.wait + self.first_wait + self.start

    @property
    def starting(self) -> float:
        """What starting workers took: first batches are waited for longer than it takes to load one.

        The sampler's draws for those are not theirs; without workers there is nothing to start.
        """
        a_batch = (self.fetch + self.collate) / max(1, self.num_batches)
        first = max(0.0, self.first_wait - self.use.counters["epochs"] * a_batch)
        return max(0.0, self.start + first - self.draw) if self.num_workers else 0.0

    @property
    def loop(self) -> float:
        """From asking for the first batch to the last one."""
        return self.waited + self.busy

    @property
    def without_workers(self) -> float:
        """How long the loop would have taken had the reader loaded the samples itself."""
        return self.fetch + self.collate + self.draw + self.busy

    @property
    def is_collated_by_default(self) -> bool:
        """Whether torch's own function makes the batches, which copies and does nothing else."""
        return str(self.use.arguments.get("collate_fn", DEFAULT_COLLATE)).startswith(DEFAULT_COLLATE)

    @property
    def _bound_of_batches(self) -> Bound:
        """What fetching and collating take: waiting, copying, or the processor."""
        share = (self.cpu + self.ready) / self.timed if self.timed else 1.0
        if share < WAITING:
            return "wait"
        if self.collate > self.fetch and self.is_collated_by_default:
            return "copy"
        return "cpu" if share > BUSY else "mixed"

    @property
    def bound(self) -> Bound:
        """What the loading is bound by: the part that is the largest where the reader waited."""
        if not self.loop or self.waited < HIDDEN_FRACTION * self.loop:
            return "none"
        if self.draw > self.waited / 2:
            return "sampler"
        if self.starting > self.waited / 2:
            return "startup"
        if self.slow > SLOW_SHARE * self.fetch:
            return "skew"
        if (
            self.num_workers
            and max(self.send, self.idle - self.busy * self.num_workers) > self.fetch + self.collate
        ):
            return "crossing"  # workers that idle while the reader is not busy wait for it to take batches in
        return self._bound_of_batches


def _cost(use: LoaderUse, loading: Sequence[Record], uses_cuda: bool) -> Cost:
    reader = {name: use.seconds(name) for name in ("wait", "first_wait", "start", "busy", "draw")}
    names = ("fetch", "cpu", "ready", "timed", "collate", "send", "idle", "slow")
    loaders = {name: sum(one.seconds(name) for one in loading) for name in names}
    num_slow = sum(one.process["slow_count"] for one in loading)
    return Cost(use, use.counters["batches"], **reader, **loaders, num_slow=num_slow, uses_cuda=uses_cuda)


def costs(observed: Observed) -> list[Cost]:
    """Return what each DataLoader cost, the one that was waited for longest first."""
    found = []
    for main in observed.mains:
        for use in main.loaders:
            workers = [
                one
                for one in observed.workers
                if one.process["parent"] == main.pid and one.process["loader"] == use.identity
            ]
            loading = workers if use.arguments.get("num_workers") else [main]
            found.append(_cost(use, loading, bool(main.process["uses_cuda"])))
    return sorted(found, key=lambda cost: -cost.waited)


def waiting(observed: Observed) -> dict[str, Any]:
    """Return how long the reading processes waited for data, over all DataLoaders.

    Returns
    -------
    dict
        `seconds` waited, `loop_seconds` from the first request to the last batch, the `fraction` of it;
        `first_batch_seconds` and `start_seconds` of it; what the slowest loader is `bound` by.
    """
    each = costs(observed)
    waited, loop = sum(one.waited for one in each), sum(one.loop for one in each)
    return {
        "seconds": waited,
        "loop_seconds": loop,
        "fraction": waited / loop if loop else None,
        "first_batch_seconds": sum(one.first_wait for one in each),
        "start_seconds": sum(one.start for one in each),
        "batches": sum(one.num_batches for one in each),
        "bound": each[0].bound if each else "none",
    }


def attribution_facts(observed: Observed) -> dict[str, Any]:
    """Return the facts of the loader that was waited for longest; None for each where there is none."""
    first = next(iter(costs(observed)), None)
    if first is None:
        return dict.fromkeys(FACTS)
    counters, arguments = first.use.counters, first.use.arguments
    return {
        "waiting_seconds": first.waited,
        "loop_seconds": first.loop,
        "bound_name": first.bound,
        "start_seconds": max(0.0, first.start + first.first_wait - first.draw),
        "worker_starts_count": counters["worker_starts"],
        "has_persistent_workers": arguments.get("persistent_workers"),
        "loader_workers_count": first.num_workers,
        "loader_start_method_name": arguments.get("start_method"),
        "without_workers_seconds": first.without_workers if first.fetch else None,
        "slow_samples_count": first.num_slow,
        "slow_samples_fraction": min(1.0, first.slow / first.fetch) if first.fetch else None,
        "is_in_order": arguments.get("in_order"),
        "uses_cuda": first.uses_cuda,
    }


FACTS = (
    "waiting_seconds",
    "loop_seconds",
    "bound_name",
    "start_seconds",
    "worker_starts_count",
    "has_persistent_workers",
    "loader_workers_count",
    "loader_start_method_name",
    "without_workers_seconds",
    "slow_samples_count",
    "slow_samples_fraction",
    "is_in_order",
    "uses_cuda",
)


def calm_line(observed: Observed, worth: Sequence[Finding]) -> str:
    """Return how long training waited for data, what for, and whether anything is worth changing."""
    waited = waiting(observed)
    if not waited["batches"]:
        return "no DataLoader delivered a batch that the probe could see."
    seconds, loop = (format_quantity(waited[name], "seconds") for name in ("seconds", "loop_seconds"))
    what = f", most of it {WORDS[waited['bound']]}" if waited["bound"] in WORDS else ""
    change = "nothing is worth changing." if not worth else "worth a look:"
    return (
        f"training waited {seconds} for data, {waited['fraction']:.0%} of the loop's {loop}{what}; {change}"
    )


def loader_rows(each: Iterable[Cost]) -> list[dict[str, Any]]:
    """Return each DataLoader with its arguments and what it cost."""
    names = (
        "wait",
        "first_wait",
        "start",
        "busy",
        "draw",
        "fetch",
        "cpu",
        "ready",
        "collate",
        "send",
        "idle",
        "slow",
    )
    return [
        {
            **cost.use.arguments,
            "epochs": cost.use.counters["epochs"],
            "batches": cost.num_batches,
            "bound": cost.bound,
            "slow_samples": cost.num_slow,
            **{f"{name}_seconds": getattr(cost, name) for name in names},
        }
        for cost in each
    ]


def worker_rows(observed: Observed) -> list[dict[str, Any]]:
    """Return each worker with what it did."""
    return [
        {
            "worker": one.worker,
            "pid": one.pid,
            "parent": one.process["parent"],
            "stage": one.stage,
            "batches": one.process["batches"],
            "samples": one.process["samples"],
            **{f"{name}_seconds": one.seconds(name) for name in ("fetch", "cpu", "collate", "send", "idle")},
            "slowest_sample_seconds": one.seconds("slowest"),
            "slowest_sample_index": one.process["slowest_index"],
            "uss_bytes": observed.growths[one.pid].uss_bytes[-1] if one.pid in observed.growths else None,
        }
        for one in observed.workers
    ]
