"""The start method is set a second time."""

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.tensor(index)


if __name__ == "__main__":
    torch.multiprocessing.set_start_method("fork")
    torch.multiprocessing.set_start_method("spawn")
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
