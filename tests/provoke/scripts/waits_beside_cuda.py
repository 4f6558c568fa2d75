"""The loop waits for slow samples, after CUDA was put to use: the GPU may compute meanwhile."""

import time

import torch
from torch.utils.data import DataLoader, Dataset


class Slow(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        time.sleep(0.25)
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Slow()):
        torch.cuda.is_initialized = lambda: True  # as `model.cuda()` would have it
        time.sleep(0.1)
