"""A program that the training calls between epochs fails; the loader is innocent."""

import subprocess
import sys

import torch
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    for _ in DataLoader(TensorDataset(torch.arange(32.0)), batch_size=4, num_workers=2):
        pass
    subprocess.run([sys.executable, "-c", "raise SystemExit(4)"], check=True)
