"""Every worker yields the whole stream, exit code 0."""

import torch
from torch.utils.data import DataLoader, IterableDataset


class Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.arange(32))


if __name__ == "__main__":
    for _ in DataLoader(Stream(), batch_size=4, num_workers=2):
        pass
