"""Worker 1 puts more into a queue than it holds, and nobody takes anything out."""

import multiprocessing

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info


class Numbers(Dataset):
    def __init__(self):
        self.seen = multiprocessing.Queue(5)

    def __len__(self):
        return 32

    def __getitem__(self, index):
        if get_worker_info().id == 1:
            self.seen.put(index)
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
