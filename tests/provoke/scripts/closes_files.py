"""Sample 13 raises KeyError, in a program that has closed all other files, as daemons do."""

import os

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            raise KeyError("0013.png")
        return torch.tensor(index)


if __name__ == "__main__":
    os.closerange(3, 256)
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
