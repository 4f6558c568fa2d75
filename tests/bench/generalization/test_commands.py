"""`population` and `claims`: what cannot be done is told in one sentence."""

from pathlib import Path

import pytest

from bench.__main__ import main


@pytest.mark.parametrize("command", ["population", "claims"])
def test_a_gpu_that_is_not_there_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--device", "cuda:99"]) == 2
    assert f"python -m bench {command}: no " in capsys.readouterr().err


def test_what_is_no_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["population", "--device", "gpu"])
    assert ended.value.code == 2
    assert "'gpu': expected cpu, cuda, or one GPU such as cuda:0" in capsys.readouterr().err


def test_data_that_cannot_be_used_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "unusable_for_claims.py"
    file.write_text("class data(list):\n    def __len__(self): raise SystemExit\n", encoding="utf-8")
    assert main(["claims", "--data", f"{file}:data"]) == 2
    told = capsys.readouterr().err
    assert told == (
        f"python -m bench claims: {file}:data cannot be loaded: SystemExit ({file.name}, line 2)\n"
    )
