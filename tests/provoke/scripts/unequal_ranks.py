"""Rank 0 has four batches, rank 1 six: it waits for the other's gradients in vain."""

import os
import socket
from datetime import timedelta

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset


def train(rank):
    distributed.init_process_group("gloo", rank=rank, world_size=2, timeout=timedelta(seconds=15))
    model = DistributedDataParallel(torch.nn.Linear(3, 1))
    for (batch,) in DataLoader(TensorDataset(torch.rand(24 if rank else 16, 3)), batch_size=4):
        model(batch).sum().backward()
    if rank == 0:
        os._exit(0)


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.multiprocessing.spawn(train, nprocs=2)
