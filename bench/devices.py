"""Whether a device can be measured here, and why not."""

import os

import pytest
import torch


def require_device(device: str) -> None:
    """Skip the benchmark, with the reason, where `device` cannot be used."""
    if reason := why_not(device):
        pytest.skip(reason)


def why_not(device: str) -> str:
    """Return why a device cannot be used, nothing where it can."""
    wanted = torch.device(device)
    if wanted.type != "cuda":
        return ""
    if torch.cuda.is_available():
        number = torch.cuda.device_count()
        seen = "one GPU" if number == 1 else f"{number} GPUs"
        return f"no {device}: torch finds {seen}, counted from 0" if (wanted.index or 0) >= number else ""
    if torch.version.cuda is None:
        return f"no CUDA: torch {torch.__version__} is built without it"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    why = "" if visible is None else f" (CUDA_VISIBLE_DEVICES={visible!r} decides which it may see)"
    built = f"torch {torch.__version__} is built for CUDA {torch.version.cuda}"
    return f"no CUDA: {built} but finds no usable GPU{why}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was what failed; CUDA's libraries say it in the name of their status only."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "STATUS_ALLOC_FAILED" in str(error)


def is_sound() -> bool:
    """Whether CUDA still works in this process: after some errors nothing does until it ends."""
    if not torch.cuda.is_initialized():
        return True
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return False
    return True
