"""A DataLoader read to the GPU: ways to bring batches over, and what a step of known length hides of them."""

from bench.configuration import Options, Params, configurations
from bench.device_epochs import TRANSFERS, DeviceEpochs, require_transfer
from bench.devices import require_device
from bench.start_methods import IN_PROCESS, start_methods_here
from bench.workloads import open_workload

BATCH_SIZE = 32  # 19 MB of images, as for a network of today
STEP_SECONDS = 0.02  # longer than two workers need for a batch, so that what is exposed is the copy


def grid(options: Options) -> list[Params]:
    """Every way to bring batches over, alone and beside a step."""
    counts = options.num_workers or ((0, 2, 4) if options.is_full else (2,))
    method = (options.start_methods or start_methods_here())[0]
    return [
        {
            "workload": options.dataset or "copy",
            "device": device,
            "transfer": transfer,
            "step_seconds": step_seconds,
            "start_method": method if num_workers else IN_PROCESS,
            "num_workers": num_workers,
        }
        for device in options.devices
        if device != "cpu"
        for transfer in TRANSFERS
        for step_seconds in (0.0, STEP_SECONDS)
        for num_workers in counts
    ]


@configurations(
    grid,
    topic="loader_device",
    group="DataLoader to {device}, {workload}, {num_workers} workers, step {step_seconds} s: s per sample",
)
def bench_loader_device(
    workload: str, device: str, transfer: str, step_seconds: float, start_method: str, num_workers: int
) -> DeviceEpochs:
    """Seconds per sample, read to the device and followed by a step."""
    require_device(device)
    require_transfer(transfer)
    chosen = open_workload(workload)
    return DeviceEpochs(
        chosen.dataset,
        transfer=TRANSFERS[transfer],
        step_seconds=step_seconds,
        device=device,
        batch_size=BATCH_SIZE if workload == "copy" else chosen.batch_size,
        num_workers=num_workers,
        start_method=start_method,
        collate_fn=chosen.collate_fn,
    )
