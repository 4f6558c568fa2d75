"""The model fails, while a worker has run ahead to a sample that raises."""

import time

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            raise KeyError("0013.png")
        return torch.zeros(3)


if __name__ == "__main__":
    model = torch.nn.Linear(4, 1)
    for batch in DataLoader(Numbers(), batch_size=4, num_workers=2):
        time.sleep(0.5)
        model(batch)
