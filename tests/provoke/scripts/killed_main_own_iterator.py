"""The main process is killed at sample 13, in a DataLoader whose `__iter__` is the user's own."""

import os
import signal

from torch.utils.data import DataLoader, Dataset
from torch.utils.data.dataloader import _SingleProcessDataLoaderIter


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


class Own(DataLoader):
    def __iter__(self):
        return _SingleProcessDataLoaderIter(self)


if __name__ == "__main__":
    for _ in Own(Numbers(), batch_size=4):
        pass
