"""Every way to name a GPU counts in workers and in the loop, and what only looks like one does not."""

import pytest

from tests.diagnostics.lint.linted import codes, lint

HEAD = """
import torch
from torch import zeros
from torch.utils.data import DataLoader, Dataset, get_worker_info
accelerator = torch.accelerator.current_accelerator()
kind = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
"""
ROWS = """
class Rows(Dataset):
    def __init__(self, path):
        self.x = {kept}
    def __getitem__(self, index):
        return {sample}
for batch in DataLoader(Rows("x"), num_workers=2):
    pass
"""
READING = """
for batch in DataLoader(data, num_workers=2, pin_memory=True):
    batch = batch.to({device})
"""


def found(kept="[]", sample="self.x[index]"):
    return [code for code in codes(HEAD + ROWS.format(kept=kept, sample=sample)) if code == "LN104"]


@pytest.mark.parametrize(
    ("on_gpu", "elsewhere"),
    [
        ("x.to(accelerator)", "x.to(torch.accelerator.device_count)"),
        ("x.to(kind)", "x.to(x.type)"),
        ("x.to(0)", "x.to(True)"),
        ("x.to(torch.device(1))", "x.to(-1)"),
        ("x.to(torch.device('cuda').type)", "x.to(torch.device('cpu').type)"),
        ("zeros(3, device=0)", "zeros(3, device=None)"),
        ("torch.zeros_like(x, device='cuda')", "torch.zeros_like(x, device='cpu')"),
        ("torch.randperm(3, device=kind)", "torch.randperm(3)"),
        ("torch.normal(0, 1, (3,), device='cuda')", "random.normal(0, 1, (3,), device='cuda')"),
        ("torch.load(x, map_location='cuda')", "torch.load(x, map_location='cpu')"),
        ("torch.load(x, accelerator)", "torch.load(x, 'cpu')"),
        ("torch.jit.load(x, map_location=0)", "torch.Generator(device='cuda')"),
        ("torch.full((2,), 0, device='cuda')", "torch.full((2,), 0)"),
    ],
)
def test_a_gpu_in_a_worker_is_found_however_it_is_named(on_gpu, elsewhere):
    assert found(sample=on_gpu) == ["LN104"]
    assert found(sample=elsewhere) == []


@pytest.mark.parametrize(
    ("on_gpu", "elsewhere"),
    [
        ("torch.load(path, map_location='cuda')", "torch.load(path, map_location='cpu')"),
        ("torch.from_numpy(y).to(0)", "torch.from_numpy(y).to(0).cpu()"),
        ("torch.arange(3, device=accelerator)", "torch.device('cuda')"),
    ],
)
def test_what_the_constructor_keeps_on_a_gpu_is_found(on_gpu, elsewhere):
    assert found(kept=on_gpu) == ["LN104"]
    assert found(kept=elsewhere) == []


def test_what_a_file_holds_is_to_be_loaded_on_the_cpu():
    (one,) = [each for each in lint(HEAD + ROWS.format(kept="torch.load(path, 'cuda')", sample="self.x"))
              if each.code == "LN104"]  # fmt: skip
    assert "torch.load(path, map_location='cpu')" in one.remedy.commands


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("0", True),
        ("torch.accelerator.current_accelerator()", True),
        ("accelerator", True),
        ("kind", True),
        ("False", False),
        ("0, non_blocking=True", False),
        ("torch.float16", False),
        ("'cpu'", False),
    ],
)
def test_a_blocking_copy_is_found_however_the_gpu_is_named(device, expected):
    assert ("LN118" in codes(HEAD + READING.format(device=device))) == expected


@pytest.mark.parametrize(
    ("outside", "inside"),
    [
        ("if get_worker_info() is None: x = x.cuda()", "if get_worker_info() is not None: x = x.cuda()"),
        ("if not get_worker_info(): x = x.cuda()", "if get_worker_info(): x = x.cuda()"),
        ("if info is None and self.fast: x = x.cuda()", "if info is None or self.fast: x = x.cuda()"),
        ("if info is not None: pass\n        else: x = x.cuda()", "if info.id is None: x = x.cuda()"),
        ("x = x.cuda() if torch.utils.data.get_worker_info() is None else x", "x = x.cuda() if x else x"),
        ("if info: return x\n        x = x.cuda()", "if info: x = x + 1\n        x = x.cuda()"),
        ("if (w := get_worker_info()) is None: x = x.cuda()", "if (w := self.workers) is None: x = x.cuda()"),
    ],
)
def test_what_only_the_main_process_does_is_in_no_worker(outside, inside):
    rows = HEAD + ROWS.format(kept="[]", sample="self.get(self.x[index])")
    method = (
        "    def get(self, x):\n        info = get_worker_info()\n        {}\n        return x\nfor batch"
    )
    assert "LN104" not in codes(rows.replace("for batch", method.format(outside)))
    assert "LN104" in codes(rows.replace("for batch", method.format(inside)))
