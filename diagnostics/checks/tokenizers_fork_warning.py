"""tokenizers switched its threads off after a fork.

What it means
-------------
The tokenizer was used in the parent, and workers were forked then. To be safe, the library works with one
thread in them.

Why it matters
--------------
It is a remark, no error. Tokenising in each worker with one thread is what you want anyway.

How to fix
----------
Say so beforehand, and the remark is gone.

When it is fine
---------------
Always.

References
----------
Hugging Face tokenizers, TOKENIZERS_PARALLELISM.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised

CODE = "DL240"
SLUG = "tokenizers-fork-warning"
TITLE = "tokenizers switched its threads off after fork"
LOG_FIRES = (
    "huggingface/tokenizers: The current process just got forked, after parallelism has already been used. "
    "Disabling parallelism to avoid deadlocks...\n",
    "To disable this warning, you can either:\n\t- Avoid using `tokenizers` before the fork if possible\n"
    "\t- Explicitly set the environment variable TOKENIZERS_PARALLELISM=(true | false)\n",
)
LOG_SILENT = (
    "DeprecationWarning: This process (pid=7) is multi-threaded, use of fork() may lead "
    "to deadlocks in the child.\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the remark."""
    found = phrase(trace, r"current process just got forked|TOKENIZERS_PARALLELISM=\(true")
    if found is None:
        return None
    remedy = Remedy("Set it before Python starts.", ("export TOKENIZERS_PARALLELISM=false",))
    return recognised(
        found,
        "tokenizers uses 1 thread in each worker; harmless, and rarely the failure.",
        remedy,
        Role.REMARK,
        40,
        "certain",
    )
