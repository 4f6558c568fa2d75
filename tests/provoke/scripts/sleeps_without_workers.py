"""Sample 13 never comes, in the main process."""

import time

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            time.sleep(3600)
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4):
        pass
