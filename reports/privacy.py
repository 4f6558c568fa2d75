"""What must not leave with a report: who and where somebody is, and what opens doors there.

A key may say that its value is private; a pattern may recognise a path, an address or a token in any text;
and a name once found is hidden wherever else it stands. Where nothing can be sure, it is hidden.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from reports.private_patterns import (
    HIDDEN,
    HOME_OWNER,
    NAMES,
    SECRETS,
    SERIALS,
    VARIABLES,
    hidden_words,
    is_harmless,
)
from reports.wording import listed

Redact = Callable[[str], str]

_NAMING_KEY = re.compile(
    r"""^(host|user|login|account|author|committer)($|[._-]) | ^node$
        | (host|user|node|login|author|committer)_?(name|email)""",
    re.IGNORECASE | re.VERBOSE,
)
_SERIAL_KEY = re.compile(r"(^|[._-])(serial|uuid|guid)($|[._-])|machine_?id", re.IGNORECASE)
_VARIABLE_KEY = re.compile(r"^(os_?)?env(iron(ment)?)?($|[._-])", re.IGNORECASE)
_SECRET_KEY = re.compile(
    r"""(^|[._-])(password|passwd|secret|token|credentials?|(api|access|private)_?key|cwd|argv|home|remote
        |email|(ip|mac)(_?address(es)?)?)($|[._-])""",
    re.IGNORECASE | re.VERBOSE,
)
_SAYS_NOTHING = re.compile(
    r"""root|user|admin(istrator)?|localhost|test|runner(admin)?|none|unknown|nobody|default|ubuntu|debian|linux
        |windows|darwin|docker|python|pytorch|benchmarks?|workspace|vagrant|jovyan|host|node|ec2-user|git(hub|lab)
        |\(hidden\)""",
    re.IGNORECASE | re.VERBOSE,
)
_FOLDERS = re.compile(r"^(?:[A-Za-z]:|~)?[\\/](?:[^:]*[\\/])?(?=[^\\/:]+\.py(?:::|$))")
_SHORTEST_NAME, _SHORTEST_VALUE, _SHORTEST_HOME = 3, 8, len("/home/")
_UNMISTAKABLE = 6  # names of this length are hidden inside longer words too


class Redactor:
    """Hides private words in a text.

    Attributes
    ----------
    kinds : set of str
        What was hidden so far: names of what, never the words.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.kinds: set[str] = set()
        self._keys: dict[str, str] = {}
        self._kind_of = {name.lower(): kind for name, kind in names.items()}
        alternatives = [_anywhere(name) for name in sorted(names, key=lambda name: (-len(name), name))]
        self._names = re.compile("|".join(alternatives), re.IGNORECASE) if names else None

    def __call__(self, text: str) -> str:
        """Return the text without what its names and patterns tell to hide."""
        text, kinds = hidden_words(text)
        self.kinds |= kinds
        return self._names.sub(self._hide, text) if self._names else text

    def key(self, text: str) -> str:
        """Return the same for a key of a document, remembered: keys come again and again."""
        if text not in self._keys:
            self._keys[text] = self(text)
        return self._keys[text]

    def _hide(self, match: re.Match[str]) -> str:
        self.kinds.add(self._kind_of[match[0].lower()])
        return HIDDEN


def _anywhere(name: str) -> str:
    is_unmistakable = len(name) >= _UNMISTAKABLE
    return re.escape(name) if is_unmistakable else rf"(?<!\w){re.escape(name)}(?!\w)"


@lru_cache(maxsize=4096)
def _kind_of_key(key: str) -> str:
    """Return what a key's value is where it is private, "" where it is not."""
    patterns = {NAMES: _NAMING_KEY, SERIALS: _SERIAL_KEY, VARIABLES: _VARIABLE_KEY, SECRETS: _SECRET_KEY}
    return next((kind for kind, pattern in patterns.items() if pattern.search(key)), "")


def redactor(document: Mapping[str, Any]) -> Redactor:
    """Return what hides the private words of this document, wherever else they stand."""
    found: dict[str, str] = {}
    _collect(document, "", found)
    return Redactor(found)


def _collect(value: Any, kind: str, found: dict[str, str]) -> None:
    """Add every word that is to be hidden wherever it stands, with its kind."""
    if isinstance(value, str):
        owners = HOME_OWNER.findall(value) if len(value) > _SHORTEST_HOME else ()
        words = dict.fromkeys(owners, NAMES)
        if kind:
            words[value] = kind
        if kind == NAMES:
            words[value.split(".")[0]] = kind
        found.update((word, kind) for word, kind in words.items() if _is_telling(word, kind))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, (str, list, dict)):
                _collect(item, kind, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (str, list, dict)):
                _collect(item, _kind_under(key, kind), found)


def _kind_under(key: str, kind: str) -> str:
    """Return of which kind a value is below its key: what a fact says of itself is not private."""
    is_about = kind and key in ("unit", "source")
    return "" if is_about else kind or _kind_of_key(key)


def _is_telling(word: str, kind: str) -> bool:
    if kind == NAMES:
        return len(word) >= _SHORTEST_NAME and not _SAYS_NOTHING.fullmatch(word)
    is_long = len(word) >= _SHORTEST_VALUE and not word.isalpha()
    return is_long and (kind != VARIABLES or not is_harmless(word))


def redacted(value: Any, redact: Redactor, kind: str = "") -> Any:
    """Return a JSON value with every string redacted, keys included, and nothing under private keys."""
    if isinstance(value, list):
        return [redacted(item, redact, kind) for item in value]
    if isinstance(value, dict):
        return {redact.key(key): _under(key, item, redact, kind) for key, item in value.items()}
    if kind:
        return _blank(value, redact, kind)
    return redact(value) if isinstance(value, str) else value


def _under(key: str, value: Any, redact: Redactor, kind: str) -> Any:
    if key == "fullname" and isinstance(value, str):  # a test's own file tells it from others of its name
        value = _FOLDERS.sub("", value)
    return redacted(value, redact, _kind_under(key, kind))


def _blank(value: Any, redact: Redactor, kind: str) -> Any:
    if value is None or value == "" or isinstance(value, bool):
        return value
    if kind == VARIABLES and is_harmless(str(value)):
        return value
    if kind == SECRETS and not isinstance(value, str):  # a token's length, not a token
        return value
    redact.kinds.add(kind)
    return HIDDEN


def banner(kinds: Iterable[str]) -> str:
    """Return what was left out, in one sentence."""
    found = sorted(kinds)
    if not found:
        return "Nothing private was found in what this page shows."
    why = "because they may tell who or where somebody is"
    return f"Left out, {why}: {listed(found)}. `--include-private` keeps them."
