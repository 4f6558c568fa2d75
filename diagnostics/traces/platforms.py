"""Where a log was written: read from paths, versions, and what people say of their machine."""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Platform:
    """What the log shows of where it was written; "" where it shows nothing.

    Attributes
    ----------
    os_name : {"Windows", "Linux", "Darwin", ""}
    python, torch : str
        Versions: "3.14", "1.7.1".
    is_notebook : bool
    is_slurm, is_kubernetes : bool
    is_hosted : bool
        A hosted notebook or job, whose limits belong to the host: Colab, Kaggle, SageMaker, Vertex AI.
    is_serverless : bool
        A function service, where nothing can be mounted: AWS Lambda.
    """

    os_name: str = ""
    python: str = ""
    torch: str = ""
    is_notebook: bool = False
    is_slurm: bool = False
    is_kubernetes: bool = False
    is_hosted: bool = False
    is_serverless: bool = False


_SYSTEMS = {
    "Windows": (
        r"(?i)\b[a-z]:[\\/](?!/)[\w. \\/-]{2,}|WinError|\bwindows[- ]?(?:1[01]|7|8|server|machine|pc\b|system"
        r"|platform|os\b|user|subsystem)|\b(?:on|under|using) (?:a |my )?windows\b(?! of)"
        r"|\\lib\\site-packages|(?-i:/Lib/site-packages)|popen_spawn_win32|win-amd64|\b0xC0000\w{3}\b|-107374\d{4}\b"
    ),
    "Darwin": (
        r"/Users/\w|/opt/homebrew|[Mm]ac ?OS|OS ?X\b|Darwin|/Library/Frameworks|libdispatch|\.dylib"
        r"|[Mm]ac[Bb]ook|\bM[1-4] (?:[Mm]ac|Pro\b|Max\b|Ultra\b)|\bon (?:a |my )?mac\b|\bMac\b"
        r"|macosx|BPT trap"
    ),
    "Linux": (
        r"/home/|/root/|/usr/(?:local/)?lib/|/opt/conda|/dev/shm|/kaggle|/content/|slurm"
        r"|SIGKILL|linux|Ubuntu|/mnt/|/workspace|/data/"
    ),
}
# What people call their machine where no path, version or error code tells.
_IN_WORDS = {
    "Windows": r"\bWindows\b(?! (?:of|are|is|per)\b)"
    r"|(?i:\bwindows\s+(?:system|computer|laptop)|\bpowershell\b)",
    "Linux": r"(?i)\b(?:linux|centos|debian|fedora|red ?hat|wsl)\b",
}
_PYTHON_VERSION = r"[Pp]ython ?(3\.\d{1,2})|[Pp]ython(3\d{1,2})\b|py(3\d{1,2})\b"
_TORCH_VERSION = r"(?i)(?:py)?torch(?: version)?(?:==|[:=]? v?|-)(\d\.\d{1,2}(?:\.\d)?)"
_SLURM = r"(?i)\bslurm|\bsrun\b|\bsbatch\b|/slurm"
_KUBERNETES = (
    r"(?i)OOMKilled|\bkubectl\b|kubepods|kubernetes|kubeflow|\bk8s\b|kubelet|\bContainerOp\b|\bkfp\b"
    r"|\b(?:in|on|the|a|my|training|this|worker) pods?\b"
)
_NOTEBOOK = ("<ipython-input", "ipykernel", "Cell In", "Input In", ".ipynb", "----> ")
_SERVERLESS = r"/var/(?:task|lang)/|\bAWS Lambda\b|\bawslambda"
_HOSTED = r"/content/|/kaggle/|[Cc]olab|(?i:\bsagemaker\b|/opt/ml/|\bvertex ai\b|\bgcloud\b|databricks)"


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _first(pattern: str, text: str) -> str:
    found = _compiled(pattern).search(text)
    return next((group for group in found.groups() if group), "") if found else ""


def _system(text: str) -> str:
    """Return the system that the log names first; a Windows error code outweighs paths."""
    if "WinError" in text:
        return "Windows"
    return _first_of(_SYSTEMS, text) or _first_of(_IN_WORDS, text)


def _first_of(systems: dict[str, str], text: str) -> str:
    found = {name: _compiled(pattern).search(text) for name, pattern in systems.items()}
    return min(((match.start(), name) for name, match in found.items() if match), default=(0, ""))[1]


def read_platform(text: str) -> Platform:
    """Tell the platform from a log's text."""
    return Platform(
        os_name=_system(text),
        python=re.sub(r"^3(\d+)$", r"3.\1", _first(_PYTHON_VERSION, text)),
        torch=_first(_TORCH_VERSION, text),
        is_notebook=any(mark in text for mark in _NOTEBOOK),
        is_slurm=bool(_compiled(_SLURM).search(text)),
        is_kubernetes=bool(_compiled(_KUBERNETES).search(text)),
        is_hosted=bool(_compiled(_HOSTED).search(text)),
        is_serverless=bool(_compiled(_SERVERLESS).search(text)),
    )
