"""What the measuring process does: builds configurations and measures them on request of `bench.host`.

Requests come as JSON lines on standard input, answers go as JSON lines to what was standard output when the
process began; whatever the measured code prints goes to standard error. A request that takes longer than its
limit ends the process with the stacks of all threads on standard error.
"""

import contextlib
import faulthandler
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable
from multiprocessing.util import get_temp_dir
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bench import disturbance, gpu_lock, heartbeat, strict_json
from bench.configuration import Configuration, PassResult
from bench.devices import is_out_of_memory, is_sound
from bench.reference import Reference
from bench.user_data import UserDataError

BEAT = {"beat": True}
LEAVE_SECONDS = 5.0


class Child:
    """The configurations that are alive here, by the name that the host gave them.

    Parameters
    ----------
    tell : callable
        Sends the host a line beside the answers.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self.tell = tell
        self.begun: set[str] = set()
        self.alive: dict[str, Configuration] = {}
        self.devices: dict[str, str] = {}
        self.reference = Reference()
        self.reference.measure()

    def build(self, name: str, file: str, function: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call the benchmark function and warm up what it returns."""
        configuration: Configuration = getattr(load_file(Path(file)), function)(**params)
        configuration.warm_up()
        self.alive[name] = configuration
        self.devices[name] = str(params.get("device", "cpu"))
        return {"unit": configuration.unit}

    def hold(self, device: str) -> dict[str, Any]:
        """Take a GPU for this process alone, or tell who has it."""
        return {"in_use_by": gpu_lock.in_use_by(device)}

    def measure(self, name: str, seconds: float, until: float) -> dict[str, Any]:
        """Measure the reference, then one pass of a configuration, and what disturbed it.

        The first pass also tells on the way what a study has come to: nothing else is known of it yet.
        """
        reference = self.reference.measure()
        device, configuration = self.devices[name], self.alive[name]
        before = disturbance.read(device=device)

        def record(result: PassResult) -> dict[str, Any]:
            after = disturbance.read(device=device, since=before)
            return {**result.as_record(), "reference": reference, **disturbance.between(before, after)}

        def keep(result: PassResult) -> None:
            so_far = {**record(result), "unit": configuration.unit}
            self.tell({**BEAT, "name": name, "so_far": so_far})

        heartbeat.KEEPERS[:] = [] if name in self.begun else [heartbeat.Keeper(keep)]
        self.begun.add(name)
        try:
            return record(configuration.measure(seconds, until))
        finally:
            heartbeat.KEEPERS.clear()

    def close(self, name: str) -> dict[str, Any]:
        """Let go of one configuration."""
        self.alive.pop(name).close()
        return {}

    def exit(self) -> dict[str, Any]:
        """Let go of everything; the process ends when the host closes the pipe."""
        for name in list(self.alive):
            self.close(name)
        self.reference.close()
        return {}


def load_file(path: Path) -> ModuleType:
    """Import a benchmark file by its path, under its package name where it lies in one."""
    name = f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").exists() else path.stem
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def answer(child: Child, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request; an exception becomes an answer."""
    action, limit = request.pop("do"), request.pop("limit_seconds")
    listeners = heartbeat.LISTENERS[:]

    def wind_up() -> None:
        faulthandler.dump_traceback_later(limit, exit=True)

    wind_up()
    heartbeat.LISTENERS.append(wind_up)
    try:
        return {"ok": getattr(child, action)(**request)}
    except pytest.skip.Exception as skipped:
        return {"skipped": str(skipped)}
    except UserDataError as error:
        return {"raised": str(error), "kind": "unusable"}
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        reason = "".join(traceback.format_exception_only(error)).strip()
        return {"raised": reason, "is_sound": is_sound(), "is_out_of_memory": is_out_of_memory(error)}
    finally:
        heartbeat.LISTENERS[:] = listeners
        faulthandler.cancel_dump_traceback_later()


def serve() -> None:
    """Answer requests until they end, then let go of what is alive: a host that was killed asked for nothing.

    torch waits at exit for each worker of a loader that pins its batches, 5 s long. No standard stream is a
    pipe any more: measured code may print, read, and close them as exit() does.
    """
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    faulthandler.enable()

    def tell(message: dict[str, Any]) -> None:
        print(strict_json.dumps(message), file=replies, flush=True)

    child = Child(tell)
    heartbeat.LISTENERS.append(lambda: tell(BEAT))
    tell({"ok": {"sockets_folder": get_temp_dir()}})  # multiprocessing's: for the host to remove
    with contextlib.suppress(OSError):  # there may be nobody who could be answered
        for line in requests:
            tell(answer(child, json.loads(line)))
    heartbeat.LISTENERS.clear()  # nobody listens
    for name in list(child.alive):
        answer(child, {"do": "close", "limit_seconds": LEAVE_SECONDS, "name": name})
