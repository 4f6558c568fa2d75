"""Failures outside of the loader: which error it is."""

from diagnostics.traces.errors import Error
from diagnostics.traces.kinds import BETWEEN_RANKS, kind_of_failure
from diagnostics.traces.places import ELSEWHERE
from diagnostics.traces.trace import Trace, compiled
from diagnostics.traces.watchdogs import is_watchdogs

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
    r"|(?<!\S)\S*python[\w.]*(?:\.exe)?: (?:can't (?:open file|find '__main__')|No module named )"
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
    if is_watchdogs(error) or error.module.split(".", 1)[0] in _FRAMEWORKS or compiled(ANYWHERE).search(said):
        return True
    return not trace.mentions_loader and bool(compiled(_TRAINING).search(said))


def main_failure(trace: Trace) -> Error | None:
    """Return the error that ended the run outside of the loader, None where none did.

    Of several ranks' errors the first that is no mere loss of communication or report of a death; of a chain
    its last.
    """
    candidates = [error for error in trace.errors if _is_candidate(trace, error)]
    own = [error for error in candidates if trace.place(error) != "collective"] or candidates
    own = [error for error in own if not is_watchdogs(error)] or own
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
