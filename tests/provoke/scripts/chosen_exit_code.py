"""Healthy, and ends with an exit code of its own choice."""

import sys

import torch
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    for _ in DataLoader(TensorDataset(torch.arange(32.0)), batch_size=4, num_workers=2):
        pass
    print("time is up, start me again", file=sys.stderr)
    sys.exit(75)
