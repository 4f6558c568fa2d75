"""Runs as tidy frames: one row a configuration, or one row a configuration and pass."""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from diagnostics.recorded import REFERENCES
from reports.load import Run
from reports.values import as_number, entries, mapping

Frame: TypeAlias = Any  # a DataFrame; the stubs of pandas know nothing of what its columns hold
Column: TypeAlias = Any  # a Series

MOST_WORKERS = 4096
SPOILED = (  # what no longer means anything of a member that diverged; its accuracy still counts
    *("train_loss", "validation_loss", "test_loss", "gap_loss", "weight_norm"),
    *("near_zero_share", "exact_zero_share", "effective_learning_rate", "turn"),
)


def statistics(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's statistics in seconds; the median from the data or the mean where it lacks."""
    stats = mapping(entry.get("stats"))
    data = [as_number(value) for value in listed] if isinstance(listed := stats.get("data"), list) else []
    known = {key: as_number(stats.get(key)) for key in ("min", "q1", "median", "q3", "max", "mean", "rounds")}
    if math.isnan(known["median"]):
        known["median"] = float(np.median(data)) if data else known["mean"]
    return known | {"data": [value for value in data if math.isfinite(value)]}


@lru_cache(maxsize=16)
def configurations(run: Run) -> Frame:
    """Return one row a configuration, of any pytest-benchmark file.

    Returns
    -------
    DataFrame
        Columns `name`, `group`, `topic` and `unit` (empty where the file is not ours), `num_passes` (0
        there), and the statistics in seconds: `min`, `q1`, `median`, `q3`, `max`, `mean`, `rounds`, `data`.
    """
    rows = []
    for entry in run.benchmarks:
        extra = mapping(entry.get("extra_info"))
        rows.append(
            {
                "name": str(entry.get("name") or entry.get("fullname") or "(no name)"),
                "group": str(entry.get("group") or ""),
                "topic": str(extra.get("topic") or ""),
                "unit": str(extra.get("unit") or ""),
                "num_passes": len(entries(extra.get("passes"))),
                **statistics(entry),
            }
        )
    return pd.DataFrame(rows)


def is_ours(run: Run) -> bool:
    """Return whether the file was written by torch-checkup's own suite."""
    return bool(run.suite) or bool((configurations(run)["topic"] != "").any())


def _reasons(value: object) -> list[str]:
    return [reason for reason in value if isinstance(reason, str)] if isinstance(value, list) else []


GPU_STATE = (
    "gpu_sm_clock_hertz",
    "gpu_memory_clock_hertz",
    "gpu_power_watts",
    "gpu_temperature_celsius",
    "gpu_throttled_seconds",
    "gpu_other_processes_count",
)


def _hashable(value: object) -> object:
    """Return a parameter that frames can be grouped by: lists and objects as text."""
    return str(value) if isinstance(value, (list, dict)) else value


def _pass_rows(run: Run, topic: str | None) -> Iterator[dict[str, Any]]:
    for configuration, entry in enumerate(run.benchmarks):
        extra = mapping(entry.get("extra_info"))
        if topic is not None and extra.get("topic") != topic:
            continue
        for number, measured in enumerate(entries(extra.get("passes"))):
            yield {
                **{key: _hashable(value) for key, value in mapping(entry.get("params")).items()},
                **{key: as_number(value) for key, value in mapping(measured.get("figures")).items()},
                **{
                    f"companion_{k}_seconds": as_number(v)
                    for k, v in mapping(measured.get("companions")).items()
                },
                **{key: as_number(value) for key, value in mapping(measured.get("reference")).items()},
                **{key: as_number(measured[key]) for key in GPU_STATE if key in measured},
                "configuration": configuration,
                "topic": str(extra.get("topic") or ""),
                "unit": str(extra.get("unit") or ""),
                "pass": measured.get("pass") if isinstance(measured.get("pass"), int) else number,
                "position": as_number(measured.get("position")),
                "seconds": as_number(measured.get("seconds")),
                "steal_fraction": as_number(measured.get("steal_fraction")),
                "load_1min": as_number(measured.get("load_1min")),
                "disturbed": _reasons(measured.get("disturbed")),
            }


@lru_cache(maxsize=64)
def passes(run: Run, topic: str | None = None) -> Frame:
    """Return one row a configuration and pass; empty where the file holds no pass of that topic.

    Parameters
    ----------
    topic : str, optional
        Only the configurations of this topic; all of them without it.

    Returns
    -------
    DataFrame
        The configuration's parameters and the pass' figures under their own names, companions as
        `companion_<name>_seconds`, references as `<name>_seconds`, and `configuration`, `topic`, `unit`,
        `pass`, `position`, `seconds`, `steal_fraction`, `load_1min`, `disturbed` (a list of reasons), and
        those of `GPU_STATE` that were recorded.
    """
    return pd.DataFrame(list(_pass_rows(run, topic)))


def by_layer(run: Run, topics: Mapping[str, str], *needed: str) -> Frame:
    """Return the passes of several topics, `layer` being what each is about.

    Parameters
    ----------
    topics : mapping of str to str
        Topic to layer.
    needed : str
        Columns without which a topic is left out; empty where none has them all.
    """
    found = [
        frame.assign(layer=layer)
        for topic, layer in topics.items()
        if set(needed) <= set(frame := passes(run, topic))
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _column(frame: Frame, name: str) -> Column:
    return frame[name].map(as_number).astype(float) if name in frame else pd.Series(np.nan, index=frame.index)


def _labels(frame: Frame, name: str, default: str = "") -> Column:
    values = frame.get(name, pd.Series(default, index=frame.index))
    return values.map(lambda v: default if pd.isna(v) else str(v)).astype(object)


def loader(run: Run) -> Frame:
    """Return the loader's passes: `workload`, `start_method`, `num_workers`, `pass`, `samples_per_second`, ….

    `workload` names the device too where the run loaded onto more than one.
    """
    frame = passes(run, "loader_throughput")
    if frame.empty:
        return frame
    workload, device = _labels(frame, "workload", "loader"), _labels(frame, "device", "cpu")
    several = device.nunique() > 1
    tidy = pd.DataFrame(
        {
            "workload": workload + " → " + device if several else workload,
            "start_method": _labels(frame, "start_method", "in-process"),
            "num_workers": _column(frame, "num_workers"),
            "pass": frame["pass"],
            "samples_per_second": _column(frame, "samples_per_second").fillna(1 / frame["seconds"]),
            "first_batch_seconds": _column(frame, "first_batch_seconds"),
            "pss_bytes_per_worker": _column(frame, "pss_bytes_per_worker"),
        }
    )
    rate, workers = tidy["samples_per_second"], tidy["num_workers"]
    tidy = tidy[workers.between(0, MOST_WORKERS) & workers.mod(1).eq(0) & rate.between(0, np.inf, "neither")]
    return tidy.astype({"num_workers": int}).reset_index(drop=True)


def layers(run: Run) -> Frame:
    """Return the passes of single layers: `layer`, `shape`, `mode`, `direction`, `roof_fraction`, …."""
    found = [
        _layer_passes(run, topic, name)
        for topic, name in (("batchnorm", "batch norm"), ("dropout", "dropout"))
    ]
    return pd.concat(found, ignore_index=True) if any(len(f) for f in found) else pd.DataFrame()


def _layer_passes(run: Run, topic: str, name: str) -> Frame:
    frame = passes(run, topic)
    if frame.empty:
        return frame
    return pd.DataFrame(
        {
            "layer": name,
            "device": _labels(frame, "device", "cpu"),
            "shape": _labels(frame, "shape"),
            "mode": _labels(frame, "mode"),
            "direction": _labels(frame, "direction").str.replace("_", " + "),
            "pass": frame["pass"],
            "seconds": frame["seconds"],
            "roof_fraction": _column(frame, "roof_fraction"),
            "saved_activation_bytes": _column(frame, "saved_activation_bytes"),
        }
    )


def steps(run: Run) -> Frame:
    """Return the passes of the training step: `layer`, `device`, `pass`, `share_of_step`, `without`, …."""
    found = []
    for topic, name in (("batchnorm_step", "batch norm"), ("dropout_step", "dropout")):
        frame = passes(run, topic)
        if frame.empty:
            continue
        without = _column(frame, "companion_without_seconds")
        share = _column(frame, "share_of_step").fillna(1 - without / frame["seconds"])
        columns = {"layer": name, "device": _labels(frame, "device", "cpu"), "pass": frame["pass"]}
        found.append(
            pd.DataFrame(columns | {"share_of_step": share, "seconds": frame["seconds"], "without": without})
        )
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["share_of_step"])
    return frame[np.isfinite(frame["share_of_step"].astype(float))].reset_index(drop=True)


def study(run: Run, topic: str) -> dict[str, Any]:
    """Return the study of a topic on the first device that ran it, empty where none did."""
    extras = (mapping(entry.get("extra_info")) for entry in run.benchmarks)
    studies = (mapping(extra.get("study")) for extra in extras if extra.get("topic") == topic)
    return next((one for one in studies if entries(one.get("rows"))), {})


def weight_decay_study(run: Run) -> dict[str, Any]:
    """Return the study of weight decay, empty where the run has none."""
    return study(run, "weight_decay")


def member_number(value: object) -> float:
    """Return a number of a member's row, where true counts as 1."""
    return float(value) if isinstance(value, bool) else as_number(value)


def without_spoiled(frame: Frame) -> Frame:
    """Return members with `diverged`, 0 or 1, and without the weights' and losses' numbers of those that did.

    Files that do not say it hold no finite norm or loss of a diverged member: by that it is known.
    """
    told = [name for name in ("weight_norm", "train_loss") if name in frame]
    diverged = frame["diverged"].eq(1) if "diverged" in frame else ~np.isfinite(frame[told]).all(axis=1)
    spoiled = [name for name in SPOILED if name in frame]
    kept = frame.assign(diverged=diverged.astype(float))
    kept[spoiled] = kept[spoiled].mask(diverged)
    return kept


def diverged(frame: Frame, what: str = "norm and loss") -> str:
    """Return how many of the members diverged and what leaves them out, nothing where none did."""
    members = frame.drop_duplicates([name for name in ("setting", "weight_decay", "seed") if name in frame])
    lost = int(members["diverged"].sum())
    return f" {lost} of {len(members)} networks diverged; {what} are of the others." if lost else ""


def weight_decay(run: Run) -> Frame:
    """Return the study's rows, one a decay and seed; empty where they lack decay, seed or test accuracy."""
    rows = entries(weight_decay_study(run).get("rows"))
    frame = pd.DataFrame([{key: member_number(value) for key, value in row.items()} for row in rows])
    needed = ["weight_decay", "seed", "test_accuracy"]
    if not set(needed) <= set(frame):
        return pd.DataFrame()
    kept = without_spoiled(frame.dropna(subset=needed))
    if "validation_accuracy" in kept and "gap_accuracy" in kept:  # then both have equally many wrong labels
        kept = kept.assign(gap=kept["gap_accuracy"])
    elif "train_accuracy" in kept:
        kept = kept.assign(gap=kept["train_accuracy"] - kept["test_accuracy"])
    return kept[kept["weight_decay"] >= 0].sort_values(["weight_decay", "seed"]).reset_index(drop=True)


def reference(run: Run) -> Frame:
    """Return how the machine's own speed moved: `pass`, `kind`, `relative` (to the run's median), `seconds`.

    One row a reference and pass; where a pass was timed at several places, their median.
    """
    frame = passes(run)
    rows = []
    for kind in REFERENCES:
        if frame.empty or f"{kind}_seconds" not in frame:
            continue
        taken = frame.groupby("pass")[f"{kind}_seconds"].median().dropna()
        rows += [
            {"pass": n, "kind": kind, "seconds": t, "relative": t / taken.median()}
            for n, t in taken.items()
            if t > 0
        ]
    return pd.DataFrame(rows)
