"""`population` and `claims`: what cannot be done is told in one sentence."""

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
    assert "'gpu': cpu, cuda or cuda:0" in capsys.readouterr().err
