"""What must not leave with a report: names of host and user, home paths, serials, environment values."""

import re
from collections.abc import Callable, Mapping
from typing import Any

HIDDEN = "(hidden)"
HIDDEN_PATH = "(path)"

_PRIVATE_KEY = re.compile(
    r"^(host|user|env|environment)\.|(^|[._])(serial|uuid)(_number)?($|[._])|^node$|hostname|username|node_name",
    re.IGNORECASE,
)
_NAMING_KEY = re.compile(r"^(host|user)\..*(name|node|login)|hostname|username|node_name", re.IGNORECASE)
_HOME_PATH = re.compile(
    r"""(?:[A-Za-z]:)?(?:[\\/][^\s\\/"'<>|]*)*?[\\/](?:home|users|documents\ and\ settings)
        [\\/][^\s"'<>|,;:()\[\]]*
        |(?<![\w.])/root(?:/[^\s"'<>|,;:()\[\]]*)?(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_SAYS_NOTHING = {"root", "user", "admin", "localhost", "test", "runner", "none", "unknown", ""}

Redact = Callable[[str], str]


def _names(document: Mapping[str, Any]) -> list[str]:
    machine = document.get("machine_info")
    machine = machine if isinstance(machine, Mapping) else {}
    facts = machine.get("facts")
    facts = facts if isinstance(facts, Mapping) else {}
    found = [machine.get("node")] + [
        fact.get("value")
        for key, fact in facts.items()
        if isinstance(fact, Mapping) and _NAMING_KEY.search(key)
    ]
    words = [name for name in found if isinstance(name, str)]
    words += [name.split(".")[0] for name in words]
    return sorted({w for w in words if len(w) > 2 and w.lower() not in _SAYS_NOTHING}, key=len, reverse=True)


def redactor(document: Mapping[str, Any]) -> Redact:
    """Return a function that hides home paths and the names of this document's host and user in a text."""
    names = _names(document)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names)) if names else None

    def redact(text: str) -> str:
        text = _HOME_PATH.sub(HIDDEN_PATH, text)
        return pattern.sub(HIDDEN, text) if pattern else text

    return redact


def _hidden(value: object) -> object:
    if isinstance(value, Mapping):
        return {**value, "value": HIDDEN} if value.get("value") is not None else value
    return HIDDEN if isinstance(value, str) and value else value


def redacted(value: Any, redact: Redact) -> Any:
    """Return a JSON value with every string redacted, keys included, and private facts without values."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redacted(item, redact) for item in value]
    if isinstance(value, Mapping):
        return {
            redact(key): redacted(_hidden(item) if _PRIVATE_KEY.search(key) else item, redact)
            for key, item in value.items()
        }
    return value
