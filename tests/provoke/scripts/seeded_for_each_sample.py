"""Generators that each sample seeds by its index: workers do not repeat one another."""

import random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Noise(Dataset):
    def __init__(self):
        self.random = random.Random(0)
        self.legacy = np.random.RandomState(0)
        self.numpy = np.random.default_rng(0)
        self.torch = torch.Generator()

    def __len__(self):
        return 64

    def __getitem__(self, index):
        self.random.seed(index)
        self.legacy.seed(index)
        self.torch.manual_seed(index)
        self.numpy.bit_generator.state = np.random.PCG64(index).state
        drawn = self.random.random() + self.legacy.normal() + self.numpy.random()
        return drawn + torch.rand(3, generator=self.torch)


if __name__ == "__main__":
    for _ in DataLoader(Noise(), batch_size=4, num_workers=2):
        pass
