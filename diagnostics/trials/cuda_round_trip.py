"""Trial: a GPU that is visible is used: memory is pinned, copied there and back, and compared.

Run by path in a child. A forked child then touches CUDA, which torch must refuse. Without a GPU all facts
are null. The driver's CUDA version is asked of the driver's own library, which also answers where torch
cannot use the device.
"""

import ctypes
import json
import multiprocessing
import sys
import time
from typing import Any

NEEDS_TORCH = True
NUM_BYTES = 64 << 20
FORK_SECONDS = 30.0
REASON_CHARACTERS = 200


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


def round_trip(torch: Any) -> dict[str, Any]:
    """Copy pinned memory to the device and back; seconds of both ways, and what went wrong."""
    found: dict[str, Any] = {}
    try:
        source = torch.randint(0, 255, (NUM_BYTES,), dtype=torch.uint8)
        pinned = source.pin_memory()
    except RuntimeError as error:
        return {"pin_problem": said(error)}
    try:
        device = pinned.to("cuda", non_blocking=True)  # the first copy sets the device up
        torch.cuda.synchronize()
        starts = time.perf_counter()
        device.copy_(pinned, non_blocking=True)
        torch.cuda.synchronize()
        there = time.perf_counter()
        back = device.cpu()
        found["to_device_seconds"] = there - starts
        found["to_host_seconds"] = time.perf_counter() - there
        if not torch.equal(back, source):
            found["problem"] = "what came back differs from what was sent"
    except RuntimeError as error:
        found["problem"] = said(error)
    return found


def _touch(sender: Any) -> None:
    import torch

    try:
        torch.zeros(1, device="cuda")
        sender.send("not refused")
    except RuntimeError as error:
        sender.send(said(error))


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


def main() -> None:
    """Try and print."""
    import torch

    found: dict[str, Any] = {}
    after_fork = None
    if torch.version.cuda and torch.cuda.is_available():
        found = round_trip(torch)
        after_fork = touch_after_fork() if "problem" not in found and "pin_problem" not in found else None
    elif torch.version.cuda and torch.cuda.device_count():
        try:
            torch.cuda.init()
        except RuntimeError as error:
            found["problem"] = said(error)
    facts: dict[str, Any] = {
        "gpu.driver_cuda_version": {
            "value": driver_cuda_version(),
            "unit": "",
            "source": "cuDriverGetVersion",
        },
        "trial.cuda_after_fork_answer": {"value": after_fork, "unit": "", "source": "a forked child"},
    }
    for name in ("problem", "pin_problem", "to_device_seconds", "to_host_seconds"):
        unit = "seconds" if name.endswith("seconds") else ""
        source = f"{NUM_BYTES >> 20} MiB pinned, to the device and back"
        facts[f"trial.cuda_{name}"] = {"value": found.get(name), "unit": unit, "source": source}
    print(json.dumps({"facts": facts}))


if __name__ == "__main__":
    main()
