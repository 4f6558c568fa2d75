"""Steps wait for data.

What it means
-------------
Of the time of a step, as the training printed it, more than half is waiting for the next batch; or `run` saw
the training's process wait for a quarter of its loop and more. A GPU works on after it was given its work:
what it computed while the process waited, `run` does not see, and then it claims no gain.

Why it matters
--------------
The accelerator idles meanwhile; a faster one changes nothing.

How to fix
----------
Find what bounds the loading (storage, decoding, one slow sample, the copy), then more workers, faster
storage, less work a sample. Measure before and after.

When it is fine
---------------
In the first steps, while workers start. On a GPU that is busy all the same: a run whose steps end with
torch.cuda.synchronize() tells, and so does `profile --step`, which waits for the GPU after each step.

References
----------
PyTorch, "Performance Tuning Guide".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import counted, format_quantity
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, has, phrases, recognised, told

CODE = "DL253"
SLUG = "loader-bottleneck"
TITLE = "Training waits for data"
NEEDS = (
    "run.waiting_seconds",
    "run.loop_seconds",
    "run.bound_name",
    "run.loader_workers_count",
    "run.loader_start_method_name",
    "run.worker_starts_count",
    "run.uses_cuda",
)
FIRES = {
    "run.waiting_seconds": 40.0,
    "run.loop_seconds": 100.0,
    "run.bound_name": "cpu",
    "run.loader_workers_count": 2,
    "run.loader_start_method_name": "fork",
    "run.worker_starts_count": 1,
    "run.uses_cuda": False,
}
SILENT = {
    "run.waiting_seconds": 1.0,
    "run.loop_seconds": 100.0,
    "run.bound_name": "none",
    "run.loader_workers_count": 2,
    "run.loader_start_method_name": "fork",
    "run.worker_starts_count": 1,
    "run.uses_cuda": False,
}
WAITING_FRACTION = 0.25  # of the loop
MOST_FRACTION = 0.9  # above it what is left of the loop is too little to speak of a factor
FEWEST_SECONDS = 2.0  # of waiting: less is not worth anybody's time
FEWEST_START_SECONDS = 10.0  # of a start that is the only one: a longer run has no more of it
WAITING_SHARE = 0.5  # of a step's time
_FEWEST_HELD_UP = 2  # steps: one alone may have another reason
_FIRST_STEP = r"\b0/\d"  # of an epoch: workers start
_STEP = (
    r"(?i)\b(?:batch[_ ]?)?time:?\s+(\d+\.\d+)s?(?: \( ?[\d.]+\))?[^\n]{0,40}?\bdata(?:[_ "
    r"]time)?:?\s+(\d+\.\d+)"
)
_REVERSED = (
    r"(?i)\bdata(?:[_ ]time)?:?\s+(\d+\.\d+)s?(?: \( ?[\d.]+\))?[^\n]{0,40}?\b(?:batch[_ "
    r"]?|iter[_ ]?|step[_ ]?)time:?\s+(\d+\.\d+)"
)
_LOADS = r"(?:data[-_ ]?load(?:er|ing)s?|load(?:ing|s)? (?:\w+ )?data)\b"
_OF_DATA = rf"(?i){_LOADS}|num_workers|data[_ ]time|for (?:the )?data\b"
_SAYING = (
    r"(?i)\bGPUs?\b[^.?!]{0,40}\b(?:idles?|idling|starv\w+|waits?|waiting)\b",
    r"(?i)\bGPU[- ]?(?:util\w*|usage|load)\b[^.?!]{0,60}\b(?:drop|fall|go|stay|remain|becom|is)\w*\b"
    r"[^.?!]{0,30}\b0\b(?!\.)",
    rf"(?i)\b{_LOADS}[^.?!,]{{0,40}}\b(?:slow(?:ly)?|lag\w*|bottleneck)\b",
    rf"(?i)\b(?:slow\w*|lag\w*|bottleneck\w*|limited)\b[^.?!]{{0,20}}\b(?:due to|because of|by|is) (?:the )?"
    rf"{_LOADS}",
    rf"(?i)\btime\b[^.?!]{{0,30}}\b(?:consumed|spent|taken|used)\b[^.?!]{{0,20}}\b{_LOADS}",
)
LOG_FIRES = (
    "Epoch: [0][10/500]\tTime 1.52 (1.60)\tData 1.31 (1.40)\nEpoch: [0][20/500]\tTime "
    "1.50 (1.58)\tData 1.29 (1.38)\n"
    "Epoch: [0][30/500]\tTime 1.49 (1.57)\tData 1.28 (1.37)\n",
    "Iter 50 time: 0.912, data_time: 0.801\nIter 100 time: 0.902, data_time: 0.799\nIter "
    "150 time: 0.95, data_time: 0.81\n",
)
LOG_SILENT = (
    "Epoch: [0][10/500]\tTime 1.52 (1.60)\tData 0.01 (0.02)\nEpoch: [0][20/500]\tTime "
    "1.50 (1.58)\tData 0.01 (0.02)\n"
    "Epoch: [0][30/500]\tTime 1.49 (1.57)\tData 0.01 (0.02)\n",
)


_STEPPED = (
    "python -m diagnostics profile FILE.py:NAME --step FILE.py:NAME  # waits for the GPU after each step"
)
_TUNE = "python -m diagnostics tune FILE.py:NAME  # measures which settings are best here"
_MORE = "DataLoader(..., num_workers={more})  # or more: they hardly use a core"
_DRAW = (
    "yield from torch.randperm(len(self.data)).tolist()  # in the sampler's __iter__, or what stands for it; "
    "by weights: torch.multinomial(weights, num_samples, replacement=True)"
)
_FORKED_ONCE = (
    "Forked workers start once, and yet slowly: their first samples take that time.",
    ("python -m diagnostics profile FILE.py:NAME", _TUNE),
)
_ONCE = (
    "Workers start once, and yet slowly: hand them less, or load torch into a forkserver beforehand.",
    (
        'multiprocessing.set_start_method("forkserver")  # under the main guard; not on Windows',
        'multiprocessing.set_forkserver_preload(["torch", "__main__"])',
        _TUNE,
    ),
)
_ADVICE = {
    "startup": ("Keep the workers.", ("DataLoader(..., persistent_workers=True)", _TUNE)),
    "sampler": (
        "The main process draws the indices, and no worker helps: draw an epoch's at once.",
        (_DRAW,),
    ),
    "skew": ("Let other batches pass the slow samples.", ("DataLoader(..., in_order=False)", _TUNE)),
    "crossing": ("Hand over less, or load in the main process.", ("DataLoader(..., num_workers=0)", _TUNE)),
    "copy": ("Let samples be smaller when they are collated: uint8, not float32.", (_TUNE,)),
    "cpu": ("Do less work a sample, or share it among more workers where cores are free.", (_TUNE,)),
    "wait": ("More workers wait side by side.", (_MORE, _TUNE)),
    "mixed": ("Measure how many workers are best.", (_TUNE,)),
}


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare what the loop waited with how long it took."""
    waited, loop, bound = facts["run.waiting_seconds"], facts["run.loop_seconds"], facts["run.bound_name"]
    if not loop or waited is None:
        return not_applicable("No batch was read.")
    share, seconds = waited / loop, format_quantity(waited, "seconds")
    advice = _ADVICE.get(bound) if isinstance(bound, str) else None
    fewest = FEWEST_SECONDS
    if bound == "startup" and facts["run.worker_starts_count"] == 1:
        is_forked = facts["run.loader_start_method_name"] == "fork"
        advice, fewest = _FORKED_ONCE if is_forked else _ONCE, FEWEST_START_SECONDS
    if share < WAITING_FRACTION or waited < fewest or advice is None:
        return ok(f"The loop waited {seconds} for data, {share:.0%} of its time.")
    num_workers, took = facts["run.loader_workers_count"] or 0, format_quantity(loop, "seconds")
    text, commands = advice[0], tuple(line.format(more=max(2, 2 * int(num_workers))) for line in advice[1])
    evidence = (f"waited {seconds} of {took}, with {counted(num_workers, 'worker')}; bound: {bound}",)
    waits = f"Training waits for data {share:.0%} of the time"
    if facts["run.uses_cuda"]:
        first = (
            "First see whether the GPU idles meanwhile: profile, or end each step with "
            f"torch.cuda.synchronize() and look at the waiting again. If it does: {text[0].lower()}{text[1:]}"
        )
        summary = f"{waits}; the GPU may have been computing meanwhile, which was not seen."
        return warn(summary, evidence, Remedy(first, (_STEPPED, *commands)), "possible")
    gain = f"; without that it would be {1 / (1 - share):.1f} times as fast" if share < MOST_FRACTION else ""
    return warn(f"{waits}{gain}.", evidence, Remedy(text, commands), "likely")


def _told(trace: Trace) -> Recognition | None:
    """Find an idle GPU, or a slow loader, that is told in words."""
    found = told(trace, *_SAYING)
    if found is None or not trace.find(_OF_DATA):
        return None
    remedy = Remedy(
        "Measure what bounds a sample, and which settings are best.",
        ("python -m diagnostics profile FILE.py:NAME", _TUNE),
    )
    return recognised(found, "The training is said to wait for data.", remedy, Role.STATED, 41, "possible")


def _waiting_share(pairs: list[tuple[float, float]], clues: list[Clue]) -> float:
    """Return which share of the steps is waiting: in the median, or of their sum, once workers have started.

    Workers that run in step let several steps pass at once and then hold up one.
    """
    shares = sorted(data / step for data, step in pairs if step > 0)
    median = shares[len(shares) // 2]
    beginnings = [index == 0 or has(clue, _FIRST_STEP) for index, clue in enumerate(clues)]
    late = [pair for pair, is_first in zip(pairs, beginnings, strict=True) if not is_first and pair[1] > 0]
    if sum(data > WAITING_SHARE * step for data, step in late) < _FEWEST_HELD_UP:
        return median
    return max(median, sum(data for data, _ in late) / sum(step for _, step in late))


def recognise(trace: Trace) -> Recognition | None:
    """Compare the times of steps with those of data in the lines that give both."""
    clues = phrases(trace, _STEP)
    pairs = [(float(clue.groups[1]), float(clue.groups[0])) for clue in clues]
    if len(pairs) < 3:
        clues = phrases(trace, _REVERSED)
        pairs = [(float(clue.groups[0]), float(clue.groups[1])) for clue in clues]
    if sum(step > 0 for _, step in pairs) < 3:
        return _told(trace)
    share = _waiting_share(pairs, clues)
    if not WAITING_SHARE < share <= 1.0:
        return None
    remedy = Remedy(
        "Measure with other numbers of workers; see what bounds a sample.",
        ("python -m diagnostics profile FILE.py:NAME", _TUNE),
    )
    found = Clue(tuple(clue.lines[0] for clue in clues[:2]))
    return recognised(
        found,
        f"{share:.0%} of a step is waiting for data ({len(pairs)} lines).",
        remedy,
        Role.REMARK,
        55,
        "likely",
    )
