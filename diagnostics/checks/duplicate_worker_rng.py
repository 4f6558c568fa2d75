"""All workers draw the same random numbers.

What it means
-------------
A forked worker inherits the state of random generators. torch seeds `random`, torch and (in newer versions)
NumPy's global one per worker; a generator that the dataset holds, or NumPy in old versions, is not.

Why it matters
--------------
Augmentation repeats itself in every worker and every epoch, silently; accuracy suffers.

How to fix
----------
Seed in worker_init_fn from `torch.initial_seed()`, or draw from torch's generator.

When it is fine
---------------
Never for augmentation.

References
----------
PyTorch documentation, "Randomness in multi-process data loading"; PyTorch issue 5059.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok
from diagnostics.traces.clues import Recognition, Role, Trace, recognised, told
from diagnostics.traces.repeats import WORKERS, repeated_by_workers, repeated_numbers

CODE = "DL242"
SLUG = "duplicate-worker-rng"
TITLE = "Workers draw the same random numbers"
NEEDS = (
    "run.random_workers_count",
    "run.equal_random_workers_count",
    "run.equal_random_names",
    "run.equal_random_kinds",
)
FIRES = {
    "run.random_workers_count": 4,
    "run.equal_random_workers_count": 4,
    "run.equal_random_names": ["dataset.dataset.transform.transforms[0].rng"],
    "run.equal_random_kinds": ["numpy.random._generator.Generator(PCG64)"],
}
SILENT = {
    "run.random_workers_count": 4,
    "run.equal_random_workers_count": 0,
    "run.equal_random_names": [],
    "run.equal_random_kinds": [],
}
MOST_SHOWN = 4
_SAME = r"\b(?:same|identical|duplicated?)\b[^.?!]{0,40}(?:\brandom|\baugment)"
_WHO = r"\b(?:workers?|threads?|process(?:es)?|batch(?:es)?)\b"
_SAYING = (rf"(?i){_SAME}[^.?!]{{0,60}}{_WHO}", rf"(?i){_WHO}[^.?!]{{0,60}}{_SAME}")
LOG_FIRES = (
    "worker 0: 0.5488135 0.71518937\nworker 1: 0.5488135 0.71518937\nworker 2: 0.5488135 0.71518937\n",
    "worker_id=0 random crop (0.3745, 0.9507)\nworker_id=1 random crop (0.3745, 0.9507)\n",
)
LOG_SILENT = (
    "worker 0: 0.5488135 0.71518937\nworker 1: 0.4236548 0.64589411\n",
    "worker 0 yields [0, 1, 2, 3]\nworker 1 yields [0, 1, 2, 3]\n",
)


_SEED = Remedy(
    "Seed each worker from torch's seed, in worker_init_fn.",
    (
        "def seed_worker(worker_id):",
        "    seed = torch.initial_seed() % 2**31",
        "    np.random.seed(seed)",
        "    torch.utils.data.get_worker_info().dataset.rng = np.random.default_rng(seed)",
        "DataLoader(..., worker_init_fn=seed_worker)",
    ),
)


def _seeded(name: str, kind: str, number: int) -> str:
    """Return the line that seeds one generator where it lies."""
    own = str(name).removeprefix("__main__.")
    seed = f"seed + {number}" if number else "seed"
    kind, _, bits = str(kind).removesuffix(")").partition("(")
    if kind.startswith("numpy.") and bits:
        return f"    {own}.bit_generator.state = np.random.{bits}({seed}).state"
    verb = "manual_seed" if kind.startswith("torch.") else "seed"
    return f"    {own}.{verb}({seed})"


def _seeding(names: list[str], kinds: list[str]) -> Remedy:
    """Return a worker_init_fn for the generators that were found."""
    shown = list(zip(names, kinds, strict=False))[:MOST_SHOWN]
    dataset = "    dataset = torch.utils.data.get_worker_info().dataset"
    lines = [_seeded(*one, number) for number, one in enumerate(shown)]
    is_held = any(str(name).startswith("dataset") for name, _ in shown)
    commands = (*_SEED.commands[:2], *([dataset] if is_held else []), *lines, _SEED.commands[-1])
    return Remedy(_SEED.text, commands)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for generators that several workers began with in the same state, and drew from."""
    num_workers, num_equal = facts["run.random_workers_count"], facts["run.equal_random_workers_count"]
    names = facts["run.equal_random_names"]
    if not num_workers or num_equal is None:
        return not_applicable("No two workers loaded samples side by side.")
    if not num_equal or not isinstance(names, list):
        return ok(f"The {num_workers} workers draw different random numbers.")
    which = ", ".join(map(str, names))
    evidence = (f"{which}: in the same state in {num_equal} of {num_workers} workers, and drawn from",)
    kinds = facts["run.equal_random_kinds"]
    remedy = _seeding(names, kinds) if isinstance(kinds, list) and kinds else _SEED
    return fail(f"{num_equal} workers draw the same random numbers from {which}.", evidence, remedy)


def recognise(trace: Trace) -> Recognition | None:
    """Look for equal fractions of different workers, for numbers that repeat, and for such words."""
    if found := repeated_by_workers(trace, fractions=True):
        summary = "Two workers print equal random numbers."
        return recognised(found, summary, _SEED, Role.REMARK, 70, "likely")
    words = repeated_numbers(trace) or told(trace, *_SAYING)
    if words is None or not trace.find(WORKERS):
        return None
    summary = "Workers seem to draw the same random numbers."
    return recognised(words, summary, _SEED, Role.STATED, 45, "possible")
