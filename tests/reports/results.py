"""Result files for the tests: what the suite writes on a 2-core machine, made up but of the right shape."""

import json
import math
from pathlib import Path
from typing import Any

NUM_PASSES = 3
DRIFT = (1.0, 1.03, 0.98)  # the machine's own speed in the three passes
SEEDS = range(8)

# samples per second at 0, 1, 2 and 4 workers
THROUGHPUT = {
    "image": {0: 216.0, 1: 210.0, 2: 390.0, 4: 385.0},
    "tiny": {0: 250_000.0, 1: 40_000.0, 2: 61_000.0, 4: 58_000.0},
    "wait": {0: 99.0, 1: 98.0, 2: 196.0, 4: 388.0},
}
FIRST_BATCH = {"in-process": 0.02, "fork": 0.05, "spawn": 5.2, "forkserver": 2.8}
ROOF = {"batchnorm": 0.65, "dropout": 0.14}
SHARE = {"batchnorm_step": 0.18, "dropout_step": 0.35}
TEST_ACCURACY = {0.0: 0.864, 0.1: 0.868, 1.0: 0.889, 3.0: 0.921, 10.0: 0.878, 30.0: 0.398}
TRAIN_ACCURACY = {0.0: 1.0, 0.1: 1.0, 1.0: 0.995, 3.0: 0.99, 10.0: 0.93, 30.0: 0.376}
WEIGHT_NORM = {0.0: 21.0, 0.1: 20.0, 1.0: 14.0, 3.0: 9.0, 10.0: 5.0, 30.0: 0.6}

FACTS = {
    "cpu.usable_cores": {"value": 2, "unit": "cores", "source": "os.sched_getaffinity, cpu.max"},
    "cpu.affinity_cores": {"value": 2, "unit": "cores", "source": "os.sched_getaffinity"},
    "cpu.quota_cores": {"value": None, "unit": "cores", "source": "cpu.max"},
    "cpu.steal_fraction": {"value": 0.08, "unit": "fraction", "source": "/proc/stat"},
    "process.default_start_method": {"value": "fork", "unit": "", "source": "multiprocessing"},
    "python.version": {"value": "3.11.7", "unit": "", "source": "platform.python_version"},
    "shm.total_bytes": {"value": 64 * 2**20, "unit": "bytes", "source": "/dev/shm"},
    "system.os_name": {"value": "Linux", "unit": "", "source": "platform.system"},
}


def entry(topic: str, unit: str, params: dict[str, Any], seconds: float, **parts: Any) -> dict[str, Any]:
    """Return one configuration with one value a pass; `parts` are figures per pass, companions and study."""
    name = f"bench_{topic}[{'-'.join(str(v) for v in params.values())}]"
    passes = []
    for number in range(NUM_PASSES):
        drift = DRIFT[number]
        passes.append(
            {
                "pass": number,
                "position": 7 - number,
                "seconds": seconds * drift,
                "rounds_seconds": [seconds * drift * k for k in (0.99, 1.0, 1.02)],
                "companions": {k: v * drift for k, v in parts.get("companions", {}).items()},
                "figures": {k: v(number) if callable(v) else v for k, v in parts.get("figures", {}).items()},
                "reference": {
                    "arithmetic_seconds": 0.010 * drift,
                    "copy_seconds": 0.004 * drift**2,
                    "pipe_seconds": 3e-5,
                },
                "steal_fraction": 0.004,
                "load_1min": 1.2,
            }
        )
    extra = {"topic": topic, "unit": unit, "passes": passes, "figures": {}}
    if "study" in parts:
        extra["study"] = parts["study"]
    return plain_entry(name, [p["seconds"] for p in passes]) | {
        "params": params,
        "group": topic,
        "extra_info": extra,
    }


def plain_entry(name: str, values: list[float]) -> dict[str, Any]:
    """Return what pytest-benchmark itself writes for one benchmark."""
    ordered, middle = sorted(values), sorted(values)[len(values) // 2]
    mean = sum(values) / len(values)
    stats = {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": math.dist(values, [mean] * len(values)),
        "rounds": len(values),
        "median": middle,
        "iqr": ordered[-1] - ordered[0],
        "q1": ordered[0],
        "q3": ordered[-1],
        "ops": 1 / mean,
        "iterations": 1,
    }
    return {
        "group": None,
        "name": name,
        "fullname": f"tests/{name}",
        "params": None,
        "extra_info": {},
        "stats": stats,
    }


def _loader_entries() -> list[dict[str, Any]]:
    made = []
    for workload, by_count in THROUGHPUT.items():
        for method in ("in-process", "fork", "spawn", "forkserver"):
            for count, rate in by_count.items():
                if (count == 0) != (method == "in-process") or (
                    method in ("spawn", "forkserver") and count != 2
                ):
                    continue
                params = {"workload": workload, "device": "cpu", "start_method": method, "num_workers": count}
                figures = {
                    "samples_per_second": lambda n, rate=rate, count=count: (
                        rate / DRIFT[n] * (1 + 0.01 * count * (n - 1))
                    ),
                    "first_batch_seconds": FIRST_BATCH[method] * max(count, 1),
                    "pss_bytes_per_worker": 11 * 2**20 if method == "fork" else 145 * 2**20,
                }
                made.append(entry("loader_throughput", "sample", params, 1 / rate, figures=figures))
    return made


def _startup_entries() -> list[dict[str, Any]]:
    mib = 2**20
    growth = {"nothing": 0.1, "list": 60.0, "array": 0.3}
    made = []
    for held, method, seconds in (
        ("nothing", "fork", 0.06),
        ("nothing", "forkserver", 1.8),
        ("nothing", "forkserver with preload", 0.1),
        ("list", "fork", 0.07),
        ("array", "fork", 0.05),
    ):
        figures = {
            "first_batch_seconds": 0.9 * seconds,
            "all_workers_seconds": lambda n, seconds=seconds: seconds * DRIFT[n],
            "shutdown_seconds": 0.01,
            "pickled_bytes_per_worker": 0,
            "pss_bytes_per_worker": (150 if method == "forkserver" else 20) * mib,
            "uss_bytes_per_worker": (145 if method == "forkserver" else 10) * mib,
            "uss_growth_bytes_per_worker": lambda n, held=held: growth[held] * mib * DRIFT[n],
        }
        if method != "fork":
            figures["server_start_seconds"] = 1.5
        params = {"held": held, "start_method": method, "num_workers": 2}
        made.append(entry("loader_startup", "start", params, seconds, figures=figures))
    return made


def _settings_entries() -> list[dict[str, Any]]:
    made = []
    for workload, argument, rates in (
        ("skewed", "in_order", {True: 640.0, False: 1100.0}),
        ("tiny", "batch_size", {16: 14_000.0, 256: 90_000.0}),
    ):
        for value, rate in rates.items():
            params = {"workload": workload, "device": "cpu", "start_method": "fork", "num_workers": 2}
            figures = {"samples_per_second": lambda n, rate=rate: rate / DRIFT[n]}
            made.append(
                entry(
                    "loader_settings",
                    "sample",
                    params | {"argument": argument, "value": value},
                    1 / rate,
                    figures=figures,
                )
            )
    return made


def _layer_entries() -> list[dict[str, Any]]:
    made = []
    for topic, roof in ROOF.items():
        for mode in ("train", "eval"):
            for direction in ("forward", "forward_backward"):
                params = {"device": "cpu", "shape": "conv-16x64x56x56", "mode": mode, "direction": direction}
                is_identity = topic == "dropout" and mode == "eval"
                figures = {
                    "moved_bytes": 1e8,
                    "roof_fraction": lambda n, r=0.0 if is_identity else roof: r * (1 + 0.02 * (n - 1)),
                    "saved_activation_bytes": 3.2e6 if topic == "dropout" else 12.8e6,
                }
                made.append(entry(topic, "call", params, 0.02, figures=figures, companions={"copy": 0.004}))
        share = SHARE[f"{topic}_step"]
        made.append(
            entry(
                f"{topic}_step",
                "step",
                {"device": "cpu"},
                0.05,
                companions={"without": 0.05 * (1 - share)},
                figures={"share_of_step": lambda n, share=share: share + 0.01 * (n - 1)},
            )
        )
    return made + _variant_entries() + _transfer_entries() + _shape_entries() + _device_entries()


def _device_entries() -> list[dict[str, Any]]:
    made = []
    for transfer, exposed in (("pageable", 0.006), ("pinned prefetched", 0.001)):
        for step in (0.0, 0.02):
            per_batch = step + exposed
            params = {"workload": "copy", "device": "cuda", "transfer": transfer, "step_seconds": step}
            figures = {
                "samples_per_second": 32 / per_batch,
                "exposed_seconds_per_batch": exposed,
                "step_seconds": step,
                "main_thread_cpu_seconds_per_batch": 0.001,
            }
            params |= {"start_method": "fork", "num_workers": 2}
            made.append(entry("loader_device", "sample", params, per_batch / 32, figures=figures))
    return made


def _shape_entries() -> list[dict[str, Any]]:
    made = []
    for num_rows, nanoseconds in ((4096, 1.0), (65536, 1.1), (120_000, 1.0), (140_000, 8.0)):
        params = {"device": "cpu", "shape": f"tokens-{num_rows}x64", "mode": "train"}
        seconds = num_rows * 64 * nanoseconds * 1e-9
        made.append(entry("batchnorm_shapes", "call", params, seconds, companions={"copy": seconds / 4}))
    return made


def _transfer_entries() -> list[dict[str, Any]]:
    made = []
    for memory, reached in (("pageable", 0.3), ("pinned", 1.0)):
        for size_bytes, share in ((4096, 0.02), (2**20, 0.6), (2**26, 1.0)):
            pace = 25e9 * reached * share
            figures = {
                "bytes_per_second": lambda n, pace=pace: pace / DRIFT[n],
                "link_bytes_per_second": 25e9,
                "link_fraction": reached * share,
            }
            params = {"device": "cuda", "direction": "to_device", "memory": memory, "size_bytes": size_bytes}
            made.append(entry("transfers", "call", params, size_bytes / pace, figures=figures))
    return made


def _variant_entries() -> list[dict[str, Any]]:
    made = []
    for topic, faster in (("batchnorm", 1.5), ("dropout", 2.0)):
        for variant, factor in (("channels_last", 1.0), ("compiled", faster)):
            params = {"device": "cpu", "shape": "conv-32x64x56x56", "variant": variant}
            figures = {
                "speedup_over_eager": lambda n, factor=factor: factor * DRIFT[n],
                "roof_fraction": 0.4 * factor,
            }
            eager = {"eager": 0.02, "copy": 0.004}
            made.append(
                entry(f"{topic}_variants", "call", params, 0.02 / factor, figures=figures, companions=eager)
            )
            share = 0.3 / factor
            made.append(
                entry(
                    f"{topic}_resnet_step",
                    "call",
                    {"device": "cpu", "variant": variant},
                    0.1,
                    companions={"without": 0.1 * (1 - share)},
                    figures={"share_of_step": lambda n, share=share: share + 0.01 * (n - 1)},
                )
            )
    return made


def study() -> dict[str, Any]:
    """Return a study of weight decay: seeds shift all accuracies alike, by up to 0.7 points."""
    rows = [
        {
            "weight_decay": decay,
            "seed": seed,
            "train_accuracy": TRAIN_ACCURACY[decay],
            "test_accuracy": TEST_ACCURACY[decay] + 0.002 * (seed - 3.5) + 0.001 * (seed % 2) * decay**0.5,
            "weight_norm": WEIGHT_NORM[decay] + 0.1 * (seed - 3.5),
        }
        for decay in TEST_ACCURACY
        for seed in SEEDS
    ]
    return {"seeds": len(SEEDS), "rows": rows, "intervals": []}


def laboratory() -> dict[str, Any]:
    """Return a generalization study of four seeds: a curve, two claims' settings, a learning curve."""
    quantities = {
        "plain": (0.95, 0.80, 0.15, 20.0, 0.0),
        "decay 1": (0.85, 0.86, 0.01, 9.0, 0.0),
        "decay 10": (0.60, 0.62, -0.01, 4.0, 0.0),
        "l1 0.1": (0.86, 0.85, 0.02, 8.0, 0.4),
        "batch norm": (0.99, 0.76, 0.25, 10.0, 0.0),
        "batch norm, decay 1": (0.98, 0.77, 0.24, 5.0, 0.0),
        "dropout 0.5": (0.88, 0.84, 0.05, 19.0, 0.0),
    }
    columns = ("train_accuracy", "test_accuracy", "gap_accuracy", "weight_norm", "exact_zero_share")
    rows = [
        {
            "setting": name,
            "seed": seed,
            "near_zero_share": values[-1] + 0.01,
            "validation_accuracy": values[1],
            "diverged": False,
            "at_chance": name == "decay 10" and seed < 2,
        }
        | {"effective_learning_rate": 1e-3 / values[3] ** 2}
        | {
            key: value + 0.0005 * (2 + number) * (seed - 1.5)
            for key, value in zip(columns, values, strict=True)
        }
        for number, (name, values) in enumerate(quantities.items())
        for seed in range(4)
    ]
    history = [
        {"setting": "plain", "epoch": epoch, "quantity": quantity, "estimate": value, "low": value - 0.01}
        | {"high": value + 0.01, "num_values": 4}
        for quantity, values in {
            "train_accuracy": (0.5, 0.8, 0.9, 0.95),
            "validation_accuracy": (0.4, 0.6, 0.7, 0.65),
            "test_accuracy": (0.5, 0.82, 0.79, 0.8),
        }.items()
        for epoch, value in zip((1, 10, 30, 60), values, strict=True)
    ]
    curves = {
        "weight decay": [[0, "plain"], [1, "decay 1"], [10, "decay 10"]],
        "L1": [[0, "plain"], [0.1, "l1 0.1"]],
        "decay, batch norm": [[0, "batch norm"], [1, "batch norm, decay 1"]],
    }
    linear = {
        "property": "linear",
        "definition": "f(u + v) = f(u) + f(v)",
        "holds": True,
        "evidence": "error 0",
    }
    told = {"data": "digits", "seeds": 4, "num_train": 300, "wrong_label_share": 0.2, "is_complete": True}
    lines = {"no dropout": [["0", "plain"], ["1", "decay 1"]], "dropout": [["0", "dropout 0.5"]]}
    compared = {"name": "decay with dropout", "axis": "weight decay", "lines": lines}
    told |= {"rows": rows, "history": history, "curves": curves, "comparisons": [compared]}
    return told | {"diverged": {}, "at_chance": {"decay 10": 2}, "linear_map": [linear]}


def ours(**changes: Any) -> dict[str, Any]:
    """Return a whole result document of the suite; keyword arguments replace its top-level keys."""
    document = {
        "machine_info": {"node": "box", "system": "Linux", "cpu": {"brand_raw": "A CPU"}, "facts": FACTS},
        "commit_info": {},
        "benchmarks": [
            *_loader_entries(),
            *_startup_entries(),
            *_settings_entries(),
            *_layer_entries(),
            entry("generalization", "epoch", {"device": "cpu"}, 0.01, study=laboratory()),
            entry("weight_decay", "epoch", {"device": "cpu"}, 0.2, study=study()),
        ],
        "datetime": "2026-03-01T12:00:00+00:00",
        "version": "5.3.1",
        "torch_checkup": {
            "schema": 1,
            "profile": "quick",
            "passes": NUM_PASSES,
            "order_seed": 7,
            "started": "2026-03-01T11:57:00+00:00",
            "seconds": 180.0,
            "complete": True,
            "failures": [
                {
                    "fullname": "bench/bench_loader_throughput.py::bench_loader_throughput[wait-cpu-spawn-4]",
                    "name": "bench_loader_throughput[wait-cpu-spawn-4]",
                    "params": {},
                    "kind": "hung",
                    "reason": "no batch came within 60 s",
                    "passes_done": 1,
                }
            ],
            "skipped": [
                {"fullname": "bench/bench_dropout.py::bench_dropout[cuda]", "reason": "no CUDA here"}
            ],
        },
    }
    return document | changes


def small(**changes: Any) -> dict[str, Any]:
    """Return a result document of the suite with one topic only: what it shows is quickly drawn."""
    document = ours()
    return document | {"benchmarks": [e for e in document["benchmarks"] if e["group"] in SHARE]} | changes


def plain(**changes: Any) -> dict[str, Any]:
    """Return a result document of some other suite under pytest-benchmark."""
    benchmarks = [
        plain_entry("test_parse", [0.012, 0.013, 0.011]),
        plain_entry("test_render", [3e-6, 3.1e-6, 2.9e-6]),
    ]
    return {"machine_info": {}, "commit_info": {}, "benchmarks": benchmarks, "version": "4.0.0"} | changes


def write(path: Path, document: Any) -> Path:
    """Write a document as JSON and return its path."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
