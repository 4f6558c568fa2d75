"""Data with one known fault each; a child loads this file by its path. No test by itself."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class Rows(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return torch.zeros(8)


class Raising(Rows):
    def __getitem__(self, index):
        if index % 8 == 5:
            raise KeyError("image_5.jpg is missing")
        return super().__getitem__(index)


class Ragged(Rows):
    def __getitem__(self, index):
        return torch.zeros(index % 7 + 1)


class Shared(Rows):
    """Fails as torch does where /dev/shm is full."""

    def __getitem__(self, index):
        if get_worker_info():
            raise RuntimeError("unable to write to file </torch_71_2840931_0>: No space left on device (28)")
        return super().__getitem__(index)


class Locked(Rows):
    def __init__(self):
        self.lock = threading.Lock()


class HangsInWorker(Rows):
    def __getitem__(self, index):
        while get_worker_info():
            time.sleep(0.05)
        return super().__getitem__(index)


class DiesInWorker(Rows):
    def __getitem__(self, index):
        if get_worker_info():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


class Dies(Rows):
    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


class KillsMain(Rows):
    def __getitem__(self, index):
        if get_worker_info():
            os.kill(multiprocessing.parent_process().pid, signal.SIGKILL)
        return super().__getitem__(index)


class Pooled(Rows):
    """Its threads start with the first sample, and are not there in what is forked later."""

    def __init__(self):
        self.pool = ThreadPoolExecutor(1)

    def __getitem__(self, index):
        return self.pool.submit(super().__getitem__, index).result()


class Leaving(Rows):
    def __getitem__(self, index):
        sys.exit(3)


class OneShard(IterableDataset):
    """Only the first worker has a share."""

    def __iter__(self):
        info = get_worker_info()
        for _ in range(50 if info is None or info.id == 0 else 0):
            time.sleep(0.001)
            yield torch.zeros(4)


class Nothing(IterableDataset):
    def __iter__(self):
        return iter(())


class Quitting:
    """A batch sampler that raises what is no Exception."""

    batch_size = 8

    def __iter__(self):
        raise GeneratorExit("the sampler quits")


def with_workers(dataset, **arguments):
    return DataLoader(dataset, 8, num_workers=2, **arguments)


def raising():
    return with_workers(Raising())


def ragged():
    return with_workers(Ragged())


def shm():
    return with_workers(Shared())


def locked():
    return with_workers(Locked(), multiprocessing_context="spawn")


def local():
    class Inner(Rows):
        pass

    return with_workers(Inner(), multiprocessing_context="spawn")


def leaving():
    return with_workers(Leaving())


def hanging():
    return with_workers(HangsInWorker())


def dying():
    return with_workers(DiesInWorker())


def dying_alone():
    return DataLoader(Dies(), 8)


def killing():
    return with_workers(KillsMain())


def quitting():
    return DataLoader(Rows(), batch_sampler=Quitting(), num_workers=2)


def pooled():
    return with_workers(Pooled())


def one_shard():
    return with_workers(OneShard())


def nothing():
    return with_workers(Nothing())
