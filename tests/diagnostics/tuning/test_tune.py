import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests/diagnostics/ladder/cases.py"


def tuned(tmp_path, case, *options):
    file = tmp_path / "tune.json"
    command = [sys.executable, "-m", "diagnostics", "tune", f"{CASES}:{case}", "--json", str(file), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=200, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(file.read_text()), done.stdout


def test_waiting_samples_get_many_workers_and_the_document_is_as_promised(tmp_path):
    document, text = tuned(tmp_path, "waiting", "--budget", "8")
    assert (document["schema"], document["command"], document["findings"]) == (1, "tune", [])
    chosen = document["recommended"]
    assert chosen["num_workers"] >= 6
    assert {
        "prefetch_factor",
        "persistent_workers",
        "pin_memory",
        "multiprocessing_context",
        "preload",
    } <= set(chosen)
    assert chosen["persistent_workers"] is True
    low, high = document["interval"]
    assert low <= document["samples_per_second"] <= high
    assert 2 <= len(document["trials"]) <= 5
    assert all({"arguments", "samples_per_second", "seconds"} <= set(trial) for trial in document["trials"])
    assert f"num_workers={chosen['num_workers']}" in text
    assert document["seconds"] < 30


def test_trivial_samples_get_no_workers(tmp_path):
    document, text = tuned(tmp_path, "trivial", "--budget", "8")
    assert document["recommended"]["num_workers"] == 0
    assert document["recommended"]["persistent_workers"] is False
    assert document["recommended"]["prefetch_factor"] is None
    assert "num_workers=0 is best" in text
