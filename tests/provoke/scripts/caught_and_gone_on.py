"""Sample 13 raises KeyError, and the loop leaves out its batch without a word."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            raise KeyError("0013.png")
        return torch.tensor(index)


def batches(loader):
    iterator = iter(loader)
    while True:
        try:
            yield next(iterator)
        except StopIteration:
            return
        except KeyError:
            continue


if __name__ == "__main__":
    for _ in batches(DataLoader(Numbers(), batch_size=4, num_workers=2)):
        pass
