"""Sample 13 raises an exception whose class wants two arguments."""

import torch
from torch.utils.data import DataLoader, Dataset


class DecodeError(Exception):
    def __init__(self, path, line):
        super().__init__(f"{path} is cut off at {line}")


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            raise DecodeError("0013.jpg", 7)
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
