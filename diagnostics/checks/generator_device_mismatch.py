"""A generator and what it is to fill are on different devices.

What it means
-------------
`torch.set_default_device("cuda")` or set_default_tensor_type makes new tensors CUDA tensors, while a sampler
draws its permutation with a CPU generator; or a CUDA generator was handed over, and the permutation is drawn
on the CPU. The message names the permutation's device first ("Expected a"), then the generator's ("found").

Why it matters
--------------
Every shuffled loader fails, random_split as well.

How to fix
----------
Leave the default on the CPU and move model and batches explicitly; or give whoever draws, the loader or
random_split, a generator of the device that the message expects.

When it is fine
---------------
With shuffle=False.

References
----------
PyTorch issue 44714; torch.set_default_device.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, raised_in, recognised, says

CODE = "DL234"
SLUG = "generator-device-mismatch"
TITLE = "A generator is on the wrong device"
_WORDS = (
    r"Expected (?:a )?'?(cuda|mps|xpu|cpu|hpu|npu)(?::\d+)?'? (?:device type for )?generator(?: device)? "
    r"but found(?: '?([a-z]+))?"
    r"|generator device .{0,30}(?:does not match|but found)"
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


_OFF_META = Remedy(
    "Build and read the loader outside of the context that makes tensors on meta.",
    ('with torch.device("meta"): model = Model()  # and nothing else', 'torch.set_default_device("cpu")'),
)


def _on_cpu(who: str, held: str) -> Remedy:
    return Remedy(
        f"Leave the generator on {held} away: a CPU one shuffles, whatever the device of the training.",
        (
            f'{who}(..., generator=torch.Generator(device="cpu"))  # or no generator at all',
            "grep -rn 'Generator(' .  # also in copies of torch's sampler.py that were edited",
        ),
    )


def _of_device(who: str, device: str) -> Remedy:
    return Remedy(
        f"Keep the default device on the CPU, or give {who} a generator of that device.",
        (f'{who}(..., generator=torch.Generator(device="{device}"))', 'torch.set_default_device("cpu")'),
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
    wanted, held = (*found.groups, "", "")[:2]
    if found.error is not None and says(found.error, _META):
        return recognised(
            found, "Indices are drawn on the meta device, which holds no values.", _OFF_META, score=80
        )
    is_split = found.error is not None and any(
        "random_split" in frame.function + frame.code for frame in found.error.frames
    )
    who = "random_split" if is_split else "DataLoader"
    if wanted == "cpu":
        remedy = _on_cpu(who, held or "cuda")
        summary = f"{who} was given a generator on {held or 'another device'}, and draws on the CPU."
    else:
        remedy = _of_device(who, wanted or "cuda")
        summary = f"The default device is {wanted or 'cuda'}, and {who} draws with a generator on another."
    return recognised(found, summary, remedy, score=80)
