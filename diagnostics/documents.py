"""The JSON document of a command: `{"schema", "command", "findings", ...}`."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.outcomes import UsageError

if TYPE_CHECKING:
    from diagnostics.findings import Finding

SCHEMA = 1


def check_path(name: str | Path | None, option: str) -> None:
    """Refuse a path that cannot be written before anything is measured."""
    if name is None or str(name) == "-":
        return
    path = Path(name)
    target = path if path.exists() else path.parent
    if path.is_dir() or not target.exists() or not os.access(target, os.W_OK):
        raise UsageError(f"{option} {name} cannot be written; name a file in a folder that you may write to.")


def write_document(name: str | None, command: str, findings: Sequence["Finding"], **parts: Any) -> bool:
    """Write the JSON document of a command; return whether stdout is taken by it."""
    if name is None:
        return False
    document = {
        "schema": SCHEMA,
        "command": command,
        "findings": [each.as_dict() for each in findings],
        **parts,
    }
    return write_output(name, json.dumps(document, indent=2, allow_nan=False) + "\n", "--json")


def write_output(name: str, text: str, option: str) -> bool:
    """Write what an option asked for to its file, or to stdout for "-"; return whether that is taken."""
    if name == "-":
        sys.stdout.write(text)
        return True
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{option} {name} cannot be written ({error.strerror}); name another file."
        ) from None
    return False
