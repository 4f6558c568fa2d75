"""Sample 13 of a split raises; the dataset has another number for it."""

import torch
from torch.utils.data import DataLoader, Dataset, Subset


class Numbers(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        if index == 50:
            raise KeyError("0050.png")
        return torch.tensor(index)


if __name__ == "__main__":
    split = Subset(Numbers(), range(63, 0, -1))
    for _ in DataLoader(split, batch_size=4, num_workers=2):
        pass
