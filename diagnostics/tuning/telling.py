"""What tuning found: arguments to paste, the curve, what each trial cost. Nothing here touches the world."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.text import Text

from diagnostics.quantities import format_quantity
from diagnostics.tuning.model import TOLERANCE
from diagnostics.tuning.trying import Trial, Tuned

BAR = 24
UNSURE = 1.25  # times as fast: where so much may yet be gained nothing is said to be lost


def recommended(tuned: Tuned) -> dict[str, Any]:
    """Return DataLoader's own arguments, and the modules that a forkserver should import first."""
    setting = tuned.chosen.setting
    has_workers = setting.num_workers > 0
    found: dict[str, Any] = {
        "num_workers": setting.num_workers,
        "prefetch_factor": setting.prefetch_factor if has_workers else None,
        "persistent_workers": has_workers,
        "pin_memory": bool(tuned.about["has_cuda"]) and tuned.can_pin,
        "multiprocessing_context": tuned.method,
        "preload": tuned.preload,
    }
    if tuned.about["has_in_order"]:
        found["in_order"] = not (setting.is_unordered and has_workers)
    return found


def document(tuned: Tuned) -> dict[str, Any]:
    """Return what `--json` holds beside the frame."""
    interval = tuned.interval
    return {
        "recommended": recommended(tuned),
        "samples_per_second": interval.estimate,
        "interval": [interval.as_dict()["low"], interval.as_dict()["high"]],
        "trials": [_trial(trial, tuned.batch_size) for trial in tuned.trials],
        "seconds": tuned.seconds,
        "num_threads": tuned.num_threads,
        "step_seconds": tuned.step_seconds or None,
        "loading_seconds": tuned.loading_seconds,
        "refused": tuned.refused,
        "starts": tuned.starts,
        "batch_size": tuned.batch_size,
        "is_cut_short": tuned.is_cut_short,
        "notes": tuned.notes,
    }


def _trial(trial: Trial, batch_size: int) -> dict[str, Any]:
    rates = sorted(batch_size / one for one in trial.batch_seconds)
    ratio = trial.ratio.as_dict() if trial.ratio is not None else None
    return {
        "arguments": trial.arguments,
        "samples_per_second": rates[len(rates) // 2],
        "seconds": trial.seconds,
        "start_seconds": trial.start_seconds,
        "time_over_chosen": ratio,
    }


def _curve(tuned: Tuned) -> Iterator[Text]:
    rows = [(trial, _trial(trial, tuned.batch_size)["samples_per_second"]) for trial in tuned.trials]
    largest = max(rate for _, rate in rows)
    width = max(len(trial.setting.name) for trial, _ in rows)
    for trial, rate in sorted(rows, key=lambda row: row[0].setting):
        line = Text(f"  {trial.setting.name:<{width}}  ")
        line.append("█" * max(1, round(BAR * rate / largest)), style="blue")
        line.pad_right(max(0, width + 4 + BAR - len(line)))
        compared = ""
        if trial is tuned.chosen:
            compared = ", chosen"
        elif trial.ratio is not None:
            one = trial.ratio
            compared = f", {one.estimate:.2f} [{one.low:.2f}, {one.high:.2f}] of the chosen one's time"
        yield line.append(f" {rate:,.3g}/s" if rate < 100 else f" {rate:,.0f}/s").append(
            f" ({trial.seconds:.1f} s{compared})"
        )


def _call(tuned: Tuned) -> str:
    given = {k: v for k, v in recommended(tuned).items() if v is not None and k != "preload"}
    if not tuned.chosen.setting.num_workers:
        given = {"num_workers": 0, "pin_memory": given["pin_memory"]}
    return "DataLoader(dataset, ..., " + ", ".join(f"{k}={v!r}" for k, v in given.items()) + ")"


def _threads_call(tuned: Tuned) -> str:
    if not tuned.chosen.setting.num_workers:
        return f"torch.set_num_threads({tuned.num_threads})  # while loading: faster here"
    return f"threadpoolctl.threadpool_limits({tuned.num_threads})  # in worker_init_fn: faster here"


def sentence(tuned: Tuned) -> str:
    """Return the verdict in one sentence."""
    interval, chosen = tuned.interval, tuned.chosen
    rate = f"{interval.estimate:,.3g}" if interval.estimate < 100 else f"{interval.estimate:,.0f}"
    zero = next(t for t in tuned.trials if not t.setting.num_workers)
    if tuned.step_seconds:
        loop = sum(chosen.batch_seconds) / len(chosen.batch_seconds)
        waits = max(0.0, 1 - tuned.step_seconds / loop)
        told = f"{rate} samples/s with the step; {waits:.0%} of the loop waits for data"
        return f"{chosen.setting.name}: {told}." + (" Faster loading gains nothing." if waits < 0.05 else "")
    if tuned.failure is not None:
        return f"num_workers=0: {rate} samples/s; every setting with workers that was tried failed."
    if chosen is zero:
        return f"num_workers=0 is best: {rate} samples/s; {_why_none(tuned)}."
    before = sorted(zero.batch_seconds)[len(zero.batch_seconds) // 2]
    now = sorted(chosen.batch_seconds)[len(chosen.batch_seconds) // 2]
    return f"{chosen.setting.name}: {rate} samples/s, {before / now:.1f} times as many as without workers."


def _why_none(tuned: Tuned) -> str:
    """Return what became of workers where none are recommended."""
    ratios = [trial.ratio for trial in tuned.trials if trial.ratio is not None and trial is not tuned.chosen]
    if all(not trial.setting.num_workers for trial in tuned.trials):
        return "no setting with workers was tried"
    if all(one.low > 1 for one in ratios):
        return "workers cost more than they bring"
    if any(one.low < 1 / UNSURE for one in ratios):
        return "workers may bring more, but the turns differ too much to tell"
    return "workers bring nothing here, and what bounds it `profile` tells"


def lines(tuned: Tuned) -> Iterator[Text]:
    """Draw the curve, the verdict and what to paste."""
    yield Text(f"{tuned.about['name']}, batches of {tuned.batch_size}: samples per second", style="bold")
    yield from _curve(tuned)
    yield Text()
    yield Text(sentence(tuned), style="bold")
    yield Text(f"The smallest of the settings within {TOLERANCE:.0%} of the best tried. To paste:")
    if tuned.preload:
        yield Text(f"    multiprocessing.set_forkserver_preload({tuned.preload!r})", style="bold")
    if tuned.num_threads:
        yield Text(f"    {_threads_call(tuned)}", style="bold")
    yield Text(f"    {_call(tuned)}", style="bold")
    for start in tuned.starts:
        how = start["multiprocessing_context"] + (" with preload" if start["preload"] else "")
        took = format_quantity(float(f"{start['seconds']:.2g}"), "seconds")
        yield Text(f"Started by {how}: {took} until every worker has delivered.")
    if payback := _payback(tuned):
        yield Text(payback)
    yield from _asides(tuned)


def _payback(tuned: Tuned) -> str:
    """Return after how many epochs starting the workers has paid, "" where the first does it."""
    chosen, num_batches = tuned.chosen, tuned.about["num_batches"]
    zero = next(t for t in tuned.trials if not t.setting.num_workers)
    gain = (num_batches or 0) * float(np.median(zero.batch_seconds) - np.median(chosen.batch_seconds))
    if gain <= 0 or chosen.start_seconds <= gain:
        return ""
    start, each = (format_quantity(float(f"{one:.2g}"), "seconds") for one in (chosen.start_seconds, gain))
    return (
        f"An epoch of {num_batches:,} batches gains {each}, and starting takes {start}: that pays after "
        f"{-(-chosen.start_seconds // gain):,.0f} epochs; for fewer, num_workers=0."
    )


def _asides(tuned: Tuned) -> Iterator[Text]:
    for name, failed in tuned.failed.items():
        yield Text(f"{name} failed: {failed}")
    untried = {name: why for name, why in tuned.refused.items() if name not in tuned.failed}
    if untried:
        name, why = next(iter(untried.items()))
        yield Text(f"Not tried: {len(untried)} settings from {name} on; {why}.")
    if tuned.is_cut_short:
        yield Text("The budget ended it: --budget S gives it longer.")
    for note in tuned.notes:
        yield Text(f"note: {note}")
    yield Text(f"{len(tuned.trials)} trials, {tuned.seconds:.0f} s.", style="bright_black")
