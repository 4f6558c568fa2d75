"""The dataset raises StopIteration, and the epoch ends early without a word.

What it means
-------------
`__getitem__` or collate raised StopIteration, often by `next()` on an iterator that ran dry. The loop takes
it for the end of the epoch, with 0, 1 or 2 workers alike.

Why it matters
--------------
Part of the data is never seen, and nothing is printed.

How to fix
----------
Index the data instead of calling next(), or raise IndexError or RuntimeError. Compare the samples seen with
`len(dataset)`.

When it is fine
---------------
Never.

References
----------
Python, PEP 479, which mends this for generators only.
"""

CODE = "DL260"
SLUG = "silent-truncation"
TITLE = "Epochs end early without an error"
