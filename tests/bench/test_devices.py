import pytest
import torch

from bench.devices import is_sound, require_device, why_not


@pytest.fixture
def _two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.usefixtures("_two_gpus")
def test_a_gpu_that_is_there_is_measured_and_one_beyond_the_last_is_skipped() -> None:
    for device in ("cpu", "cuda", "cuda:0", "cuda:1"):
        require_device(device)
    with pytest.raises(pytest.skip.Exception, match="no cuda:2: torch finds 2 GPUs, counted from 0"):
        require_device("cuda:2")


def test_a_build_without_cuda_is_told_from_a_gpu_that_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    assert why_not("cuda").endswith("is built without it")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert why_not("cuda").endswith("is built for CUDA 13.0 but finds no usable GPU")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "CUDA_VISIBLE_DEVICES=''" in why_not("cuda:0")


def test_cuda_that_was_not_used_or_still_answers_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.cuda, "synchronize", broken)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert is_sound()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    assert not is_sound()
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    assert is_sound()
