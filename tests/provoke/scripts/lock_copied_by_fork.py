"""A thread holds a lock while workers are forked: in them nobody lets it go."""

import threading

import torch
from torch.utils.data import DataLoader, Dataset

LOCK = threading.Lock()


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        with LOCK:
            return torch.tensor(index)


if __name__ == "__main__":
    LOCK.acquire()
    threading.Timer(0.5, LOCK.release).start()
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
