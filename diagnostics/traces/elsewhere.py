"""Failures outside of the loader: which error it is, of what kind, and what to do next."""

from diagnostics.traces.errors import Error
from diagnostics.traces.places import ELSEWHERE, Place
from diagnostics.traces.platforms import Platform
from diagnostics.traces.remedies import show_disk, show_kills
from diagnostics.traces.trace import Trace, compiled

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
        "the accelerator's memory running out",
        "DataLoader(..., batch_size=8)  # or gradient checkpointing; see torch.cuda.memory_summary()",
    ),
    (
        r"(?i)device-side assert|\.cu:\d+: .{0,200}Assertion|illegal memory access|CUDA error"
        r"|CUBLAS_STATUS|cuDNN error|CUDNN_STATUS",
        "an error on the GPU",
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
        r"(?i)No space left on device|quota exceeded|inline_container",
        "a disk that is full",
        "DISK",
    ),
    (
        r"VllmWorker|multiproc_executor|shm_broadcast",
        "the death of an inference engine's process",
        "VLLM_LOGGING_LEVEL=DEBUG vllm serve MODEL  # and read the first error of a worker",
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
# What means a failure elsewhere even without a traceback.
ANYWHERE = (
    r"(?i:CUDA|HIP|MPS backend) out of memory|THCudaCheck FAIL|\.cu:\d+: .{0,200}Assertion `"
    r"|OutOfMemoryError: (?!Java)|NCCL WARN |shapes cannot be multiplied|device-side "
    r"assert triggered|Error\(s\) in loading state_dict"
    r"|Expected all tensors to be on the same device|element 0 of tensors does not "
    r"require grad|size mismatch, m1"
    r"|(?:^|\s)(?:ImportError|ModuleNotFoundError|SyntaxError|IndentationError): "
    r"|nccl\w*Error|NCCL error|ncclSystemError|DistBackendError"
    r"|(?i:Torch not compiled with CUDA)|CUBLAS_STATUS_|CUDNN_STATUS|cuDNN error|illegal "
    r"memory access|No module named '"
    r"|: error: (?:unrecognized arguments|the following arguments|argument )"
    r"|JSONDecodeError|HfHubHTTPError|wandb\.errors|wandb: ERROR|requests\.exceptions"
    r"|(?i:loss is nan)|Expected input batch_size|modified by an inplace operation|Found "
    r"no NVIDIA driver|Input type \(|optimizer got an empty"
    r"|module 'torch[\w.]*' has no attribute|[Tt]imed out initializing process group"
    r"|Default process group has not been initialized|Watchdog caught collective "
    r"operation timeout|Connection closed by peer \["
    r"|DistNetworkError|DistStoreError|c10d/(?:socket|TCPStore)|BackendCompilerFailed|TorchRuntimeError"
    r"|inline_container\.cc|No space left on device: '(?!/dev/shm)|custom C\+\+ ops|Error building extension"
    r"|Expected more than 1 value per channel|ncclCommWatchdog|oom[-_ ]kill event|[Tt]ask \d+: Out Of Memory"
    r"|Reason: +OOMKilled|working triton|loss returned in .{0,40} is nan"
    r"|\bVllmWorker\b|\[(?:multiproc_executor|shm_broadcast)\.py"
    r"|expected scalar type|no kernel image is available|urllib\.error|Trying to backward through the graph"
    # What the GPU reports late, at whatever asks CUDA next; the others tell of the very call they refuse,
    # often that of a tensor on its way to another process.
    r"|CUDA error: (?!initialization error|invalid (?:resource handle|device context|argument)|peer access"
    r"|operation not supported|OS call failed|mapping )\w"
    r"|cudaGetDeviceCount\(\).{0,200}Error (?!3\b)\d"
)
# Carried by launchers, or a mere echo: never the failure itself.
_ECHOES = (
    "ChildFailedError",
    "ProcessRaisedException",
    "ProcessExitedException",
    "CalledProcessError",
    "Empty",
    "SystemExit",
    "GeneratorExit",
    "BrokenPipeError",
    "ConnectionResetError",
    "_RemoteTraceback",
    "RayTaskError",
    "StopIteration",
)
_LAUNCHERS = ("distributed/launch.py", "distributed/run.py", "launcher/api.py", "multiprocessing/spawn.py")
_PIPES = ("BrokenPipeError", "ConnectionResetError")  # where user code writes, its own output's end
_DEEP = ELSEWHERE - {"user", "library"}
# Packages whose exceptions tell of the training; those of packages that read data may come from a dataset.
_FRAMEWORKS = {
    "accelerate",
    "datasets",
    "deepspeed",
    "huggingface_hub",
    "hydra",
    "lightning",
    "omegaconf",
    "pytorch_lightning",
    "ray",
    "requests",
    "torch",
    "transformers",
    "triton",
    "urllib3",
    "wandb",
}
_TRAINING = (
    r"(?i)\b(?:optimizer|lr[_ ]?scheduler|state_dict|checkpoint|LightningModule|DistributedDataParallel"
    r"|loss|backward|gradients?|autograd|logits|weights?|embedding|forward|cuda runtime error"
    r"|learning rate)\b"
)
_LOADERS_OWN = (
    r"DataLoader worker|Pin memory thread|can only (?:test|join) a child|exited "
    r"unexpectedly|DataLoader timed out|daemonic processes"
)
_STACKS = ("KeyboardInterrupt", "Fatal Python error")


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


def kind_of_failure(text: str, place: Place = "unknown", platform: Platform | None = None) -> tuple[str, str]:
    """Return what kind of failure an error is, and a line to paste that leads further."""
    platform = platform or Platform()
    if place == "loading" and compiled(r"(?i)out of memory").search(text):
        return "memory running out while a checkpoint is loaded", 'torch.load(path, map_location="cpu")'
    for pattern, name, step in _KINDS:
        if compiled(pattern).search(text):
            shown = {"DISK": show_disk, "MEMORY": lambda one: show_kills(one)[0]}
            if step in shown:
                return name, shown[step](platform)
            return name, _import_step(text) if step == "IMPORT" else step
    by_place = {
        "forward": "a failure of the model",
        "backward": "a failure of the gradients",
        "optimizer": "a failure of the optimizer",
    }
    return by_place.get(
        place, "a failure of your own code or of a library"
    ), "python -m pdb -c continue train.py"


def _is_echo(trace: Trace, error: Error) -> bool:
    """Tell what only carries or follows another error, and what the loader says itself."""
    said = f"{error.type}: {error.detail}"
    is_own_pipe = error.type in _PIPES and trace.place(error) == "user" and not error.is_cut
    is_echo = error.type in _ECHOES and not is_own_pipe
    is_mere = error.is_ignored or error.is_wrapper or is_echo or error.type.endswith("Warning")
    return is_mere or bool(compiled(_LOADERS_OWN).search(said))


def _is_launchers(error: Error) -> bool:
    """Tell a traceback without its end that has come no further than what starts the ranks."""
    return error.is_cut and bool(error.frames) and error.frames[-1].path.endswith(_LAUNCHERS)


def _is_candidate(trace: Trace, error: Error) -> bool:
    place = trace.place(error)
    if _is_echo(trace, error) or _is_launchers(error):
        return False
    if error.is_cut or not error.type:
        is_named = bool(error.type) and place == "user"  # its line stands apart from the traceback
        return error.is_cut and (place in _DEEP or is_named)  # no loader is called from there any more
    if place in ELSEWHERE or "replica" in error.where:
        return True
    return place == "unknown" and not error.in_worker and _speaks_of_training(trace, error)


def _speaks_of_training(trace: Trace, error: Error) -> bool:
    said = f"{error.type}: {error.detail}"
    if error.module.split(".", 1)[0] in _FRAMEWORKS or compiled(ANYWHERE).search(said):
        return True
    return not trace.mentions_loader and bool(compiled(_TRAINING).search(said))


def main_failure(trace: Trace) -> Error | None:
    """Return the error that ended the run outside of the loader, None where none did.

    Of several ranks' errors the first that is no mere loss of communication; of a chain its last.
    """
    candidates = [error for error in trace.errors if _is_candidate(trace, error)]
    own = [error for error in candidates if trace.place(error) != "collective"] or candidates
    if not own:
        return None
    chosen = own[0]
    for error in own[1:]:
        if error.relation == "context" and error.source == chosen.source and chosen.type not in _STACKS:
            chosen = error
    return chosen


def collective_failures(trace: Trace) -> list[Error]:
    """Return the errors of ranks that waited for each other in vain."""
    candidates = [error for error in trace.errors if _is_candidate(trace, error)]
    kinds = [kind_of_failure(f"{error.type}: {error.detail}")[0] for error in candidates]
    return [error for error, kind in zip(candidates, kinds, strict=True) if kind == BETWEEN_RANKS]
