"""Workers are slower than no workers.

What it means
-------------
Crossing from a worker to the main process costs more than the work itself, as with samples that are ready
in memory.

Why it matters
--------------
With trivial samples one worker was 29 to 46 times slower than none.

How to fix
----------
num_workers=0; larger batches; let the dataset return whole batches.

When it is fine
---------------
Where the main process has other work to do meanwhile.

References
----------
PyTorch documentation, torch.utils.data, "Single- and Multi-process Data Loading".
"""

CODE = "DL262"
SLUG = "too-many-workers-slower"
TITLE = "Workers are slower than none"
