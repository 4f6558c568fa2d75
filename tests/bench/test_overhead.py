import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.overhead import Agreement
from bench.workloads import WORKLOADS
from diagnostics.intervals import Interval

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("low", "high", "agrees"), [(0.97, 1.02, True), (0.90, 1.2, True), (1.06, 1.1, False), (0.8, 0.94, False)]
)
def test_figure_and_plain_loop_disagree_when_the_whole_interval_lies_beyond_five_percent(
    low: float, high: float, agrees: bool
) -> None:
    assert Agreement({}, 100.0, Interval((low + high) / 2, low, high, 20)).agrees is agrees


def test_the_command_prints_a_ratio_for_every_workload_and_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "overhead.json"
    command = [sys.executable, "-m", "bench", "check-overhead", "--workers", "0", "--pairs", "1"]
    ran = subprocess.run(
        [*command, "--json", str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode in {0, 1}, ran.stderr
    document = json.loads(file.read_text(encoding="utf-8"))
    told = {one["params"]["workload"]: one["ratio"]["estimate"] for one in document["agreements"]}
    assert set(told) == set(WORKLOADS)
    assert all(0.2 < ratio < 5 for ratio in told.values())
