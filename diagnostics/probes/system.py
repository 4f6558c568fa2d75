"""The operating system, and whether it is a container or a virtual machine."""

import os
import platform
import re
import sys
from pathlib import Path

from diagnostics.facts import Fact, Facts
from diagnostics.sources import read_text

_CONTAINER_FILES = {".dockerenv": "docker", "run/.containerenv": "podman"}
_CONTAINER_VARIABLES = {
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "APPTAINER_CONTAINER": "apptainer",
    "SINGULARITY_CONTAINER": "singularity",
}
_CONTAINER_GROUPS = re.compile(r"(kubepods|docker|containerd|lxc|libpod)")
_HYPERVISORS = {
    "kvm": "kvm",
    "qemu": "qemu",
    "vmware": "vmware",
    "virtualbox": "virtualbox",
    "xen": "xen",
    "google compute engine": "google",
    "openstack": "openstack",
    "microsoft corporation virtual machine": "hyper-v",
}


def _container(root: Path) -> tuple[str | None, str]:
    for variable, name in _CONTAINER_VARIABLES.items():
        if os.environ.get(variable):
            return name, f"environment variable {variable}"
    for path, name in _CONTAINER_FILES.items():
        if (root / path).exists():
            return name, f"/{path}"
    if match := _CONTAINER_GROUPS.search(read_text(root / "proc/1/cgroup") or ""):
        return match[1], "/proc/1/cgroup"
    return None, "no trace of one"


def _hypervisor(root: Path) -> tuple[str | None, str]:
    if "microsoft" in (read_text(root / "proc/sys/kernel/osrelease") or "").lower():
        return "wsl", "/proc/sys/kernel/osrelease"
    if kind := read_text(root / "sys/hypervisor/type"):
        return kind, "/sys/hypervisor/type"
    dmi = [read_text(root / "sys/class/dmi/id" / name) or "" for name in ("sys_vendor", "product_name")]
    vendor_and_product = " ".join(dmi).lower()
    for pattern, name in _HYPERVISORS.items():
        if pattern in vendor_and_product:
            return name, "/sys/class/dmi/id"
    if re.search(r"^flags\s*:.*\bhypervisor\b", read_text(root / "proc/cpuinfo") or "", re.MULTILINE):
        return "unnamed", "the hypervisor flag in /proc/cpuinfo"
    return None, "no trace of one"


def _distribution(root: Path) -> str | None:
    for path in ("etc/os-release", "usr/lib/os-release"):
        if match := re.search(r'^PRETTY_NAME="?([^"\n]+)', read_text(root / path) or "", re.MULTILINE):
            return match[1]
    return None


def read(root: Path) -> Facts:
    """Read OS, kernel and architecture; on Linux distribution, container and hypervisor as well."""
    facts: Facts = {
        "system.os_name": Fact(platform.system(), "", "platform.system"),
        "system.kernel_version": Fact(platform.release(), "", "platform.release"),
        "system.architecture": Fact(platform.machine(), "", "platform.machine"),
    }
    if sys.platform == "linux":
        if distribution := _distribution(root):
            facts["system.distribution_name"] = Fact(distribution, "", "/etc/os-release")
        facts["system.container_name"] = Fact(*_with_unit(_container(root)))
        facts["system.hypervisor_name"] = Fact(*_with_unit(_hypervisor(root)))
    return facts


def _with_unit(answer: tuple[str | None, str]) -> tuple[str | None, str, str]:
    value, source = answer
    return value, "", source
