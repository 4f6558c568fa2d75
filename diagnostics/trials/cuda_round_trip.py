"""Trial: a GPU that is visible is used: memory is pinned, copied there and back, and compared.

Run by path in a child. The device is touched first, so that its own troubles are not taken for pinning's. A
forked child then touches CUDA, which torch must refuse. Without a GPU all facts are null. The driver's CUDA
version is asked of the driver's own library, which also answers where torch cannot use the device.
"""

import ctypes
import json
import multiprocessing
import sys
import time
from typing import Any

NEEDS_TORCH = True
NUM_BYTES = 64 << 20
NUM_COPIES = 5
FORK_SECONDS = 30.0
REASON_CHARACTERS = 200
SIZE = f"{NUM_BYTES >> 20} MiB"
BEST = f"{SIZE} of pinned memory, best of {NUM_COPIES} copies"
UNFINISHED = "CUDA came to no end: it hung, or the process died"


def driver_cuda_version() -> str | None:
    """Return the newest CUDA that the driver supports, such as "12.4", None without a driver."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    version = ctypes.c_int()
    try:
        library = ctypes.CDLL(name)
        if library.cuDriverGetVersion(ctypes.byref(version)) != 0 or not version.value:
            return None
    except (OSError, AttributeError):
        return None
    return f"{version.value // 1000}.{version.value % 1000 // 10}"


def said(error: BaseException) -> str:
    """Return an exception in one short line."""
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:REASON_CHARACTERS]


def touched(torch: Any) -> str | None:
    """Use the device for the first time, which sets CUDA up; return what went wrong."""
    try:
        torch.zeros(1, device="cuda")
        torch.cuda.synchronize()
    except Exception as error:
        return said(error)
    return None


def fastest_copy(torch: Any, target: Any, source: Any) -> float:
    """Return the seconds of the fastest of some copies: the first ones pay for what later ones do not."""
    seconds = []
    for _ in range(NUM_COPIES):
        starts = time.perf_counter()
        target.copy_(source, non_blocking=True)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - starts)
    return min(seconds)


def round_trip(torch: Any) -> dict[str, Any]:
    """Copy pinned memory to the device and back; seconds of both ways, and what went wrong."""
    if problem := touched(torch):
        return {"problem": problem}
    source = torch.randint(0, 255, (NUM_BYTES,), dtype=torch.uint8)
    try:
        pinned = source.pin_memory()
        back = torch.zeros(NUM_BYTES, dtype=torch.uint8, pin_memory=True)
    except Exception as error:
        return {"pin_problem": said(error)}
    try:
        device = torch.empty(NUM_BYTES, dtype=torch.uint8, device="cuda")
        to_device = fastest_copy(torch, device, pinned)
        to_host = fastest_copy(torch, back, device)
    except Exception as error:
        return {"problem": said(error)}
    if not torch.equal(back, source):
        return {"problem": "what came back differs from what was sent"}
    return {"to_device_seconds": to_device, "to_host_seconds": to_host}


def _touch(sender: Any) -> None:
    import torch

    sender.send(touched(torch) or "not refused")


def touch_after_fork() -> str | None:
    """Touch CUDA in a forked child of this process, which has used it; return the refusal."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_touch, args=(sender,))
    child.start()
    sender.close()
    try:
        return str(receiver.recv()) if receiver.poll(FORK_SECONDS) else "hung"
    except EOFError:
        return "died"
    finally:
        child.kill()
        child.join()


def say(found: dict[str, Any], after_fork: str | None = None) -> None:
    """Print the facts so far; the last line counts."""
    told = {
        "gpu.driver_cuda_version": (driver_cuda_version(), "", "cuDriverGetVersion"),
        "trial.cuda_after_fork_answer": (after_fork, "", "a forked child"),
        "trial.cuda_problem": (found.get("problem"), "", f"{SIZE} to the device and back"),
        "trial.cuda_pin_problem": (found.get("pin_problem"), "", f"{SIZE} pinned"),
        "trial.cuda_to_device_seconds": (found.get("to_device_seconds"), "seconds", f"{BEST}, to the device"),
        "trial.cuda_to_host_seconds": (found.get("to_host_seconds"), "seconds", f"{BEST}, from the device"),
    }
    if "to_host_seconds" in found:  # whatever nvidia-smi says, or if it is not there
        told["gpu.driver_problem"] = (None, "", "a CUDA round trip")
    document = {key: {"value": v, "unit": unit, "source": source} for key, (v, unit, source) in told.items()}
    print(json.dumps({"facts": document}), flush=True)


def main() -> None:
    """Try and print."""
    import torch

    if not torch.cuda.device_count() and not torch.cuda.is_available():
        say({})
        return
    say({"problem": UNFINISHED})
    found = round_trip(torch)
    say(found, touch_after_fork() if "to_host_seconds" in found else None)


if __name__ == "__main__":
    main()
