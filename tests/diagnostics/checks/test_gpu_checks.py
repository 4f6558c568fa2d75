"""What the GPU's checks say of whole machines, none of which is at hand here."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from diagnostics.facts import Fact
from diagnostics.findings import Finding, Status
from diagnostics.judge import find_checks, judge_one

CHECKS = [check for check in find_checks() if check.judge and check.code.startswith("GP")]
REFUSED = "RuntimeError: Cannot re-initialize CUDA in forked subprocess."
NO_SMI: dict[str, Any] = {
    "gpu.count": 0,
    "gpu.temperatures": [],
    "gpu.link_widths": [],
    "gpu.link_max_widths": [],
    "gpu.mig_modes": [],
    "gpu.throttle_reasons": [],
    "gpu.processes_count": 0,
    "gpu.processes_memory_bytes": 0,
}
ONE: dict[str, Any] = {
    "gpu.count": 1,
    "gpu.temperatures": [31],
    "gpu.link_widths": [16],
    "gpu.link_max_widths": [16],
    "gpu.mig_modes": ["Disabled"],
    "gpu.throttle_reasons": [[]],
    "gpu.processes_count": 0,
    "gpu.processes_memory_bytes": 0,
}
WORKS: dict[str, Any] = {
    "torch.cuda_version": "13.0",
    "torch.hip_version": None,
    "torch.cuda_available": True,
    "gpu.driver_cuda_version": "13.0",
    "gpu.driver_problem": None,
    "trial.cuda_problem": None,
    "trial.cuda_pin_problem": None,
    "trial.cuda_after_fork_answer": REFUSED,
    "trial.cuda_to_device_seconds": 0.0012,
    "trial.cuda_to_host_seconds": 0.0012,
}
NO_TRIP: dict[str, Any] = {
    "trial.cuda_after_fork_answer": None,
    "trial.cuda_to_device_seconds": None,
    "trial.cuda_to_host_seconds": None,
}
NO_DRIVER: dict[str, Any] = {**NO_TRIP, "torch.cuda_available": False, "gpu.driver_cuda_version": None}


@dataclass(frozen=True)
class Machine:
    """Its facts, which checks find something wrong, and words of what they and others say."""

    facts: dict[str, Any]
    wrong: dict[str, Status] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)


MACHINES = {
    "an H200 in a virtual machine": Machine(
        {**ONE, **WORKS, "gpu.pci_count": 1},
        says={
            "GP101": "torch uses CUDA 13.0: 64 MiB went to the device and back",
            "GP105": "0 processes on 1 GPU.",
            "GP109": "nvidia-smi answers for 1 NVIDIA GPU.",
        },
    ),
    "a container with one of eight": Machine(
        {**ONE, **WORKS, "gpu.pci_count": 8}, says={"GP109": "nvidia-smi answers for 1 NVIDIA GPU."}
    ),
    "a container with the driver's CUDA and not its tools": Machine(
        {**NO_SMI, **WORKS, "gpu.pci_count": 1},
        says={"GP101": "torch uses CUDA 13.0", "GP109": "torch reaches the driver"},
    ),
    "a container without the cards of its machine": Machine(
        {
            **NO_SMI,
            **WORKS,
            **NO_DRIVER,
            "gpu.pci_count": 8,
            "gpu.driver_problem": "nvidia-smi is not on PATH",
        },
        wrong={"GP109": Status.WARN},
        says={"GP109": "8 NVIDIA cards on the PCI bus", "GP101": "torch finds none"},
    ),
    "a sandbox that shows no bus": Machine(
        {**ONE, **WORKS, "gpu.pci_count": None}, says={"GP109": "nvidia-smi answers for 1 NVIDIA GPU."}
    ),
    "a slice": Machine(
        {
            **ONE,
            **WORKS,
            "gpu.pci_count": 1,
            "gpu.mig_modes": ["Enabled"],
            "gpu.temperatures": [None],
            "gpu.throttle_reasons": [None],
        },
        wrong={"GP108": Status.WARN},
        says={"GP106": "tells of its clocks"},
    ),
    "WSL": Machine(
        {**ONE, **WORKS, "gpu.pci_count": None, "gpu.link_widths": [None]},
        says={"GP109": "answers for 1 NVIDIA GPU", "GP107": "tells of its link"},
    ),
    "WSL whose driver is refused": Machine(
        {
            **WORKS,
            **NO_DRIVER,
            "gpu.count": None,
            "gpu.pci_count": None,
            "gpu.driver_problem": "nvidia-smi ended with 9: GPU access blocked by the operating system",
        },
        wrong={"GP109": Status.FAIL},
        says={"GP109": "no driver answers it"},
    ),
    "a Jetson": Machine(
        {**NO_SMI, **WORKS, "gpu.pci_count": 0},
        says={"GP101": "torch uses CUDA 13.0", "GP109": "no NVIDIA card is seen on a PCI bus"},
    ),
    "an AMD GPU": Machine(
        {
            **NO_SMI,
            **WORKS,
            "gpu.pci_count": 0,
            "torch.cuda_version": None,
            "torch.hip_version": "6.4",
            "gpu.driver_cuda_version": None,
        },
        says={
            "GP101": "torch uses ROCm 6.4",
            "GP103": "of pinned memory went to the device",
            "GP104": "refused",
        },
    ),
    "a GPU that is full": Machine(
        {
            **ONE,
            **WORKS,
            **NO_TRIP,
            "gpu.pci_count": 1,
            "gpu.processes_count": 1,
            "trial.cuda_problem": "AcceleratorError: CUDA error: out of memory",
        },
        wrong={"GP101": Status.FAIL, "GP105": Status.WARN},
        says={"GP101": "failed to use it: AcceleratorError", "GP103": "Nothing was pinned"},
    ),
    "a host whose memory cannot be pinned": Machine(
        {
            **ONE,
            **WORKS,
            **NO_TRIP,
            "gpu.pci_count": 1,
            "trial.cuda_pin_problem": "RuntimeError: out of memory",
        },
        wrong={"GP103": Status.FAIL},
        says={"GP101": "no memory went there and back"},
    ),
    "nvidia-smi fails and torch works": Machine(
        {**WORKS, "gpu.count": None, "gpu.pci_count": 1},
        says={"GP101": "unharmed", "GP109": "torch reaches the driver"},
    ),
    "eight cards and a build for the CPU": Machine(
        {
            **ONE,
            **WORKS,
            **NO_TRIP,
            "gpu.count": 8,
            "gpu.pci_count": 8,
            "torch.cuda_version": None,
            "torch.cuda_available": False,
        },
        wrong={"GP101": Status.FAIL},
        says={"GP101": "torch is built without CUDA", "GP109": "answers for 8 NVIDIA GPUs"},
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_wrong_with_a_machine_is_told_and_nothing_else(name: str) -> None:
    machine = MACHINES[name]
    facts = {key: Fact(value, "", "made") for key, value in machine.facts.items()}
    found: dict[str, Finding] = {check.code: judge_one(check, facts) for check in CHECKS}
    assert Status.CRASHED not in {one.status for one in found.values()}
    wrong = {code: one.status for code, one in found.items() if one.status in {Status.WARN, Status.FAIL}}
    assert wrong == machine.wrong
    for code, words in machine.says.items():
        assert words in found[code].summary


def test_no_remedy_against_pinning_that_fails_names_the_limit_on_locked_memory() -> None:
    (check,) = (check for check in CHECKS if check.slug == "pinning-fails")
    remedy = judge_one(check, {key: Fact(value, "", "made") for key, value in check.fires.items()}).remedy
    assert remedy is not None
    assert "ulimit" not in " ".join(remedy.commands)
