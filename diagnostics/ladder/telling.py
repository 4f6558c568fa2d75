"""The ladder as a picture, a sentence and remedies. Nothing here touches the world."""

from collections.abc import Iterator, Mapping
from shlex import quote

from rich.text import Text

from diagnostics.ladder.bounds import HIDDEN, Stage, Verdict
from diagnostics.ladder.climbing import Climbed
from diagnostics.ladder.evidence import Evidence, Rung
from diagnostics.quantities import format_quantity

BAR = 30
CUT = 10.0  # times the slowest rung: what lies far above would flatten all others
WORDS: Mapping[str, str] = {
    "cpu": "computing samples on the processor",
    "wait": "samples that wait (storage, network, locks)",
    "copy": "copying the bytes of samples and batches",
    "skew": "a few slow samples",
    "crossing": "handing batches from process to process",
    "startup": "starting the workers anew each epoch",
    "memory_bandwidth": "the bandwidth of memory",
    "threads": "more threads than processors",
    "quota": "the CPU quota of this container",
    "queueing": "samples that wait for each other",
    "sampler": "drawing the indices, which the main process does alone",
    "pin": "pinning memory",
    "consumer": "the training step itself",
    "none": "nothing",
}
TUNE = "python -m diagnostics tune {target}"
MANY = 99.5  # times as fast: more is told as over 100
MORE_WORKERS = 8  # at least, for samples that wait
REMEDIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cpu": ("Do less work a sample (cache, smaller inputs), or use more processors.", (TUNE,)),
    "wait": (
        "More workers wait side by side, however few processors there are.",
        ("DataLoader(..., num_workers={more})", TUNE),
    ),
    "copy": (
        "Move fewer bytes: uint8 until the batch is on the device, views instead of copies.",
        ("sample = torch.from_numpy(image)  # uint8; batch.to(device).float().div_(255)", TUNE),
    ),
    "skew": (
        "Let other batches pass the slow samples, and mend those.",
        ("DataLoader(..., in_order=False)",),
    ),
    "crossing": (
        "Load in the main process, or hand over fewer and larger tensors and batches.",
        ("DataLoader(..., num_workers=0)", TUNE),
    ),
    "startup": (
        "Keep the workers between epochs; with spawn or forkserver import torch once.",
        (
            "DataLoader(..., persistent_workers=True)",
            'multiprocessing.set_forkserver_preload(["torch", "torch.utils.data", "numpy", "__main__"])',
        ),
    ),
    "memory_bandwidth": (
        "Touch less memory a sample: smaller types, blocks that fit the cache; workers will not help.",
        ("array.astype(numpy.float32)",),
    ),
    "threads": (
        "One thread a worker.",
        (
            "threadpoolctl.threadpool_limits(1)  # in worker_init_fn: torch's threads, numpy's and scipy's",
            "cv2.setNumThreads(0)  # and OpenCV's",
            "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1",
        ),
    ),
    "quota": ("Raise the quota, or take workers and threads from it.", ("docker run --cpus=4 …",)),
    "queueing": (
        "More workers would only wait longer for what one has at a time: a lock, a connection, storage at "
        "its limit. Give each worker its own, or hold it for less.",
        ("self.connection = None  # in __init__; each worker opens its own with its first sample",),
    ),
    "sampler": (
        "Workers cannot help: let the sampler draw an epoch's indices at once, when it is begun.",
        ("order = torch.randperm(len(dataset)).tolist()  # in the sampler's __iter__, not number by number",),
    ),
    "pin": ("Pin only what is copied to the device.", ("DataLoader(..., pin_memory=False)",)),
    "consumer": ("Faster loading gains nothing; fewer workers may do.", (f"{TUNE} --step-time S",)),
    "none": ("Leave the loader as it is.", ()),
}


def remedy(bound: str, climbed: Climbed) -> list[str]:
    """Return the sentence and the lines to paste."""
    text, commands = REMEDIES[bound]
    more = max(MORE_WORKERS, 2 * climbed.evidence.num_workers)
    commands = tuple(one.format(more=more, target=quote(climbed.about["target"])) for one in commands)
    worst = climbed.slowest[:3]
    if bound == "skew" and worst:
        text += " Slowest: " + ", ".join(f"{i} ({format_quantity(s, 'seconds')})" for i, s in worst) + "."
    return [text, *commands]


def sentence(verdict: Verdict, evidence: Evidence) -> str:
    """Return the verdict in one sentence."""
    loop = format_quantity(float(f"{evidence.measured:.3g}"), "seconds")
    if verdict.bound == "none":
        shown = f"{verdict.exposed:.0%} of the loop waits" if evidence.step else f"a batch takes {loop}"
        return f"Nothing holds this loader back: {shown}."
    if verdict.bound == "consumer":
        ratio = evidence.step / max(evidence.loading, 1e-9)
        return f"The training step is the bound: a batch is loaded {ratio:.0f} times as fast as it is used."
    waits = f"; {verdict.exposed:.0%} of the loop waits for data" if evidence.step else ""
    gain = f"at most {verdict.gain:.2g} times as fast" if verdict.gain < MANY else "over 100 times as fast"
    return f"Bound by {WORDS[verdict.bound]}: without it the loop ({loop} a batch) would be {gain}{waits}."


def _bar(rung: Rung, largest: float, name_width: int) -> Text:
    line = Text(f"  {rung.name:<{name_width}}  ")
    if rung.skipped:
        return line.append(f"– {rung.skipped}", style="bright_black")
    one = rung.interval
    filled = min(BAR, max(1, round(BAR * one.estimate / largest)))
    line.append("█" * filled + " " * (BAR - filled), style="blue")
    return line.append(f" {_rate(one.estimate)}/s  [{_rate(one.low)}, {_rate(one.high)}]")


def _rate(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def _rungs(climbed: Climbed) -> Iterator[Text]:
    rates = [rung.interval.estimate for rung in climbed.rungs if not rung.skipped]
    largest = min(max(rates), CUT * min(rates))
    width = max(len(rung.name) for rung in climbed.rungs)
    cut = f", bars cut at {_rate(largest)}" if largest < max(rates) else ""
    yield Text(f"The ladder, samples per second with 95 % intervals{cut}", style="bold")
    for rung in climbed.rungs:
        yield _bar(rung, largest, width)


def _stage(stage: Stage, evidence: Evidence) -> Text:
    took = format_quantity(float(f"{stage.seconds:.3g}"), "seconds")
    of_step = f", {stage.seconds / evidence.step:.0%} of the step" if evidence.step else ""
    gain = f"{stage.gain:.2f} times as fast" if stage.gain < MANY else "over 100 times as fast"
    return Text(f"  {stage.name:<17} {took:>9} a batch{of_step}; if it were free: {gain}")


def lines(climbed: Climbed, verdict: Verdict, width: int) -> Iterator[Text]:
    """Draw the ladder, what each stage would give, the verdict and what to do."""
    evidence, about = climbed.evidence, climbed.about
    yield Text(
        f"{about['name']}, batches of {about['batch_size'] or 1}, {climbed.arguments['num_workers']} workers"
    )
    yield Text()
    yield from _rungs(climbed)
    yield Text()
    yield Text("What each stage takes, and would give", style="bold")
    for stage in verdict.stages:
        if stage.gain >= 1 + HIDDEN / 5 or stage.seconds >= 0.01 * evidence.measured:
            yield _stage(stage, evidence)
    yield Text()
    yield from _facts(climbed)
    yield Text()
    yield Text(sentence(verdict, evidence), style="bold")
    text, *commands = remedy(verdict.bound, climbed)
    yield Text(f"To mend: {text}" if commands else text)
    for command in commands:
        yield Text(f"    {command}", style="bold")


def _facts(climbed: Climbed) -> Iterator[Text]:
    evidence, worker = climbed.evidence, climbed.worker
    busy = worker["fetch_cpu_seconds"] / max(worker["fetch_seconds"], 1e-12)
    quota = "no quota" if evidence.quota_cores is None else f"a quota of {evidence.quota_cores:g}"
    yield Text(
        f"A sample: {format_quantity(round(evidence.sample_bytes), 'bytes')}, "
        f"{min(busy, 1):.0%} of its time on the processor. Processors: {evidence.usable_cores:.1f} usable of "
        f"{evidence.counted_cores}, {quota}. Threads in a loader process: {worker['threads']:.0f}."
    )
    told = ", ".join(
        f"{index}: {format_quantity(float(f'{took:.3g}'), 'seconds')}" for index, took in climbed.slowest[:3]
    )
    yield Text(f"Slowest samples seen: {told}.")
    for note in climbed.notes:
        yield Text(f"note: {note}")
