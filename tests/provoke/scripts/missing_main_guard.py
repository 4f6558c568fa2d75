"""Spawned workers import this file, and there is no main guard."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.tensor(index)


for _ in DataLoader(Numbers(), num_workers=1, multiprocessing_context="spawn"):
    pass
