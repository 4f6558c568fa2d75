"""Memory grows from epoch to epoch.

What it means
-------------
Under fork, workers share the parent's memory until they write to it; reading a Python object writes its
reference count. A dataset that is a list of many objects is therefore copied, page by page, into each
worker. Kept batches and long prefetch queues grow as well.

Why it matters
--------------
After hours a worker is killed, with nothing in the log.

How to fix
----------
Hold the data in arrays (numpy, Arrow, torch tensors), not in lists and dictionaries of objects; copy what
you keep out of a batch. Bound what a dataset caches, or let it cache nothing; fewer workers.

When it is fine
---------------
Growth in the first epoch that ends is a cache that fills.

References
----------
PyTorch issue 13246.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import MIB, format_quantity
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, phrases, recognised

CODE = "DL219"
SLUG = "memory-growth"
TITLE = "Memory of the training grows and grows"
NEEDS = (
    "run.uss_first_bytes",
    "run.uss_late_bytes",
    "run.uss_last_bytes",
    "run.uss_seconds",
    "run.grown_name",
    "run.grown_kind",
    "run.grown_first_count",
    "run.grown_last_count",
)
FIRES = {
    "run.uss_first_bytes": 50_000_000,
    "run.uss_late_bytes": 300_000_000,
    "run.uss_last_bytes": 400_000_000,
    "run.uss_seconds": 120.0,
    "run.grown_name": "dataset.images",
    "run.grown_kind": "dict",
    "run.grown_first_count": 4,
    "run.grown_last_count": 900,
}
SILENT = {
    **FIRES,
    "run.uss_first_bytes": 50_000_000,
    "run.uss_late_bytes": 60_000_000,
    "run.uss_last_bytes": 60_000_000,
    "run.uss_seconds": 120.0,
}
GROWTH_RATIO = 1.3  # from the first reading to the last
_READING = (
    r"(?i)\b(?:rss|pss|uss|ram|(?:cpu |host |process )?mem(?:ory)?(?: usage| "
    r"used)?)\b[^\d\n]{0,12}(\d+(?:\.\d+)?) ?(%|[KMGT]i?B?\b)"
)
_SCALES = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "%": 1.0}
_MEMORY = r"(?:\bRAM\b|(?<!gpu )(?<!cuda )(?<!device )(?<!video )\bmemory\b)"
_GROWING = r"(?:increas|grow|ris(?:es?|ing)\b|climb|leak|blow(?:s|ing)? up|keeps? going up|accumulat|explod)"
_GROWS = rf"(?i)({_MEMORY}[^.!?]{{0,60}}?{_GROWING}|{_GROWING}\w*[^.!?]{{0,25}}?{_MEMORY})"
_OF_LOADING = r"(?i)data ?loader|num_worker|\bworkers\b|__getitem__"
_OF_HOST = r"\bRAM\b|(?i:\bswap\b|\b(?:cpu|host|system) memory\b)"
LOG_FIRES = (
    "epoch 0 RSS: 2.1 GB\nepoch 1 RSS: 3.4 GB\nepoch 2 RSS: 4.9 GB\nepoch 3 RSS: 6.2 GB\n",
    "step 0 memory usage 31%\nstep 500 memory usage 44%\nstep 1000 memory usage "
    "58%\nstep 1500 memory usage 77%\n",
)
LOG_SILENT = (
    "epoch 0 RSS: 2.1 GB\nepoch 1 RSS: 3.4 GB\nepoch 2 RSS: 3.4 GB\nepoch 3 RSS: 2.0 GB\n",
    "step 0 cuda memory: 2.1 GB\nstep 1 cuda memory: 3.4 GB\nstep 2 cuda memory: 4 "
    "GB\nstep 3 cuda memory: 5 GB\n",
)


_STILL_RATIO = 1.05  # over the last quarter: a cache that has filled no longer grows
_FEWEST_BYTES = 16 * MIB
_FEWEST_SECONDS, _LATE_SHARE = 2.0, 0.15  # what a worker takes up at its start, and less and less of, is none
_EARLY_SHARE = 0.25  # of the growth, in the first three quarters: one step alone is something that was loaded
_ARRAYS = Remedy(
    "Hold the dataset's index in arrays, not in lists of objects; copy what you keep out of a batch.",
    ("self.paths = numpy.array(paths, dtype=numpy.bytes_)",),
)
_BOUNDED = "@functools.lru_cache(maxsize=256)  # around what makes an entry, in place of {}"
_BOUNDS = {
    "dict": _BOUNDED,
    "lru_cache": _BOUNDED,
    "list": "collections.deque(maxlen=256)  # in place of {}",
    "set": "{}.clear()  # once an epoch, or when it is large",
}


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare a worker's own memory (USS) at the beginning, late and at the end."""
    first, late, last = (facts[f"run.uss_{when}_bytes"] for when in ("first", "late", "last"))
    seconds = facts["run.uss_seconds"]
    if not first or not late or last is None or not seconds:
        return not_applicable("No worker lived long enough to see its memory grow.")
    was, now = format_quantity(first, "bytes"), format_quantity(last, "bytes")
    span = format_quantity(seconds, "seconds")
    grows = last > GROWTH_RATIO * first and last > _STILL_RATIO * late and last - first > _FEWEST_BYTES
    is_long = seconds >= _FEWEST_SECONDS or bool(facts["run.grown_name"])
    is_steady = is_long and last - late >= _LATE_SHARE * (last - first)
    if not grows or not is_steady or late - first < _EARLY_SHARE * (last - first):
        return ok(f"A worker's own memory went from {was} to {now} in {span}.")
    rate = format_quantity((last - first) / seconds * 60, "bytes")
    read = f"USS of a worker: {was}, {format_quantity(late, 'bytes')}, {now} within {span}"
    summary = f"A worker's memory grows by {rate} a minute"
    parts = ("name", "kind", "first_count", "last_count")
    name, kind, few, many = (facts[f"run.grown_{part}"] for part in parts)
    bound = _BOUNDS.get(str(kind))
    if not name or bound is None:
        return warn(f"{summary}.", (read,), _ARRAYS, "likely")
    evidence = (read, f"{name}, a {kind}, went from {few} to {many} entries in one worker")
    remedy = Remedy("Keep fewer entries, or none; each worker keeps its own.", (bound.format(name),))
    return warn(f"{summary}, and {name} grows with it.", evidence, remedy, "likely")


def _is_of_device(clue: Clue) -> bool:
    text = clue.lines[0].text.lower()
    return any(word in text for word in ("cuda", "gpu", "vram", "tried to allocate", "alloc"))


def _told(trace: Trace) -> Recognition | None:
    """Find growth of main memory that is told in words, where workers are spoken of."""
    told = [
        clue for clue in phrases(trace, _GROWS) if "gpu" not in clue.groups[0].lower().replace("not gpu", "")
    ]
    if not told or not (
        trace.find(_OF_LOADING) or (trace.find(r"(?i)\b(?:epochs?|training)\b") and trace.find(_OF_HOST))
    ):
        return None
    summary = "The log tells of main memory that grows while batches are loaded."
    return recognised(told[0], summary, _ARRAYS, role=Role.STATED, score=45, confidence="possible")


def recognise(trace: Trace) -> Recognition | None:
    """Look for at least four readings of main memory that rise nearly always."""
    readings = [clue for clue in phrases(trace, _READING) if not _is_of_device(clue)]
    values = [float(clue.groups[0]) * _SCALES[clue.groups[1][0].upper()] for clue in readings]
    pairs = list(pairwise(values))
    if len(values) < 4 or sum(b >= a for a, b in pairs) < 0.8 * len(pairs):
        return _told(trace)
    ratio = values[-1] / (values[0] or 1)
    if ratio < GROWTH_RATIO:
        return _told(trace)
    found = Clue((*readings[0].lines[:1], *readings[-1].lines[:1]))
    return recognised(
        found,
        f"Memory grew {ratio:.3g}-fold over {len(values)} readings.",
        _ARRAYS,
        role=Role.REMARK,
        score=70,
        confidence="possible",
    )
