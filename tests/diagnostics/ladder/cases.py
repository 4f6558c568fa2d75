"""Data with one known cause of slowness each; a child loads this file by its path. No test by itself."""

import multiprocessing
import os
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

BATCH = 8


def spin(seconds):
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


class Spinning(Dataset):
    def __init__(self, cpu=0.0, wait=0.0):
        self.cpu, self.wait = cpu, wait

    def __len__(self):
        return 4096

    def __getitem__(self, index):
        spin(self.cpu)
        if self.wait:
            time.sleep(self.wait)
        return torch.ones(8)


class Sorting(Spinning):
    def __getitem__(self, index):
        return torch.from_numpy(np.sort(np.random.default_rng(index).random(30_000))[:8])


class Copying(Spinning):
    def __init__(self):
        super().__init__()
        self.images = torch.rand(16, 3, 640, 640)  # a batch takes milliseconds, where memory is fast too

    def __getitem__(self, index):
        return self.images[index % 16].clone()


class Skewed(Spinning):
    def __getitem__(self, index):
        if index % 61 == 0:
            time.sleep(0.08)
        return super().__getitem__(index)


class Piling(Spinning):
    """One batch of five waits, each in another worker than the one before: what comes after it piles up."""

    def __getitem__(self, index):
        if index % (5 * BATCH) == 0:
            time.sleep(0.08)
        return super().__getitem__(index)


class Streaming(Spinning):
    """Copies 32 MiB a sample and returns 8 numbers."""

    def __init__(self):
        super().__init__()
        self.block = np.ones(1 << 22)
        self.target = np.empty_like(self.block)

    def __getitem__(self, index):
        np.copyto(self.target, self.block)
        return torch.from_numpy(self.target[:8].copy())


class Multiplying(Spinning):
    def __getitem__(self, index):
        side = torch.ones(200, 200)
        for _ in range(4):
            side = side @ side / 200
        return side[0]


class Dicts(Spinning):
    def __getitem__(self, index):
        time.sleep(0.004)
        return {"image": torch.ones(3, 8, 8), "label": index, "name": "x"}


class Locked(Spinning):
    """One sample at a time, however many workers there are."""

    def __init__(self):
        super().__init__()
        self.lock = multiprocessing.Lock()

    def __getitem__(self, index):
        with self.lock:
            time.sleep(0.004)
        return torch.ones(8)


class Batched(Spinning):
    """Read by the batch, as torch reads what has `__getitems__`."""

    def __getitem__(self, index):
        raise NotImplementedError

    def __getitems__(self, indices):
        time.sleep(0.02)
        return [torch.ones(8) for _ in indices]


class Drawing:
    """A batch sampler that thinks for 10 ms."""

    def __iter__(self):
        for first in range(0, 4096, BATCH):
            spin(0.01)
            yield list(range(first, first + BATCH))


class Stream(IterableDataset):
    def __iter__(self):
        for _ in range(500):
            spin(0.002)
            yield torch.ones(8)


class Held:
    """A batch of a class of its own."""

    def __init__(self, samples):
        self.samples = torch.stack(samples)


class Movable(Held):
    def to(self, device):
        self.samples = self.samples.to(device)
        return self


class Raising(Spinning):
    def __getitem__(self, index):
        raise ValueError(f"sample {index} is broken")


class Hanging(Spinning):
    def __getitem__(self, index):
        while True:
            time.sleep(1)


class Dying(Spinning):
    def __getitem__(self, index):
        os.kill(os.getpid(), 11)


class HoldsLambda(Spinning):
    def __init__(self):
        super().__init__(wait=0.002)
        self.transform = lambda value: value


class Parting(Multiplying):
    """Shares its work among threads of its own."""

    def __getitem__(self, index):
        torch.set_num_threads(4)
        return super().__getitem__(index)


def many_threads(worker):
    torch.set_num_threads(16)


def computing():
    return DataLoader(Spinning(cpu=0.002), BATCH, num_workers=2)


def sorting():
    return DataLoader(Sorting(), BATCH, num_workers=2)


def waiting():
    return DataLoader(Spinning(wait=0.005), BATCH, num_workers=2)


def copying():
    return DataLoader(Copying(), BATCH)


def padded(samples):
    spin(0.02)
    return torch.stack(samples)


def fetched(samples):
    time.sleep(0.02)
    return torch.stack(samples)


def padding():
    return DataLoader(Spinning(), BATCH, num_workers=2, collate_fn=padded)


def fetching():
    return DataLoader(Spinning(), BATCH, num_workers=2, collate_fn=fetched)


def trivial():
    return DataLoader(Spinning(), BATCH, num_workers=2)


def skewed():
    return DataLoader(Skewed(cpu=0.0002), BATCH, num_workers=2)


def starting():
    return DataLoader(
        Spinning(wait=0.001), BATCH, sampler=range(64), num_workers=1, multiprocessing_context="spawn"
    )


def piling():
    return DataLoader(Piling(), BATCH, num_workers=4, prefetch_factor=8)


def threaded():
    return DataLoader(Multiplying(), BATCH, num_workers=2, worker_init_fn=many_threads)


def parting():
    return DataLoader(Parting(), BATCH, num_workers=2)


def streaming():
    return DataLoader(Streaming(), BATCH, num_workers=2)


def held():
    return DataLoader(Spinning(wait=0.001), BATCH, collate_fn=Held)


def movable():
    return DataLoader(Spinning(wait=0.001), BATCH, collate_fn=lambda samples: [Movable(samples), "name"])


def dicts():
    return DataLoader(Dicts(), BATCH, num_workers=2)


def locked():
    return DataLoader(Locked(), BATCH, num_workers=2)


def batched():
    return DataLoader(Batched(), BATCH, num_workers=2)


def part_of_batched():
    return DataLoader(Subset(Batched(), range(2048)), BATCH)


def part():
    return DataLoader(Subset(Spinning(wait=0.002), range(2048)), BATCH)


def drawing():
    return DataLoader(Spinning(), batch_sampler=Drawing(), num_workers=2)


def drawing_alone():
    return DataLoader(Spinning(), batch_sampler=Drawing())


def stream():
    return DataLoader(Stream(), BATCH, num_workers=2)


def healthy():
    return DataLoader(TensorDataset(torch.rand(4096, 8)), BATCH, shuffle=True)


def waits_a_little():
    return DataLoader(Spinning(wait=0.001), BATCH)


def computes_a_little():
    return DataLoader(Spinning(cpu=0.001), BATCH)


def dying():
    return DataLoader(Dying(), BATCH, num_workers=2)


def needs_an_argument(path):
    return path


number = 7
