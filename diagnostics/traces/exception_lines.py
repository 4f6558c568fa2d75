"""Does a line name an exception that was raised? Pure questions about one line."""

import re

_NAME = r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,80}"
RAISED = re.compile(rf"({_NAME})(?::\s?(.*))?$")
_ENDINGS = (
    r"(?:Error|Exception|Interrupt|Empty|Timeout|timeout|BadZipFile|error|StopIteration"
    r"|SystemExit|Died|Errors|NotFound|Exit)"
)
_LOOSE = re.compile(
    r"(?:^|[\s>'\"(`|:*]|[^\x00-\x7f])((?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z_]\w{0,80}?(?:Error"
    r"|Exception|Interrupt)|KeyboardInterrupt"
    r"|StopIteration|BadZipFile|cv2\.error|struct\.error|zlib\.error)(?:: ?(.*)|$)"
)
LIKELY_TYPE = re.compile(rf"(?:{_NAME}\.)?\w{{0,80}}{_ENDINGS}$")
IPYTHON_HEADER = re.compile(r"^(\w{3,60})\s{2,}Traceback \(most recent call last\)")
CAUGHT = re.compile(
    r"Caught (\w{1,80}) in "
    r"(DataLoader worker(?: proc\w{0,4})?(?: \d+)?|pin memory thread[\w ]{0,30}|replica \d+[\w ]{0,30})"
)
CARRIED = re.compile(rf"(?:^|[\s:])({_NAME}): (Caught \w{{1,80}} in (?:DataLoader|pin memory|replica))")
_RAISE = re.compile(rf"raise ({_NAME})\(f?(['\"])(.{{3,400}}?)(?:\2|$)")
_TELLS = re.compile(r"\b(?:causes?|gives?|throws?|leads? to|results? in|fails? with)$")
_CODE_WORDS = (
    "raise ",
    "return ",
    "def ",
    "self.",
    "assert ",
    "if ",
    "for ",
    "while ",
    "from ",
    "import ",
    "#",
    "with ",
    "class ",
    "try:",
    "except",
    "else:",
    "elif ",
    "@",
    "yield ",
    ">>> ",
    "data = ",
    "lambda",
)
# A sentence that begins with a word of Python's: words alone follow, and none that code would have there.
_PROSE = re.compile(
    r"(?:if|for|while|with|from) (?!\w+(?:, ?\w+){0,9} (?:in|is|not|and|or|as|import)\b|not )"
    r"(?:[A-Za-z']{1,30},? ){2}[A-Za-z']"
)


def type_of(name: str) -> str:
    """Return an exception's name without its module, unless the module is what tells it."""
    return name.rsplit(".", 1)[-1] if not name.endswith((".error", ".Error", ".timeout")) else name


def is_code(text: str) -> bool:
    """Tell whether a line looks like Python's source."""
    bare = text.strip()
    is_prose = _PROSE.match(bare) and not bare.endswith((":", "\\", "(", ","))
    return bare.startswith(_CODE_WORDS) and not is_prose


def named_anywhere(text: str) -> re.Match[str] | None:
    """Find an exception that is named anywhere in a line that is no code."""
    found = _LOOSE.search(text)
    if found is None:
        return None
    before = text[: found.start(1)].rstrip()
    is_told = bool(_TELLS.search(before))  # a sentence that begins as code does
    return None if before.endswith("except") or (is_code(text) and not is_told) else found


def ends_traceback(found: re.Match[str], is_indented: bool, expected: str) -> bool:
    """Tell whether a name, with or without a message, is the line that ends a traceback."""
    name, message = found.groups()
    if is_indented and not LIKELY_TYPE.match(name):
        return False
    if LIKELY_TYPE.match(name) or (expected and type_of(name) == expected):
        return True
    return not is_indented and "." in name and name[0].islower() and message is not None


def raised_by(code: str) -> tuple[str, str]:
    """Return type and message that a `raise` statement spells out, both "" where it does not."""
    found = _RAISE.match(code)
    if found is None or not LIKELY_TYPE.match(found.group(1)):
        return "", ""
    return type_of(found.group(1)), found.group(3)
