"""Failures outside of the loader: of what kind one is, and what to do next."""

from collections.abc import Callable

from diagnostics.traces.places import Place
from diagnostics.traces.platforms import Platform
from diagnostics.traces.remedies import show_disk, show_kills, show_quota, show_rights
from diagnostics.traces.trace import compiled

GPU_MEMORY = "the accelerator's memory running out"
ON_GPU = "an error on the GPU"
OUTPUT_GONE = "the end of what reads its output, such as head, less or a terminal"
BETWEEN_RANKS = "a failure of communication between ranks"
_KINDS: tuple[tuple[str, str, str], ...] = (
    (
        r"(?i)CUDA driver version|invalid device ordinal|no kernel image|no CUDA-capable device"
        r"|unsupported toolchain|forward compatibility was attempted|busy or unavailable"
        r"|cudaGetDeviceCount\(\).{0,200}Error (?!3\b)\d",
        "a driver, a build of torch or a choice of GPU that does not fit this machine",
        "nvidia-smi; python -c 'import torch; print(torch.version.cuda, torch.cuda.device_count(), "
        "torch.cuda.get_arch_list())'",
    ),
    (
        r"(?i)(?:CUDA|HIP|MPS|XPU)(?: backend| (?:runtime )?error)?[ :(\d)]{1,8}out of memory"
        r"|OutOfMemoryError(?!: Java)",
        GPU_MEMORY,
        "DataLoader(..., batch_size=8)  # or gradient checkpointing; see torch.cuda.memory_summary()",
    ),
    (
        r"(?i)device-side assert|\.cu:\d+: .{0,200}Assertion|illegal memory access|CUDA error"
        r"|CUBLAS_STATUS|cuDNN error|CUDNN_STATUS",
        ON_GPU,
        "CUDA_LAUNCH_BLOCKING=1 python train.py",
    ),
    (
        r"DefaultCPUAllocator|^MemoryError|ArrayMemoryError|(?i:\boom[-_ ]?kill|task \d+: out of memory"
        r"|out of memory: killed)",
        "the machine's memory running out",
        "MEMORY",
    ),
    (
        r"Expected to have finished reduction|find_unused_parameters",
        "parameters that take no part in the loss",
        "DistributedDataParallel(model, find_unused_parameters=True)",
    ),
    (
        r"(?i)NCCL|gloo|Process ?Group|DistBackend|TCPStore|DistNetwork|DistStore|c10d|rendezvous"
        r"|init_process_group",
        BETWEEN_RANKS,
        "NCCL_DEBUG=INFO TORCH_DISTRIBUTED_DEBUG=DETAIL torchrun train.py",
    ),
    (
        r"partially initialized module|consider renaming",
        "an import that finds a file of your own in place of the module it means, or runs in a circle",
        "ls *.py  # one named as a module is (random.py, torch.py, weakref.py)? rename it",
    ),
    (
        r"(?i)^(?:ImportError|ModuleNotFoundError)|DLL load failed|undefined symbol|No module "
        r"named|cannot import name",
        "an import that fails",
        "IMPORT",
    ),
    (
        r"^(?:SyntaxError|IndentationError|TabError)",
        "an error in the script's text",
        "python -m py_compile train.py",
    ),
    (
        r"^KeyboardInterrupt",
        "an interrupt by you or the system",
        "py-spy dump --pid PID  # if it seemed to hang",
    ),
    (
        r"^BrokenPipeError",
        OUTPUT_GONE,
        "python train.py > train.log 2>&1 &  # and read that: head train.log",
    ),
    (
        r"module '[\w.]+' has no attribute",
        "a name that a module lacks: misspelt, or of another version",
        "python -m pip list",
    ),
    (
        r"(?i)state_dict|load_state_dict|PytorchStreamReader|weights_only|checkpoint"
        r"|UnpicklingError|invalid load key",
        "a checkpoint that does not fit or cannot be read",
        "python -c \"import torch; print(torch.load('checkpoint.pt', map_location='cpu').keys())\"",
    ),
    (
        r"Expected more than 1 value per channel",
        "a last batch of one sample, which batch norm cannot train on",
        "DataLoader(..., drop_last=True)",
    ),
    (
        r"(?i)shapes cannot be multiplied|size mismatch|must match the (?:size|existing)"
        r"|expected .{0,40}(?:input|channels|dimension|batch_size)"
        r"|weight of size|Sizes of tensors|not match|inconsistent tensor|out of bounds",
        "shapes or labels that do not fit the model",
        "print(x.shape, y.shape, y.min(), y.max())  # before that line",
    ),
    (
        r"(?i)not compiled with CUDA|NVIDIA driver|no CUDA GPUs|deserialize object on a CUDA",
        "a torch that finds no GPU: one built without CUDA, or no driver",
        "python -c 'import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())'",
    ),
    (
        r"(?i)expected scalar type|same dtype|Found dtype|dtype\b.{0,30}\b(?:expected|but)|\bHalf\b"
        r"|(?-i:Input type \((torch\.(?:[a-z]+\.)?|[A-Z]{3}|(?=[a-z]))[\w: ]+\).{0,20}"
        r"(?:weight|bias) type \(\1(?![a-z]+\.)[\w: ]+\))",
        "tensors whose dtypes do not fit",
        "x = x.float()  # and y.long() for class numbers, y.float() for BCELoss",
    ),
    (
        r"(?i)same device|Input type .{0,60}(?:weight|bias) type|on cpu\b",
        "tensors, model and device that do not fit",
        "x = x.to(next(model.parameters()).device)",
    ),
    (
        r"(?i)can'?(?:not|t) pickle|can'?t get local object|serialize non-leaf tensor",
        "an object that cannot be sent to another rank or process",
        "torchrun train.py  # ranks start the script themselves; or strategy='ddp', not 'ddp_spawn'",
    ),
    (
        r"(?i)does not require grad|inplace operation|backward through the graph|autograd|nan\b|inf\b",
        "a failure of the loss or of its gradients",
        "torch.autograd.set_detect_anomaly(True)",
    ),
    (
        r"(?i)HTTP|ConnectionError|URLError|ssl|Max retries|huggingface|LocalEntryNotFound"
        r"|Name or service|wandb|CommError|api[_ ]key|Timeout",
        "a failure of the network or of a service",
        "curl -I https://huggingface.co",
    ),
    (
        r"(?i)quota exceeded|\[Errno 122\]|EDQUOT",
        "a quota on the disk that is used up, whatever room the disk has",
        "QUOTA",
    ),
    (
        r"(?i)No space left on device|inline_container",
        "a disk that is full",
        "DISK",
    ),
    (
        r"VllmWorker|multiproc_executor|shm_broadcast",
        "the death of an inference engine's process",
        "VLLM_LOGGING_LEVEL=DEBUG vllm serve MODEL  # and read the first error of a worker",
    ),
    (
        r"^PermissionError|Permission denied|\[Errno 13\]",
        "a file or folder that may not be read or written",
        "RIGHTS",
    ),
    (
        r"^FileNotFoundError|No such file or directory",
        "a file that is not where it is looked for",
        "python -c 'import os; print(os.getcwd())'  # what a relative path starts from",
    ),
    (
        r"BackendCompilerFailed|TorchRuntimeError|triton|building extension|custom C\+\+ ops",
        "a failure to compile, or of a compiled part",
        "python -m torch.utils.collect_env",
    ),
    (
        r"(?i)error: (?:unrecognized|the following|argument)|invalid choice|SystemExit",
        "a wrong command line",
        "python train.py --help",
    ),
)
_SHOWN: dict[str, Callable[[Platform], tuple[str, ...]]] = {
    "DISK": show_disk,
    "QUOTA": show_quota,
    "RIGHTS": show_rights,
    "MEMORY": lambda platform: show_kills(platform)[:1],
}


def _import_step(text: str) -> str:
    """Return how to see whether a module is missing, or of a version that lacks what is imported."""
    found = compiled(r"No module named '?([\w.]+)|cannot import name '?\w+'? from '?([\w.]+)").search(text)
    name = (found[1] or found[2]) if found else ""
    package = name.split(".", 1)[0]
    if not name:
        return "python -m pip check"
    if found and found[1] == package:
        return f"python -m pip install {package}"
    return f"python -m pip show {package}  # is this version the one that the importing code was written for?"


def kind_of_failure(
    text: str, place: Place = "unknown", platform: Platform | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return what kind of failure an error is, and lines to paste that lead further."""
    platform = platform or Platform()
    if place == "loading" and compiled(r"(?i)out of memory").search(text):
        return "memory running out while a checkpoint is loaded", ('torch.load(path, map_location="cpu")',)
    for pattern, name, step in _KINDS:
        if compiled(pattern).search(text):
            if step in _SHOWN:
                return name, _SHOWN[step](platform)
            return name, (_import_step(text) if step == "IMPORT" else step,)
    by_place = {
        "forward": "a failure of the model",
        "backward": "a failure of the gradients",
        "optimizer": "a failure of the optimizer",
    }
    return by_place.get(place, "a failure of your own code or of a library"), (
        "python -m pdb -c continue train.py",
    )
