"""How private words look in any text: paths, addresses, remotes, tokens, variables, serial numbers."""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

HIDDEN, HIDDEN_PATH = "(hidden)", "(path)"
NAMES, PATHS, SERIALS = "names of hosts and users", "paths", "serial numbers"
VARIABLES, ADDRESSES, SECRETS = "environment values", "addresses", "secrets"

_STOP = r"""\s"'`<>|,;:()\[\]{}"""
_SEGMENT = rf"[^\\/{_STOP}]+"


def _spaced(most_spaces: int) -> str:
    r"""A separator says that the words before it are one name: "Program Files\", "My Data/"."""
    return rf"{_SEGMENT}(?:[ ]{_SEGMENT}){{0,{most_spaces}}}[\\/]+"


_REST = rf"(?:{_spaced(1)})*(?:{_SEGMENT})?"

HOME_OWNER = re.compile(r"[\\/](?:home|[Uu]sers)[\\/]+([^\\/\s\"'<>|,;:()\[\]{}]+)")
_HOME = re.compile(
    rf"""(?:(?<![A-Za-z])[A-Za-z]:)?(?:[\\/]+{_SEGMENT})*?[\\/]+(?:home|users|documents\ and\ settings)[\\/]+
         (?:{_spaced(2)})?{_REST}
         |(?<![\w.])/root(?!\w)(?:/{_REST})?|(?<![\w~])~[\w.-]*/{_REST}|\bfile:/+{_REST}""",
    re.IGNORECASE | re.VERBOSE,
)
_WINDOWS = re.compile(
    rf"(?<![A-Za-z])[A-Za-z]:[\\/]+(?<!//)(?:{_spaced(2)})*(?:{_SEGMENT})?|(?<![\w\\])\\\\{_SEGMENT}\\{_REST}"
)
_POSIX = re.compile(rf"(?:(?<![\w./~)\]}}%])/(?!/)|(?<![\w.:/])//(?!/))(?=[\w.@+~-]){_REST}")
# The kernel's and the system's own files are the same on every machine.
_SYSTEM = re.compile(
    r"/(proc|sys)(/[\w.*-]+)*/?|/dev/(shm|null|zero|kfd|nvidia\w*)/?|/etc/(security|sysctl|docker|os-release)[\w./-]*"
    r"|/(tmp|run|var/tmp|mnt|data)?/?|/.",
)
_VERSIONED = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_COLONS = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:.]{3,45}(?:%\w+)?(?![\w:])")
_HARMLESS = re.compile(
    r"[\d,.:-]{1,40}|true|false|yes|no|on|off|none|active|passive|close|spread|master|primary|cores|threads|sockets"
    r"|fork|spawn|forkserver",
    re.IGNORECASE,
)


def is_harmless(value: str) -> bool:
    """Return whether the value of a setting says nothing about anybody: a number, a switch, a policy."""
    return bool(_HARMLESS.fullmatch(value))


def _path(match: re.Match[str]) -> str:
    return match[0] if _SYSTEM.fullmatch(match[0]) else HIDDEN_PATH


def _address(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0].partition("%")[0].rstrip("."))
    except ValueError:
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else HIDDEN


def _value(match: re.Match[str]) -> str:
    return match[0] if is_harmless(match["value"].strip("\"'")) else f"{match['key']}{HIDDEN}"


_Replacement = str | Callable[[re.Match[str]], str]
_QUOTED = r"""(?P<value>"[^"]*"|'[^']*'|[^\s"';,&|)\]]+)"""
_REMOTE = r"""\b[a-z][a-z0-9+.-]*://(?:[^\s/@"'<>]*@\S+|[^\s"'<>]*(?:\.git\b|[?&])[^\s"'<>]*)"""
_TOKEN = r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|xox[abprs]-|AKIA|eyJ)[\w.+/=-]{12,}"
_ASSIGNED = rf"""(?P<key>\b\w*(?:token|secret|password|passwd|api[_-]?key)\w*["']?\s?[=:]\s?){_QUOTED}"""
_VARIABLE = rf"(?P<key>\b(?-i:[A-Z][A-Z0-9]*_[A-Z0-9_]+|USER|LOGNAME|HOSTNAME)=){_QUOTED}"
_MAIL = r"\b[\w.+-]+@[a-z][\w-]*(?:\.[\w-]+)*(?::[\w./~-]+)?"
_UUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_MACHINE_ID = r"(?<!\w)(?:[0-9a-f]{32}|[0-9a-f]{64})(?!\w)"
_MAC = r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])"
_PATTERNS: tuple[tuple[str, str | re.Pattern[str], _Replacement], ...] = (
    (ADDRESSES, _REMOTE, HIDDEN),
    (SECRETS, _TOKEN, HIDDEN),
    (SECRETS, r"(?P<key>\bbearer\s+)(?P<value>[\w.+/=-]{8,})", _value),
    (SECRETS, _ASSIGNED, _value),
    (VARIABLES, _VARIABLE, _value),
    (ADDRESSES, _MAIL, HIDDEN),
    (PATHS, _HOME, _path),
    (PATHS, _WINDOWS, _path),
    (PATHS, _POSIX, _path),
    (SERIALS, f"{_UUID}|{_MACHINE_ID}", HIDDEN),
    (ADDRESSES, _MAC, HIDDEN),
    (ADDRESSES, _VERSIONED, _address),
    (ADDRESSES, _COLONS, _address),
)
_COMPILED = tuple(
    (kind, re.compile(pattern, re.IGNORECASE) if isinstance(pattern, str) else pattern, replacement)
    for kind, pattern, replacement in _PATTERNS
)
_CANDIDATE = re.compile(
    r"[\\/@=:~]|[0-9a-f]{8}|\d\.\d|bearer|gh[pousr]_|_pat_|pat-|hf_|sk-|xox|AKIA|eyJ|-[0-9a-f]{2}-",
    re.IGNORECASE,
)


@lru_cache(maxsize=65536)
def hidden_words(text: str) -> tuple[str, frozenset[str]]:
    """Return a text without the private words that their looks give away, and of which kinds they were."""
    kinds = set()
    for kind, pattern, replacement in _COMPILED if _CANDIDATE.search(text) else ():
        replaced = pattern.sub(replacement, text)
        if replaced != text:
            kinds.add(kind)
        text = replaced
    return text, frozenset(kinds)
