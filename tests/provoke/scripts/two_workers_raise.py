"""Sample 13 raises in worker 1; in worker 0, which the loop comes to later, samples differ in shape."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            raise KeyError("0013.png")
        return torch.zeros(3 if index == 17 else 4)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
