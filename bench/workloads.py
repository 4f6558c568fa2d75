"""Datasets that differ in what bounds them. Deterministic: sample i is the same in every process."""

import io
import random
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from bench.user_data import UserData, is_user_data, load

STORAGE_LATENCY_SECONDS = 0.010  # a cold read from a network disk or an object store's cache
CROP_PIXELS = 224  # the side that ImageNet models take


class ImageFiles(Dataset[Tensor]):
    """Bound by CPU work: decodes, crops, resizes and flips real JPEG photographs with Pillow.

    The photographs are the two that scikit-learn ships (427 x 640 pixels). Samples are (3, 224, 224) float32
    in [0, 1], 602,112 bytes each.
    """

    def __init__(self) -> None:
        spec = find_spec("sklearn")  # found, not imported: workers should not pay for what they do not use
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("the photographs come with scikit-learn, which is not installed here")
        folder = Path(spec.origin).parent / "datasets" / "images"
        self.files = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
        if not self.files:
            raise FileNotFoundError(f"no *.jpg in {folder}: this scikit-learn came without its sample images")

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Tensor:
        chance = random.Random(index)
        with Image.open(io.BytesIO(self.files[index % len(self.files)])) as image:
            side = chance.randint(min(image.size) // 2, min(image.size))
            left, top = (chance.randint(0, extent - side) for extent in image.size)
            crop = image.convert("RGB").resize(
                (CROP_PIXELS, CROP_PIXELS), Image.Resampling.BILINEAR, (left, top, left + side, top + side)
            )
        pixels_HWC = np.asarray(crop)
        if chance.random() < 0.5:
            pixels_HWC = pixels_HWC[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(pixels_HWC.transpose(2, 0, 1))).float().div_(255)


class TinyRows(Dataset[Tensor]):
    """Bound by crossing the process boundary: rows of 8 numbers that lie in memory, 32 bytes a sample."""

    def __init__(self) -> None:
        self.rows = torch.rand(4096, 8, generator=torch.Generator().manual_seed(0))

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Tensor:
        return self.rows[index % len(self.rows)]


class SlowStorage(TinyRows):
    """Bound by waiting: each sample takes 10 ms to arrive and no CPU."""

    def __getitem__(self, index: int) -> Tensor:
        time.sleep(STORAGE_LATENCY_SECONDS)
        return super().__getitem__(index)


@dataclass(frozen=True)
class Workload:
    """A dataset with the batch size it is measured at."""

    dataset: type[Dataset[Tensor]]
    batch_size: int


WORKLOADS = {
    "image": Workload(ImageFiles, batch_size=4),
    "tiny": Workload(TinyRows, batch_size=16),
    "wait": Workload(SlowStorage, batch_size=4),
}


def open_workload(name: str) -> UserData:
    """Return one of `WORKLOADS`, or what the user named as `FILE.py:NAME`."""
    if is_user_data(name):
        return load(name)
    return UserData(WORKLOADS[name].dataset(), WORKLOADS[name].batch_size)
