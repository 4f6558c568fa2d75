"""Trial: a loader with two workers under each start method: whether it works, how fast, how much memory.

Run by path in a child. Each start method is tried in a process of its own, which is given up at its limit, so
that one that hangs or dies hides nothing of the others; `forkserver_preload` is forkserver with torch in the
server beforehand. Prints facts as JSON: `trial.<method>_loader_outcome` is works, failed, died, hung, or null
where the platform has no such method.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from typing import Any

NUM_WORKERS = 2
NEEDS_TORCH = True
TIME_LIMIT_SECONDS = 300.0  # of all of them; torch from a cold network file system takes most of a minute
MOST_SECONDS, LEAST_SECONDS = 60.0, 10.0  # for one start method, and without torch's import
IMPORTS = 8  # that fit into a limit: parent, server and two workers import torch, on busy cores
PRELOAD = ["torch", "torch.utils.data", "numpy", "__main__"]
METHODS = {"fork": "fork", "spawn": "spawn", "forkserver": "forkserver", "forkserver_preload": "forkserver"}
FIGURES = {
    "first_batch_seconds": "seconds",
    "all_workers_seconds": "seconds",
    "server_start_seconds": "seconds",
    "worker_pss_bytes": "bytes",
    "worker_uss_bytes": "bytes",
}
REASON_CHARACTERS = 200


class WhoLoaded:
    """A dataset whose samples are the process that loaded them."""

    def __len__(self) -> int:
        """Return enough samples for every worker to load some."""
        return 8 * NUM_WORKERS

    def __getitem__(self, index: int) -> int:
        """Return the number of this process."""
        return os.getpid()


def nothing() -> None:
    """What the process does whose start makes the server start."""


def measured(name: str) -> dict[str, float]:
    """Start the workers of one loader here; return its figures."""
    import torch.utils.data

    context: Any = multiprocessing.get_context(METHODS[name])
    figures: dict[str, float] = {}
    if name == "forkserver_preload":
        context.set_forkserver_preload(PRELOAD)
    if METHODS[name] == "forkserver":
        starts = time.perf_counter()
        server = context.Process(target=nothing)
        server.start()
        server.join()
        figures["server_start_seconds"] = time.perf_counter() - starts
    starts = time.perf_counter()
    loader = torch.utils.data.DataLoader(
        WhoLoaded(),
        batch_size=1,
        num_workers=NUM_WORKERS,
        multiprocessing_context=context,
        persistent_workers=True,
    )
    workers: set[int] = set()
    for batch in loader:
        if not workers:
            figures["first_batch_seconds"] = time.perf_counter() - starts
        workers.add(int(batch[0]))
        if len(workers) == NUM_WORKERS:
            break
    figures["all_workers_seconds"] = time.perf_counter() - starts
    held = [memory for memory in map(memory_bytes, workers) if memory]
    for number, kind in enumerate(("worker_pss_bytes", "worker_uss_bytes") if held else ()):
        figures[kind] = sum(memory[number] for memory in held) / len(held)
    return figures


def memory_bytes(pid: int) -> tuple[int, int] | None:
    """Return proportional and unique set size of a process, None where the platform does not tell."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:  # noqa: PTH123  stands alone
            lines = [line.split() for line in rollup]
    except OSError:
        return None
    kib = {words[0]: int(words[1]) for words in lines if len(words) == 3 and words[2] == "kB"}
    return 1024 * kib.get("Pss:", 0), 1024 * (kib.get("Private_Clean:", 0) + kib.get("Private_Dirty:", 0))


def limit_seconds(import_seconds: float) -> float:
    """Return how long one start method is waited for, by how long torch's import takes here."""
    return min(MOST_SECONDS, LEAST_SECONDS + IMPORTS * import_seconds)


def last_line(text: object) -> str:
    """Return the last line with a word in it, as text; after a time limit subprocess returns bytes."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text or "")
    return ([line.strip() for line in decoded.splitlines() if line.strip()] or [""])[-1]


def tried(name: str, limit: float = MOST_SECONDS) -> dict[str, Any]:
    """Try one start method in a process of its own: `outcome`, `problem` and figures."""
    if METHODS[name] not in multiprocessing.get_all_start_methods():
        return {"outcome": None, "problem": None}
    command = [sys.executable, os.path.abspath(__file__), name]  # noqa: PTH100  stands alone
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=limit, encoding="utf-8", errors="replace", check=False
        )
    except subprocess.TimeoutExpired as error:
        said = f"no batch of every worker within {limit:.0f} s; {last_line(error.stderr)}"
        return {"outcome": "hung", "problem": said.rstrip("; ")[:REASON_CHARACTERS]}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return {"outcome": "works", "problem": None, **json.loads(line)}
    outcome = "died" if done.returncode < 0 else "failed"
    how = f"signal {-done.returncode}: " if done.returncode < 0 else ""
    return {"outcome": outcome, "problem": (how + (last_line(done.stderr) or "no word"))[:REASON_CHARACTERS]}


def as_facts(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return one method's facts; figures of a method that does not work here are null."""
    source = f"DataLoader, {NUM_WORKERS} workers by {name.replace('_', ' with ')}"
    facts = {
        f"trial.{name}_loader_outcome": {"value": found["outcome"], "unit": "", "source": source},
        f"trial.{name}_loader_problem": {"value": found["problem"], "unit": "", "source": source},
    }
    for figure, unit in FIGURES.items():
        if figure in found or figure != "server_start_seconds":
            facts[f"trial.{name}_{figure}"] = {"value": found.get(figure), "unit": unit, "source": source}
    return facts


def main() -> None:
    """Try every method, or measure the one that is named."""
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1])))
        return
    starts = time.perf_counter()
    import torch  # noqa: F401

    limit = limit_seconds(time.perf_counter() - starts)
    facts: dict[str, Any] = {}
    for name in METHODS:
        facts.update(as_facts(name, tried(name, limit)))
        print(json.dumps({"facts": facts}), flush=True)  # the last line counts: what is known survives a kill


if __name__ == "__main__":
    main()
