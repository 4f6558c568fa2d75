"""A class that only the main process defines, and workers that are spawned."""

import torch
from torch.utils.data import DataLoader, Dataset

if __name__ == "__main__":

    class Numbers(Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            return torch.tensor(index)

    for _ in DataLoader(Numbers(), num_workers=1, multiprocessing_context="spawn"):
        pass
