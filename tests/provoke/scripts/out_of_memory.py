"""Sample 13 asks for more memory than the limit allows."""

import resource

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            torch.ones(2**32)
        return torch.tensor(index)


if __name__ == "__main__":
    limit = 4 * 1024**3
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
