"""What launchers, containers and loggers put in front of a line, split off."""

import re
from collections.abc import Sequence
from itertools import pairwise

# Each is anchored and bounded: a line is read a few times at most.
_SPEAKERS = (
    re.compile(r"\[(rank ?\d{1,5}|default\d{1,5}|\d{1,4},\d{1,4})\](?:<std(?:err|out)>)?:?\s?"),
    re.compile(r"\(([\w.-]{0,60}(?: rank=\d{1,5})? ?pid=\d{1,9}(?:, ip=[\w.:-]{1,60})?)\)\s?"),
    re.compile(r"(?:\[)?(Rank \d{1,5}|rank\d{1,5}|GPU ?\d{1,3}|node[\w-]{0,20}|worker-\d{1,4})(?:\]|:|\|)\s"),
    re.compile(r"(\d{1,4}): (?=\s|\S)"),
    re.compile(r"([\w.-]{1,60} [\w./-]{1,40}\[\d{1,8}\]): "),
    re.compile(r"([\w.-]{1,40}-\d{1,4})\s{1,20}\| ?"),
)
_TIMES = (
    re.compile(
        r"[\[(]?\d{2,4}[-/]\d{2}[-/]\d{2,4}[T _]\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?"
        r"(?:Z|[A-Z]{3,4}\b| (?:UTC|GMT|[A-Z]{1,3}[SD]T)\b|[+-]\d{2}:?\d{2})?[\])]?:?\s?"
    ),
    re.compile(r"\[\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,6})?\]\s?"),
    re.compile(r"[IWEF]\d{4} \d{2}:\d{2}:\d{2}\.\d{1,9} {1,8}\d{1,8} [\w./-]{1,80}:\d{1,6}\] ?"),
    re.compile(r"0\d{4,7}  ?|\[\d{1,7}\] (?=\S)"),
    re.compile(r"\[?(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2}\s{1,2}\d{1,2} \d{2}:\d{2}:\d{2}(?: \d{4})?\]?\s"),
)
# Of a quoted line, of one in a panel, and of a report's title, which Markdown marks as Python does a comment.
_QUOTES = re.compile(
    r"(?:#{1,6} {1,4}(?=\S)|#(?=Traceback \(most|[A-Za-z_.]{1,60}(?:Error|Exception): )"
    r"|std(?:err|out)(?:: ?| [FP] )|(?:>|&gt;)+ ?"
    r"|[│┃╎] ?|\|\s(?=\s*(?:File|Traceback|\w+Error)))"
)
_INDENTED_QUOTE = re.compile(r" {2,16}(?:[*|+] (?:\d{1,3} x )?)(?=\[rank|Traceback|  ?File|[\w.]+Error)")
_LEVEL = re.compile(
    r"(?:- )?[\[(<]?(?:ERROR|CRITICAL|FATAL|WARNING|WARN|INFO)[\])>]?(?:\s?[-:|]\s?"
    r"|\s+)(?:[\w.]{1,40}(?::\d{1,5})?\s?[-:|]\s)?"
    r"(?=Traceback|[\w.]{1,60}(?:Error|Exception)\b|\s*File \")"
)
_LOGGER = re.compile(r"- [\w.]{1,80} - (?:ERROR|CRITICAL|FATAL|WARNING|WARN|INFO|DEBUG) - ")
_PYTEST = re.compile(r"E {3,}(?=[\w.]{1,80}(?:Error|Exception|Interrupt|Exit)\b)")
# A level or a letter that marks what is said as a warning; it stays, but before the lines of a traceback.
_WARNS = re.compile(r"(?:- [\w.]{1,80} )?\W{0,3}(?:WARN|W\d{4} )")
_OF_TRACEBACK = re.compile(r"\s|Traceback|File \"")


_TRACEBACK = "Traceback (most recent call last)"
_MOST_LEARNT = 8
_LONGEST_LEARNT = 120


def learn_prefixes(texts: Sequence[str]) -> re.Pattern[str] | None:
    """Return what a log puts before its lines: what stands before a traceback and before its first frame.

    Numbers in it, times and counters, may differ from line to line.

    >>> learnt = learn_prefixes(["7> Traceback (most recent call last):", '8>   File "a.py", line 1'])
    >>> learnt.sub("", "9> KeyError: 3")
    'KeyError: 3'
    """
    shapes: dict[str, None] = {}
    for text, after in pairwise(texts):
        head = text[: max(text.find(_TRACEBACK), 0)]
        bare = head.rstrip()
        if not bare or len(head) > _LONGEST_LEARNT or len(shapes) >= _MOST_LEARNT:
            continue
        shape = "".join(map(_free, re.findall(r"\d+|\s+|\D", bare)))
        gap = re.escape(head[len(bare) :])
        if re.match(rf'{shape}{gap}\s{{0,8}}File "', after):
            shapes[f"{shape}(?:{gap}|$)"] = None
    return re.compile("|".join(shapes)) if shapes else None


def _free(part: str) -> str:
    """Return a pattern for a part of a prefix: any number for a number, any blanks for blanks."""
    return r"\d+" if part.isdigit() else r"\s+" if part.isspace() else re.escape(part)


def _is_warning(prefix: re.Match[str]) -> bool:
    """Tell a prefix that makes a warning of what stands behind it."""
    return bool(_WARNS.match(prefix[0])) and not _OF_TRACEBACK.match(prefix.string, prefix.end())


def _strip_one(text: str) -> tuple[str, str] | None:
    first = text[0]
    if first in "[(0123456789ACDEFGIJMNOSTRWrnw":
        for pattern in _TIMES:
            if (found := pattern.match(text)) and not _is_warning(found):
                return text[found.end() :], ""
    for pattern in _SPEAKERS:
        found = pattern.match(text)
        if found and found.end() < len(text):
            return text[found.end() :], found.group(1)
    for pattern in (_QUOTES, _LEVEL, _LOGGER, _PYTEST):
        found = pattern.match(text)
        if found and found.end() and not _is_warning(found):
            return text[found.end() :], ""
    return None


def strip_prefixes(text: str) -> tuple[str, str]:
    """Return the line without its prefixes, and who spoke.

    >>> strip_prefixes("[rank1]: ValueError: x")
    ('ValueError: x', 'rank1')
    """
    speakers = []
    for _ in range(6):
        if text.startswith("  ") and (quoted := _INDENTED_QUOTE.match(text)):
            text = text[quoted.end() :]
        if not text or text[0] == " ":
            break
        found = _strip_one(text)
        if found is None:
            break
        text, speaker = found
        if speaker:
            speakers.append(speaker)
    text = text.rstrip()
    if text.endswith(("│", "┃")):
        text = text[:-1].rstrip()
    return text, " ".join(speakers)
