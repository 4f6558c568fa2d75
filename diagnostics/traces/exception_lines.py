"""Does a line name an exception that was raised? Pure questions about one line."""

import re
from keyword import iskeyword

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
    "except ",
    "except:",
    "else:",
    "elif ",
    "@",
    "yield ",
    ">>> ",
    "data = ",
    "lambda ",
    "lambda:",
)
# In English too, what they begin may be a sentence: then words stand side by side, which names never do.
_QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|(?:(?<!\w)|(?<=\b[bfruBFRU]))'[^']*(?:'|$)")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_NEIGHBOURS = re.compile(r"\b(\w+) +(?=(\w+))")
_MOST_NEIGHBOURS = 1  # of code that a log cuts or garbles
_HEADER = re.compile(
    r"(?:[:(\[{,\\]|\b(?:and|or|not|in|is|else))$"
    r"|:\s+(?:(?:raise|return|continue|break|pass|yield|assert)\b|[\w.\[\]]{1,80} ?(?:[-+*/|&]?=(?!=)|\())"
)
_OPERATOR = re.compile(r" (?:is|in|not|and|or|else|[=!<>]=|[-+*/%<>|&]{1,2}) ")
_PUNCTUATION = re.compile(r"[,.:;!?](?: |$)")  # as a sentence has it
# Of Python (and the line of code that it shows below), of loggers and of C++ libraries (glog's W0412, torch's
# [W socket.cpp:12], TensorFlow's W).
_WARNING = re.compile(
    r"\W{0,3}(?:\d[\d:.,/-]{3,24}\W{1,3}){0,2}(?:[\w.]{1,80}(?: - |\]\[))?"
    r"(?:WARN(?:ING)?\b|Warning\b|warning:)"
    r"|\W?W(?:\d{3,4} \d| [\w./\\-]{1,200}\.(?:cpp|cc|h|cu|py):)"
    r"|.*?(?<![\w.])[A-Z]\w{0,60}Warning: |\s*(?:\w{1,40}\.){0,4}warn(?:ing)?\("
)


def type_of(name: str) -> str:
    """Return an exception's name without its module, unless the module is what tells it."""
    return name.rsplit(".", 1)[-1] if not name.endswith((".error", ".Error", ".timeout")) else name


def is_code(text: str) -> bool:
    """Tell whether a line looks like Python's source: its grammar, not its first word, decides."""
    bare = text.strip()
    if not bare.startswith(_CODE_WORDS) or bare.startswith(("#", ">>> ")):
        return bare.startswith(("#", ">>> "))
    plain = _COMMENT.sub("", _QUOTED.sub('""', bare)).rstrip()
    pairs = (found.groups() for found in _NEIGHBOURS.finditer(plain))
    is_prose = sum(not any(map(iskeyword, pair)) for pair in pairs) > _MOST_NEIGHBOURS
    return not is_prose and _is_statement(*plain.partition(" ")[::2])


def _is_statement(word: str, rest: str) -> bool:
    """Tell whether a statement may go on so after its first word."""
    if word == "from":
        return bool(re.match(r"\S+ import\b", rest))
    if word == "for" and " in " not in rest:
        return False
    if word not in {"for", "if", "while", "elif", "with"} or _HEADER.search(rest):
        return True
    is_expression = _OPERATOR.search(f" {rest}") and not _PUNCTUATION.search(rest)
    return word != "with" and bool(is_expression)


def is_warning(text: str) -> bool:
    """Tell whether a line warns: whatever it names, the program went on."""
    return bool(_WARNING.match(text))


def named_anywhere(text: str) -> re.Match[str] | None:
    """Find an exception that is named anywhere in a line that is no code."""
    found = _LOOSE.search(text)
    if found is None:
        return None
    before = text[: found.start(1)].rstrip()
    return None if before.endswith("except") or is_code(text) else found


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
