"""Real report files for the browser, built by the commands that a user types."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.reports import results
from tests.reports.comparison import runs

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "tests" / "data" / "results" / "cpu-2-cores.json"  # a quick profile, private words hidden
HOSTILE = (
    "</script><script>window.broken = 1</script>",
    '"><img src=x onerror="window.broken = 2">',
    "javascript:window.broken=3",
    "\u202egnirts\u202c",
    "<svg onload=window.broken=4>",
    "x" * 10_000,
)


def build(folder: Path) -> dict[str, Path]:
    """Build every kind of page, and return its file by the kind's name."""
    return {
        "measured": _page(folder, "measured", MEASURED),
        "report": _built(folder, "report", results.ours()),
        "generic": _built(folder, "generic", results.plain()),
        "hostile": _built(folder, "hostile", hostile(results.ours())),
        "comparison": _compared(folder),
    }


def _built(folder: Path, name: str, document: dict[str, Any]) -> Path:
    return _page(folder, name, results.write(folder / f"{name}.json", document))


def _page(folder: Path, name: str, source: Path) -> Path:
    _run("build", source, "-o", folder / f"{name}.html")
    return folder / f"{name}.html"


def _compared(folder: Path) -> Path:
    """Three machines with three runs each, so that there are verdicts of several kinds."""
    machines = {"": 1.0, "Slow ": 1.6, "Twin ": 1.001}
    for word, factor in machines.items():
        for number in range(3):
            document = runs.scaled(results.ours(), factor * runs.JITTER[number])
            facts = runs.ours(number)["machine_info"]["facts"]
            facts["cpu.model_name"]["value"] = f"{word}CPU"
            document["machine_info"] = {"facts": facts}
            for entry in document["benchmarks"]:
                for measured in entry["extra_info"]["passes"]:
                    if "samples_per_second" in measured["figures"]:
                        measured["figures"]["samples_per_second"] /= factor
            hour = 10 + list(machines).index(word)
            document["torch_checkup"]["started"] = f"2026-03-0{number + 1}T{hour}:00:00+00:00"
            document["datetime"] = f"2026-03-0{number + 1}T{hour}:05:00+00:00"
            (folder / "machines").mkdir(exist_ok=True)
            results.write(folder / "machines" / f"{word.strip() or 'Base'}{number}.json", document)
    _run("compare", folder / "machines", "-o", folder / "comparison.html")
    return folder / "comparison.html"


def hostile(value: Any, number: int = 0) -> Any:
    """Return a document with a hostile word in every string that a file is free to choose."""
    if isinstance(value, dict):
        fixed = {"topic", "datetime", "unit", "mode", "direction", "start_method"}
        return {k: v if k in fixed else hostile(v, number + i) for i, (k, v) in enumerate(value.items())}
    if isinstance(value, list):
        return [hostile(item, number + i) for i, item in enumerate(value)]
    return f"{value}{HOSTILE[number % len(HOSTILE)]}" if isinstance(value, str) else value


def _run(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
