"""The dataset holds a NumPy generator, which fork copies: exit code 0."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.tensor(self.rng.random())


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
