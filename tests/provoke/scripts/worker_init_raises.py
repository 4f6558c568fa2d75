"""Worker 1 cannot open its shard when it starts."""

import functools
import sys
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset


def open_shard(folder, worker):
    if worker == 1:
        (Path(folder) / f"shard-{worker}.bin").open("rb")


if __name__ == "__main__":
    data = TensorDataset(torch.arange(32.0))
    start = functools.partial(open_shard, f"{sys.prefix}/nowhere")
    for _ in DataLoader(data, batch_size=4, num_workers=2, worker_init_fn=start):
        pass
