"""Whether a device can be measured here, and why not."""

import pytest
import torch


def require_device(device: str) -> None:
    """Skip the benchmark, with the reason, where `device` cannot be used."""
    if torch.device(device).type != "cuda" or torch.cuda.is_available():
        return
    if torch.version.cuda is None:
        pytest.skip(f"no CUDA: torch {torch.__version__} is built without it")
    pytest.skip(
        f"no CUDA: torch {torch.__version__} is built for CUDA {torch.version.cuda} but finds no usable GPU"
    )
