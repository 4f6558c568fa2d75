"""The sampler's generator is on another device than the default.

What it means
-------------
`torch.set_default_device("cuda")` or set_default_tensor_type makes new tensors CUDA tensors; the loader's
sampler draws its permutation with a CPU generator, and the two do not fit.

Why it matters
--------------
Every shuffled loader fails, random_split as well.

How to fix
----------
Leave the default on the CPU and move model and batches explicitly; or give loader and random_split a
generator of that device.

When it is fine
---------------
With shuffle=False.

References
----------
PyTorch issue 44714; torch.set_default_device.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, raised_in, recognised

CODE = "DL234"
SLUG = "generator-device-mismatch"
TITLE = "The sampler's generator is on the wrong device"
_WORDS = (
    r"Expected a '?(cuda|mps|xpu|cpu|hpu|npu)(?::\d+)?'? (?:device type for "
    r")?generator(?: device)? but found '?(\w+)|Expected (\w+):0 generator device but "
    r"found|generator device .{0,30}(?:does not match|but found)"
)
_META = r"\.item\(\) cannot be called on meta tensors"
LOG_FIRES = (
    "RuntimeError: Expected a 'cuda' device type for generator but found 'cpu'\n",
    '  File "/opt/lib/site-packages/torch/utils/data/sampler.py", line 124, in __iter__\n'
    "    yield from torch.randperm(n, generator=generator).tolist()\n"
    "RuntimeError: Expected a 'mps:0' generator device but found 'cpu'\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/sample.py", line 4, in <module>\n'
    "    noise = torch.randn(4, device='cuda', generator=g)\n"
    '  File "/opt/lib/site-packages/diffusers/utils/torch_utils.py", line 80, in '
    "randn_tensor\n    x = randn()\n"
    "RuntimeError: Expected a 'cuda' device type for generator but found 'cpu'\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the mismatch, in a sampler or with no place told."""
    found = raised_in(trace, "sampler", "dataset", "construct", "receive", "loader", pattern=_WORDS)
    found = (
        found
        or phrase(trace, _WORDS, guarded=True)
        or raised_in(trace, "sampler", "construct", pattern=_META)
    )
    if found is None:
        return None
    device = next((group for group in found.groups if group), "cuda")
    device = "cuda" if device == "cpu" else device
    remedy = Remedy(
        "Keep the default device on the CPU, or give the loader a generator of that device.",
        (f'DataLoader(..., generator=torch.Generator(device="{device}"))', 'torch.set_default_device("cpu")'),
    )
    return recognised(
        found, f"The default device is {device}, and the sampler's generator is on another.", remedy, score=80
    )
