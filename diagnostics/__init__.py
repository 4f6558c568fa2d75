"""Diagnoses: gathers facts of the machine, judges them, prints findings; never imports torch itself."""

import sys
from os.path import dirname  # pathlib would look for its own imports in the working folder

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path and sys.path[0] != dirname(dirname(__file__)):  # noqa: PTH120
    sys.path.append(sys.path.pop(0))  # the working folder: a random.py of the user's is not Python's own
