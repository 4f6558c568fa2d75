"""One slow sample idles the other workers.

What it means
-------------
The loader hands out batches in order. A worker with a slow sample makes all the later batches wait, and
their workers stop when their queues are full.

Why it matters
--------------
With one slow sample in sixty, in_order=False was 1.4 to 1.9 times as fast.

How to fix
----------
`in_order=False` (torch 2.6 and newer), a larger prefetch_factor, or spread the slow samples.

When it is fine
---------------
Where the order of batches must be kept.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, in_order.
"""

CODE = "DL263"
SLUG = "head-of-line-blocking"
TITLE = "One slow sample idles the other workers"
