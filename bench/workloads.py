"""Datasets that differ in what bounds them. Deterministic: sample i is the same in every process."""

import io
import random
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from bench.streams import Shards
from bench.user_data import UserData, is_user_data, load

STORAGE_LATENCY_SECONDS = 0.010  # a cold read from a network disk or an object store's cache
CROP_PIXELS = 224  # the side that ImageNet models take
NUM_WORDS, MAX_TOKENS = 400, 1024  # a paragraph or two, and a usual context length
SLOW_EVERY, SLOW_SECONDS = 61, 0.080  # a cache miss now and then; 61 is prime, so it meets every worker
STYLES = ("map", "iterable")


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


class TensorCopies(Dataset[Tensor]):
    """Bound by moving bytes: copies of tensors in memory, (3, 224, 224) float32, 602,112 bytes a sample."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.images = torch.rand(16, 3, CROP_PIXELS, CROP_PIXELS, generator=generator)

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index % len(self.images)].clone()


class PythonTokens(Dataset[Tensor]):
    """Bound by the interpreter: tokenises text in pure Python, which holds the GIL all the time.

    Words are made of syllables; each is cut greedily into the longest pieces that the vocabulary has.
    Samples are (1024,) int64, filled up with zeros.
    """

    def __init__(self) -> None:
        chance = random.Random(0)
        syllables = [c + v for c in "bcdfghklmnprst" for v in "aeiou"]
        pairs = [first + second for first in syllables for second in chance.sample(syllables, 8)]
        self.words = ["".join(chance.choices(syllables, k=chance.randint(2, 5))) for _ in range(5000)]
        self.ids = {piece: number for number, piece in enumerate([*syllables, *pairs], start=1)}
        self.longest = max(map(len, self.ids))

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Tensor:
        words = random.Random(index).choices(self.words, k=NUM_WORDS)
        ids = [number for word in words for number in self._tokenise(word)][:MAX_TOKENS]
        return torch.tensor(ids + [0] * (MAX_TOKENS - len(ids)))

    def _tokenise(self, word: str) -> list[int]:
        ids, begin = [], 0
        while begin < len(word):
            end = min(len(word), begin + self.longest)
            while word[begin:end] not in self.ids:
                end -= 1
            ids.append(self.ids[word[begin:end]])
            begin = end
        return ids


class SkewedSamples(Dataset[Tensor]):
    """Bound by its slowest samples: a little CPU work each, and one sample in 61 waits 80 ms beside it.

    Attributes
    ----------
    period : int
        Samples after which the costs repeat; a measurement takes whole periods.
    """

    period: ClassVar[int] = SLOW_EVERY

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Tensor:
        chance = random.Random(index)
        numbers = sorted(chance.random() for _ in range(1500))  # about 0.3 ms
        if index % SLOW_EVERY == SLOW_EVERY // 2:
            time.sleep(SLOW_SECONDS)
        return torch.tensor(numbers[:: len(numbers) // 8])


@dataclass(frozen=True)
class Workload:
    """A dataset with the batch size it is measured at."""

    dataset: type[Dataset[Tensor]]
    batch_size: int


WORKLOADS = {
    "image": Workload(ImageFiles, batch_size=4),
    "tiny": Workload(TinyRows, batch_size=16),
    "wait": Workload(SlowStorage, batch_size=4),
    "copy": Workload(TensorCopies, batch_size=4),
    "python": Workload(PythonTokens, batch_size=8),
    "skewed": Workload(SkewedSamples, batch_size=8),
}


def open_workload(name: str, style: str = "map") -> UserData:
    """Return one of `WORKLOADS`, or what the user named as `FILE.py:NAME`.

    Parameters
    ----------
    name : str
    style : {"map", "iterable"}
        `iterable` has the workers go through the same samples as a stream, each through its own share. The
        user's own data keep their style.
    """
    if is_user_data(name):
        return load(name)
    dataset = WORKLOADS[name].dataset()
    return UserData(Shards(dataset) if style == "iterable" else dataset, WORKLOADS[name].batch_size)
