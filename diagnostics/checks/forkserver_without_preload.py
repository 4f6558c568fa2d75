"""Each worker of a forkserver imports torch anew.

What it means
-------------
forkserver forks workers from a small server process, spawn starts them from nothing. Unless torch was
preloaded into the server, each worker imports it: about 2.5 s and 145 MiB a worker, one after another.

Why it matters
--------------
Four workers took 10 s to the first batch; with the preload 0.5 s and 16 MiB each.

How to fix
----------
`multiprocessing.set_forkserver_preload(["torch", "torch.utils.data", "numpy", "__main__"])` under the main
guard, before the first loader; persistent_workers=True pays the price once.

When it is fine
---------------
With persistent workers and long trainings.

References
----------
Python documentation, multiprocessing.set_forkserver_preload.
"""

CODE = "DL261"
SLUG = "forkserver-without-preload"
TITLE = "Each worker imports torch anew"
