"""A step waits for a lock that nobody lets go, while the loader has batches ready."""

import threading

import torch
from torch.utils.data import DataLoader, TensorDataset


def step(number, lock):
    if number == 3:
        lock.acquire()


def main():
    lock = threading.Lock()
    lock.acquire()
    for number, _ in enumerate(DataLoader(TensorDataset(torch.ones(64, 2)), batch_size=4, num_workers=1)):
        step(number, lock)


if __name__ == "__main__":
    main()
