import json
from math import inf, nan
from pathlib import Path

from bench.commands import write_json


def test_a_document_holds_null_for_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_json(path, "population", {"speeds": [{"ratio": inf, "bounds": (nan, 1.0)}]})
    assert json.loads(path.read_text(encoding="utf-8"))["speeds"] == [{"ratio": None, "bounds": [None, 1.0]}]
