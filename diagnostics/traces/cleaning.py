"""Bytes to lines: any encoding, no escape sequences, progress bars and pasted markup resolved."""

import codecs
import csv
import html
import re
from dataclasses import dataclass, replace

from diagnostics.traces.records import told

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)?|[@-Z\\-_])"
)
_PRINTED_ESCAPE = re.compile(r"(?:\\u001b|\\x1b|\\033|\^\[)?\[\d{0,3}(?:;\d{1,3}){0,5}m")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
# Characters without width, some of which turn the direction of what is shown after them.
_UNSEEN = re.compile("[\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")
_TYPOGRAPHY = {"’": "'", "‘": "'", "‛": "'", "“": '"', "”": '"', "\u00a0": " "}
_TYPOGRAPHIC = re.compile(f"[{''.join(_TYPOGRAPHY)}]")
_ENTITY = re.compile(r"&(?:#x?[0-9a-fA-F]{1,6}|quot|lt|gt|amp|apos|nbsp);")
_BREAK = re.compile(r"<br ?/?>|<br")
_TAG = re.compile(
    r"</?(?:pre|code|p|div|span|td|tr|li|b|i|em|strong)(?: [\w-]{1,20}=\"[^\"<>\n]{0,200}\"){0,6} ?/?>"
)
_MARKDOWN = re.compile(r"\\([_*`'\"<>\[\]])(?![nrt0-9])")
_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\((?:file|vscode-[\w-]+|https?):[^()\n]{0,600}\)")
_SEVERAL_FRAMES = re.compile(
    r"(?=File \"[^\"\n]{1,300}\", line \d)|(?=\b[A-Za-z_.]{0,80}(?:Error|Exception)\b: )"
)
# An escaped line end, told from a Windows path (torch\nn\modules) by what comes after it.
_ESCAPED_END = re.compile(
    r"(?<!\\)\\{1,8}n(?=\s|$|['\"]|\\+n|Traceback|\[?(?:\d{4}-\d|rank)"
    r"|[A-Z][a-z]{1,30} |[A-Za-z_.]{1,80}(?:Error|Exception|Interrupt)\b)"
)
_ESCAPED_QUOTE = re.compile(r"\\{1,8}(['\"])")
# A frame that a terminal or a mail wrapped after its comma, and what may follow there.
_WRAPPED = re.compile(r"File \"[^\"\n]{1,300}\",(?: line(?: \d{1,7},)?)?\s*$")
_REST = re.compile(r"\s{0,8}(?:line \d|\d{1,7}(?:,|$)|in [\w<])")
# A frame in a panel of rich's, which breaks it anywhere: a path from its root on, and the whole.
_BROKEN = re.compile(r"(?:/|~|[A-Za-z]:[\\/])\S[^\n\"]{20,300}$")
_PANELLED = re.compile(r"\S[^\n\"]{0,400}\.pyx?:\d{1,7} in [\w.<>]{1,200}$")
LONGEST_LINE = 1000  # characters kept of a line: a longer one is data, not a message
LONGEST_LOG = 100_000  # characters of a log that was escaped into one line, from each end
# A line that names an exception; what a terminal may have broken; what is no rest of a broken line.
_NAMING = re.compile(r"(?:[A-Za-z_][\w.]{0,80})?(?:Error|Exception|Interrupt)\b")
_BREAKABLE = re.compile(rf"\s{{0,8}}File \"|{_NAMING.pattern}")
_BEGINS = re.compile(
    rf"{_BREAKABLE.pattern}|(?:[\w-]{{1,60}} )?Traceback \("
    r"|During handling of the above |The above exception |Process \S{1,80}:$|-- Process \d"
    r"|\[?\d{2,4}[-/:]\d{2}[-/:]\d{2}|\[rank ?\d|[\w.-]{1,60}: (?:error|warning|fatal)\b"
    r"|\S{1,300}\.py:\d{1,7}: "
    r"|(?:Killed|Aborted|Terminated|Bus error|Segmentation fault)(?: \(core dumped\))?$"
)
_FRAME = re.compile(r"\s{0,8}File \"[^\"\n]{1,300}\", line \d{1,7}, in [\w<>.]{1,80}$")
_DIGITS = re.compile(r"\d+")
_NARROWEST, _WIDEST = 60, 300  # of terminals
_SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log.

    Attributes
    ----------
    number : int
        Counted from 1, as an editor does; pieces of one line share it.
    text : str
        Cleaned, without the prefix.
    source : str
        Who said it, from the prefix: "rank1", "RayTrainWorker pid=12"; "" where nothing tells.
    """

    number: int
    text: str
    source: str = ""


def decode(data: bytes) -> str:
    """Return bytes as text, whatever they are: undecodable ones become U+FFFD."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    sample = data[:_SAMPLE]
    if len(sample) >= 4 and sample.count(0) * 3 > len(sample):
        encoding = "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"
        return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def clean(text: str) -> str:
    """Take out of a line escape sequences, control characters and markup of web pages and notebooks."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "m" in text and ("[0" in text or "[3" in text or "[1" in text):
        text = _PRINTED_ESCAPE.sub("", text)
    if "</" in text or text.startswith("<") or ("&" in text and _ENTITY.search(text)):
        text = html.unescape(_TAG.sub("", text)).replace("\n", " ").replace("\r", " ")
    text = _CONTROLS.sub("", text)
    if not text.isascii():
        text = _UNSEEN.sub("", text)
        text = _TYPOGRAPHIC.sub(lambda found: _TYPOGRAPHY[found.group()], text)
    has_windows_paths = ":\\" in text or "-packages\\" in text
    if not has_windows_paths and ("\\_" in text or "\\'" in text or "\\<" in text):
        text = _MARKDOWN.sub(r"\1", text)
    if "](file:" in text or "](vscode" in text or "](http" in text:
        text = _LINK.sub(r"\1", text)
    return text


def _pieces(line: str) -> list[str]:
    """Split what was flattened into one line: an escaped traceback, or frames pasted in a row."""
    if "\\n" in line and _is_escaped(line):
        parts = _ESCAPED_END.split(_ESCAPED_QUOTE.sub(r"\1", line))
        if len(parts) > 1:
            return [piece for part in parts for piece in _pieces(part)]
    if "<br" in line:
        return [piece for part in _BREAK.split(line) for piece in _pieces(part)]
    if line.count('File "') > 1 or ('File "' in line and "Error: " in line):
        return [piece for piece in _SEVERAL_FRAMES.split(line) if piece.strip()]
    return [line]


def _is_escaped(line: str) -> bool:
    """Tell a log that was escaped into one line from a path on Windows."""
    return "recent call last" in line or "File " in line or len(_ESCAPED_END.findall(line)) > 2


def split_lines(text: str) -> list[tuple[int, str]]:
    """Return numbered lines that hold anything; a carriage return ends a piece, as in progress bars."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    numbered: list[tuple[int, str]] = []
    for number, whole in enumerate(text.split("\n"), 1):
        if not whole or whole.isspace():
            continue
        if len(whole) <= 2 * LONGEST_LINE and "\r" not in whole:
            numbered.append((number, whole))
            continue
        for part in whole.split("\r"):
            if part:
                numbered.extend((number, piece) for piece in _bearable(part))
    return numbered


def _bearable(line: str) -> list[str]:
    """Return a line as it is, a log escaped into one line in its pieces, and of data the two ends."""
    if len(line) <= 2 * LONGEST_LINE:
        return [line]
    pieces = told(line, is_document=True)
    if pieces is not None:
        return [part for piece in pieces for part in _bearable(piece)]
    if "\\n" in line and _is_escaped(line[:LONGEST_LOG]):
        ends = line if len(line) <= 2 * LONGEST_LOG else line[:LONGEST_LOG] + line[-LONGEST_LOG:]
        pieces = [piece for piece in _ESCAPED_END.split(ends) if piece]
        if len(pieces) > 1:
            return [_ESCAPED_QUOTE.sub(r"\1", piece[: 2 * LONGEST_LINE]) for piece in pieces]
    return [line[:LONGEST_LINE] + line[-LONGEST_LINE:]]


def unwrap(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Join the frames and the messages that a terminal broke at its right margin, wherever that was."""
    width = max((len(text) for _, text in lines), default=0)
    full = [text for _, text in lines if len(text) == width]
    if not (_NARROWEST <= width <= _WIDEST and _is_margin(full)):
        return lines
    whole: list[tuple[int, str]] = []
    is_open, last = False, 0
    for number, text in lines:
        if is_open and number == last + 1 and not _BEGINS.match(text):
            whole[-1] = (whole[-1][0], whole[-1][1] + text)
        else:
            whole.append((number, text))
        begun = whole[-1][1]
        is_full = len(text) == width and not text[-1].isspace()  # not filled up with blanks
        is_open = is_full and bool(_BREAKABLE.match(begun)) and not _FRAME.match(begun)
        last = number
    return whole


def _is_margin(full: list[str]) -> bool:
    """Tell lines that are as long as a terminal is wide from one long message that comes again."""
    has_broken_frame = any(text.lstrip().startswith('File "') and not _FRAME.match(text) for text in full)
    named = (_NAMING.match(text) for text in full)
    kinds = {_DIGITS.sub("", found[0] if found else text) for found, text in zip(named, full, strict=True)}
    return len(full) > 1 and (has_broken_frame or len(kinds) > 1)


def _last_field(line: str) -> str:
    """Return what a record of a table says, as services export their logs: its last field; or the line."""
    if not (line.startswith('"') and line.endswith('"') and '","' in line):
        return line
    try:
        return next(csv.reader([line], strict=True))[-1]
    except csv.Error:
        return line


def messages(line: str) -> list[str]:
    """Return what a line says: JSON opened, also within JSON; of a table's record the last field."""
    parts = told(line)
    if parts is None:
        parts = _last_field(line).splitlines()
    return parts if parts == [line] else [message for part in parts for message in messages(part)]


def unfold(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Split the lines that hold several."""
    return [(number, piece) for number, text in lines for piece in _pieces(text)]


def rejoin(lines: list[Line]) -> list[Line]:
    """Join the frames that a terminal wrapped into two lines."""
    whole: list[Line] = []
    for line in lines:
        before = whole[-1] if whole else None
        text = _joined(before.text, line.text) if before and before.source == line.source else ""
        if before and text:
            whole[-1] = replace(before, text=text)
        else:
            whole.append(line)
    return whole


def _joined(before: str, after: str) -> str:
    """Return two lines as the one frame that they are, or ""."""
    if _REST.match(after) and _WRAPPED.search(before):
        return f"{before.rstrip()} {after.lstrip()}"
    if len(after) < 300 and _BROKEN.match(before) and not _PANELLED.match(before):
        return next((text for text in (before + after, f"{before} {after}") if _PANELLED.match(text)), "")
    return ""
