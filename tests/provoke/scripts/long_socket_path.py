"""TMPDIR is so long that no socket fits into it."""

import os
import pathlib
import tempfile

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return torch.zeros(4)


if __name__ == "__main__":
    folder = pathlib.Path(tempfile.gettempdir()) / ("long" * 30)
    folder.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=1, multiprocessing_context="forkserver"):
        pass
