"""A stream that tells half of its length."""

import torch
from torch.utils.data import DataLoader, IterableDataset


class Stream(IterableDataset):
    def __len__(self):
        return 16

    def __iter__(self):
        return iter(torch.arange(32))


if __name__ == "__main__":
    loader = DataLoader(Stream(), num_workers=1)
    print(len(loader), "batches")
    for _ in loader:
        pass
