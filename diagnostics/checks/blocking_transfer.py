"""Batches are copied to the device while everything waits.

What it means
-------------
A copy from ordinary memory, or one without non_blocking=True, stops the training loop until it is done.

Why it matters
--------------
Copy and computation could overlap.

How to fix
----------
pin_memory=True in the loader and `batch.to(device, non_blocking=True)` in the loop; both are needed.

When it is fine
---------------
With small batches, or where loading is the bottleneck anyway.

References
----------
PyTorch tutorial, "A guide on good usage of non_blocking and pin_memory()".
"""

CODE = "DL264"
SLUG = "blocking-transfer"
TITLE = "Batches are copied while everything waits"
