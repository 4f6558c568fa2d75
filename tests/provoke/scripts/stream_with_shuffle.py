"""shuffle=True for a stream."""

import torch
from torch.utils.data import DataLoader, IterableDataset


class Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.arange(32))


if __name__ == "__main__":
    for _ in DataLoader(Stream(), shuffle=True):
        pass
