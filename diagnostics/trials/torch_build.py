"""Trial: whether torch can be imported, how long that takes, and what it says of itself.

Run by path in a child, prints facts as JSON.
"""

import json
import multiprocessing
import platform
import re
import sysconfig
import time
from typing import Any

Answer = tuple[Any, str, str]
REASON_CHARACTERS = 200


def said(error: BaseException) -> str:
    """Return an exception in one short line."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:REASON_CHARACTERS]


def interpreter_facts() -> dict[str, Answer]:
    """Return the facts of the interpreter that runs this trial; it may not be the one that reads them."""
    methods = multiprocessing.get_all_start_methods()
    return {
        "python.version": (platform.python_version(), "", "platform.python_version"),
        "python.implementation_name": (
            platform.python_implementation(),
            "",
            "platform.python_implementation",
        ),
        "python.compiler_name": (platform.python_compiler(), "", "platform.python_compiler"),
        "python.build_name": (" ".join(platform.python_build()), "", "platform.python_build"),
        "python.is_free_threaded": (
            bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            "",
            "sysconfig Py_GIL_DISABLED",
        ),
        "process.start_methods": (methods, "", "multiprocessing.get_all_start_methods"),
        "process.default_start_method": (methods[0], "", "multiprocessing.get_all_start_methods"),
    }


def torch_facts() -> dict[str, Answer]:
    """Return version, build and threads."""
    import torch

    blas = re.search(r"BLAS_INFO=([\w-]+)", torch.__config__.show())
    parallel = re.search(r"parallel backend: *(.+)", torch.__config__.parallel_info())
    facts = {
        "torch.version": (str(torch.__version__), "", "torch.__version__"),
        "torch.cuda_version": (torch.version.cuda, "", "torch.version.cuda"),
        "torch.hip_version": (torch.version.hip, "", "torch.version.hip"),
        "torch.intra_op_threads": (torch.get_num_threads(), "count", "torch.get_num_threads"),
        "torch.inter_op_threads": (torch.get_num_interop_threads(), "count", "torch.get_num_interop_threads"),
    }
    if blas:
        facts["torch.blas_name"] = (blas[1], "", "torch.__config__.show")
    if parallel:
        facts["torch.parallel_backend"] = (parallel[1].strip(), "", "torch.__config__.parallel_info")
    return facts


def cuda_facts() -> dict[str, Answer]:
    """Return whether torch finds devices, and which; where one does not answer, why."""
    import torch

    facts: dict[str, Answer] = {}
    try:
        is_available = torch.cuda.is_available()
        facts["torch.cuda_available"] = (is_available, "", "torch.cuda.is_available")
        devices = range(torch.cuda.device_count() if is_available else 0)
        names = [torch.cuda.get_device_name(index) for index in devices]
    except Exception as error:
        return facts | {"torch.cuda_problem": (said(error), "", "torch.cuda.get_device_name")}
    return facts | {"torch.cuda_device_names": (names, "", "torch.cuda.get_device_name")}


UNFINISHED = "import torch came to no end: it hung, or the process died"


def imported() -> tuple[float, str | None]:
    """Import torch; return the seconds that took and what went wrong, None where nothing did."""
    starts = time.perf_counter()
    try:
        import torch  # noqa: F401
    except Exception as error:
        return time.perf_counter() - starts, said(error)
    return time.perf_counter() - starts, None


def say(facts: dict[str, Answer], seconds: float | None, problem: str | None) -> None:
    """Print the facts so far; the last line counts."""
    told = {
        **facts,
        "trial.torch_import_seconds": (seconds, "seconds", "import torch"),
        "trial.torch_import_problem": (problem, "", "import torch"),
    }
    document = {key: {"value": v, "unit": unit, "source": source} for key, (v, unit, source) in told.items()}
    print(json.dumps({"facts": document}), flush=True)


def main() -> None:
    """Print what the interpreter says of itself, and then what torch does, if it can be imported."""
    facts = interpreter_facts()
    say(facts, None, UNFINISHED)
    seconds, problem = imported()
    say(facts, seconds, problem)
    for more in (torch_facts, cuda_facts) if problem is None else ():
        facts |= more()
        say(facts, seconds, problem)


if __name__ == "__main__":
    main()
