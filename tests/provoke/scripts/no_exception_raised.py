"""Sample 13 takes too long for a handler that raises what is no Exception, which torch does not pass on."""

import signal

import torch
from torch.utils.data import DataLoader, Dataset


class TooSlow(BaseException):
    pass


def ring(number, frame):
    raise TooSlow("more than a moment")


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        if index == 13:
            signal.signal(signal.SIGALRM, ring)
            signal.raise_signal(signal.SIGALRM)
        return torch.tensor(index)


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2):
        pass
