"""Synthetic fleets: result files of many machines, and what their page costs.

`python -m tests.reports.fleet` builds pages about 10, 100 and 1,000 machines of 60 configurations, each in a
process of its own, and prints seconds, peak memory and the size of the page.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.reports import results

ROOT = Path(__file__).resolve().parents[2]
MODELS = (
    ("AMD EPYC 9354", 32, 1.0),
    ("Intel Xeon Platinum 8480+", 56, 1.15),
    ("Ampere Altra Q80-30", 80, 1.4),
)
NUM_CONFIGURATIONS, NUM_PASSES = 60, 3
DRIFT = 0.04  # standard deviation of a machine's log-time: what one model differs by anyway
NOISE = 0.02
SLOW = 1.6
MIB = 2**20


def configurations(amount: int = NUM_CONFIGURATIONS) -> list[dict[str, Any]]:
    """Return the parameters of a grid of loader configurations."""
    methods, workloads = ("fork", "spawn", "forkserver"), ("image", "tiny", "wait", "copy", "python")
    grid = [
        {"workload": workload, "device": "cpu", "start_method": method, "num_workers": workers}
        for workers in (1, 2, 4, 8, 16, 32)
        for method in methods
        for workload in workloads
    ]
    return grid[:amount]


def machine(
    number: int, *, seed: int = 0, slow: float = 1.0, num_configurations: int = NUM_CONFIGURATIONS
) -> dict[str, Any]:
    """Return the result document of one machine; `slow` multiplies all of its times."""
    random = np.random.default_rng([seed, number])
    name, cores, factor = MODELS[number % len(MODELS)]
    speed = factor * slow * np.exp(DRIFT * random.standard_normal())
    entries = []
    for place, params in enumerate(configurations(num_configurations)):
        seconds = 1e-3 * (1 + place % 7) * speed * float(np.exp(NOISE * random.standard_normal()))
        entry = results.entry(
            "loader_throughput", "sample", params, seconds, figures={"samples_per_second": 1 / seconds}
        )
        entries.append(entry)
    facts = results.FACTS | {
        "cpu.model_name": {"value": name, "unit": "", "source": "/proc/cpuinfo"},
        "cpu.usable_cores": {"value": cores, "unit": "cores", "source": "os.sched_getaffinity"},
        "torch.version": {"value": "2.13.0", "unit": "", "source": "torch"},
    }
    info = {"node": f"node-{number:04d}", "system": "Linux", "facts": facts}
    return results.ours(
        machine_info=info, benchmarks=entries, datetime=f"2026-03-01T{number % 24:02d}:00:00+00:00"
    )


def write(folder: Path, num_machines: int, **changes: Any) -> list[Path]:
    """Write the results of a fleet, in which the eighth of every hundred is slow, and return their paths."""
    return [
        results.write(folder / f"{n:04d}.json", machine(n, slow=SLOW if n % 100 == 7 else 1.0, **changes))
        for n in range(num_machines)
    ]


def built(folder: Path, page: Path) -> tuple[float, int]:
    """Build the page about a folder in a process of its own; return seconds and peak memory in bytes."""
    command = [sys.executable, "-m", "reports", "build", str(folder), "-o", str(page)]
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"`{' '.join(command)}` ended with exit code {process.returncode}.")
    return time.perf_counter() - started, peak


def main() -> None:
    """Print what the page of a growing fleet costs."""
    parser = argparse.ArgumentParser(prog="python -m tests.reports.fleet", description=main.__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10, 100, 1000], help="machines (10 100 1000)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave results and pages here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    arguments = parser.parse_args()
    print("machines  results MiB  seconds  peak MiB  page MiB")
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for size in arguments.sizes:
            folder = (arguments.keep or Path(temporary)) / f"fleet-{size}"
            folder.mkdir(parents=True, exist_ok=True)
            num_bytes = sum(path.stat().st_size for path in write(folder, size))
            page = folder.with_suffix(".html")
            seconds, peak = built(folder, page)
            row = (size, num_bytes / MIB, seconds, peak / MIB, page.stat().st_size / MIB)
            print("{:8d}  {:11.1f}  {:7.1f}  {:8.0f}  {:8.2f}".format(*row), flush=True)
            rows.append(
                dict(zip(("machines", "results_mib", "seconds", "peak_mib", "page_mib"), row, strict=True))
            )
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"schema": 1, "rows": rows}, indent=2) + os.linesep, encoding="utf-8"
        )


if __name__ == "__main__":
    main()
