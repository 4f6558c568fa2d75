"""Batches are kept until no file can be opened."""

import resource

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 2000

    def __getitem__(self, index):
        return torch.zeros(8, 8), torch.tensor(index)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))
    kept = []
    for batch in DataLoader(Numbers(), batch_size=4, num_workers=2):
        kept.append(batch)
