"""Trial: what the installed torch says of itself. Run by path in a child, prints facts as JSON."""

import json
import multiprocessing
import platform
import re
from typing import Any

Answer = tuple[Any, str, str]


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
        "process.start_methods": (methods, "", "multiprocessing.get_all_start_methods"),
        "process.default_start_method": (methods[0], "", "multiprocessing.get_all_start_methods"),
    }


def torch_facts() -> dict[str, Answer]:
    """Return version, build, threads and devices."""
    import torch

    blas = re.search(r"BLAS_INFO=([\w-]+)", torch.__config__.show())
    parallel = re.search(r"parallel backend: *(.+)", torch.__config__.parallel_info())
    devices = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    facts = {
        "torch.version": (str(torch.__version__), "", "torch.__version__"),
        "torch.cuda_version": (torch.version.cuda, "", "torch.version.cuda"),
        "torch.hip_version": (torch.version.hip, "", "torch.version.hip"),
        "torch.intra_op_threads": (torch.get_num_threads(), "count", "torch.get_num_threads"),
        "torch.inter_op_threads": (torch.get_num_interop_threads(), "count", "torch.get_num_interop_threads"),
        "torch.cuda_available": (torch.cuda.is_available(), "", "torch.cuda.is_available"),
        "torch.cuda_device_names": (
            [torch.cuda.get_device_name(index) for index in devices],
            "",
            "torch.cuda.get_device_name",
        ),
    }
    if blas:
        facts["torch.blas_name"] = (blas[1], "", "torch.__config__.show")
    if parallel:
        facts["torch.parallel_backend"] = (parallel[1].strip(), "", "torch.__config__.parallel_info")
    return facts


def main() -> None:
    """Print what could be read; without torch, the interpreter's facts and the problem."""
    facts = interpreter_facts()
    document: dict[str, Any] = {}
    try:
        facts.update(torch_facts())
    except ModuleNotFoundError as error:
        document["problem"] = "no torch" if error.name == "torch" else f"torch cannot be imported: {error}"
    except (ImportError, OSError) as error:
        document["problem"] = f"torch cannot be imported: {error}"
    document["facts"] = {
        k: {"value": v, "unit": unit, "source": source} for k, (v, unit, source) in facts.items()
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
