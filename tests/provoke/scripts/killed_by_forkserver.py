"""As killed.py, with a worker that is no child of the main process."""

import os
import signal

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=1, multiprocessing_context="forkserver"):
        pass
