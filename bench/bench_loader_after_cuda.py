"""Starting workers whose dataset uses the GPU, out of a process that has used it already."""

from bench.configuration import Options, Params, configurations
from bench.cuda_starts import CudaStarts
from bench.devices import require_device
from bench.start_methods import START_METHODS, require_start_method


def grid(options: Options) -> list[Params]:
    """Every start method on every GPU: fork is there to be refused, with the finding that explains why."""
    counts = [n for n in options.num_workers if n] or [2]
    return [
        {"device": device, "start_method": method, "num_workers": num_workers}
        for device in options.devices
        if device != "cpu"
        for method in options.start_methods or START_METHODS
        for num_workers in counts
    ]


@configurations(
    grid, topic="loader_after_cuda", group="Starting workers that use {device}: seconds until all deliver"
)
def bench_loader_after_cuda(device: str, start_method: str, num_workers: int) -> CudaStarts:
    """Seconds until every worker has delivered its first batch, each with a CUDA context of its own."""
    require_device(device)
    require_start_method(start_method)
    return CudaStarts(start_method, num_workers, device)
