"""The dataset holds an open file, and workers are spawned."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __init__(self):
        self.file = open(__file__)  # noqa: SIM115, PTH123

    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), num_workers=1, multiprocessing_context="spawn"):
        pass
