"""A sampler and shuffle=True."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), sampler=range(8), shuffle=True):
        pass
