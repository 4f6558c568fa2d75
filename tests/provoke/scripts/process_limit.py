"""The user may start no further process."""

import os
import resource
from multiprocessing import popen_fork, queues, synchronize  # noqa: F401 -- another user may not read them

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.tensor(index)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    os.setuid(65534)
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
