"""Sample 13 has another shape."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.zeros(4 if index == 13 else 3)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
