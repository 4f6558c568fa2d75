"""Documents as `python -m diagnostics profile` and `tune` write them."""

from typing import Any


def profile(**changes: Any) -> dict[str, Any]:
    rungs = [
        {"name": "dataset alone", "samples_per_second": 800.0, "low": 780.0, "high": 820.0},
        {"name": "workers without payload", "samples_per_second": 1500.0, "low": 1400.0, "high": 1600.0},
        {"name": "pinned", "samples_per_second": None, "low": None, "high": None, "skipped": "no CUDA"},
    ]
    stages = [{"name": "cpu", "seconds_per_batch": 0.02, "gain": 7.5}]
    parts = {
        "bound": "cpu",
        "sentence": "Bound by computing samples: without it the loop would be 7.5 times as fast.",
        "remedies": ["Do less work a sample.", "python -m diagnostics tune FILE.py:NAME"],
        "rungs": rungs,
        "stages": stages,
        "step_seconds": 0.04,
        "slowest": [{"index": 17, "seconds": 0.09}],
        "arguments": {"num_workers": 2},
        "sample_bytes": 1024,
    }
    return {"schema": 1, "command": "profile", "findings": [], **parts, **changes}


def tune(**changes: Any) -> dict[str, Any]:
    trials = [
        {"arguments": {"num_workers": 0}, "samples_per_second": 320.0, "seconds": 2.0},
        {
            "arguments": {"num_workers": 2},
            "samples_per_second": 640.0,
            "low": 600,
            "high": 680,
            "seconds": 2.0,
        },
    ]
    recommended = {"num_workers": 2, "multiprocessing_context": "forkserver", "preload": ["torch"]}
    parts = {
        "recommended": recommended,
        "samples_per_second": 640.0,
        "interval": [600.0, 680.0],
        "trials": trials,
        "not_tried": [{"arguments": {"num_workers": 64}, "reason": "needs 9 GiB, 4 GiB are free"}],
        "seconds": 12.0,
    }
    return {"schema": 1, "command": "tune", "findings": [], **parts, **changes}


def failed(command: str) -> dict[str, Any]:
    finding = {
        "code": "DL224",
        "slug": "dataset-exception",
        "status": "fail",
        "title": "The dataset's code raised an exception",
        "summary": "ValueError: sample 17 is broken",
        "evidence": ["line 3"],
        "remedy": {"text": "Mend it.", "commands": ["dataset[17]"]},
        "confidence": "certain",
    }
    return {"schema": 1, "command": command, "findings": [finding], "bound": None, "rungs": []}
