"""Samples depend on a parameter."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __init__(self):
        self.weight = torch.ones(3, requires_grad=True)

    def __len__(self):
        return 32

    def __getitem__(self, index):
        return self.weight * index


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
