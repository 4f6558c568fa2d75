"""Two threads read a loader each, and end at the same time."""

import threading

import torch
from torch.utils.data import DataLoader, TensorDataset


def read():
    for _ in range(4):
        for _ in DataLoader(TensorDataset(torch.arange(64.0)), batch_size=8, num_workers=1):
            pass


if __name__ == "__main__":
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
