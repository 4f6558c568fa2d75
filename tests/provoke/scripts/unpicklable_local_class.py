"""A dataset class inside a function, and workers that are spawned."""

import torch
from torch.utils.data import DataLoader, Dataset


def main():
    class Local(Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            return torch.tensor(index)

    for _ in DataLoader(Local(), num_workers=1, multiprocessing_context="spawn"):
        pass


if __name__ == "__main__":
    main()
