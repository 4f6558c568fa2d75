"""A process of a Pool, which is daemonic, starts workers."""

import multiprocessing

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.tensor(index)


def count(_):
    return sum(1 for _ in DataLoader(Numbers(), batch_size=4, num_workers=1))


if __name__ == "__main__":
    with multiprocessing.Pool(1) as pool:
        print(pool.map(count, [0]))
