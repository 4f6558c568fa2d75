"""The vocabulary of checks: what may be asked of a log."""

from collections.abc import Callable

from diagnostics.traces.errors import Error
from diagnostics.traces.exception_lines import is_warning, raised_by
from diagnostics.traces.places import ELSEWHERE, Place
from diagnostics.traces.recognition import Clue, Recognition, Role, joined, quoted, recognised
from diagnostics.traces.trace import Quote, Trace, compiled

__all__ = [
    "Clue",
    "Recognition",
    "Role",
    "Trace",
    "code_clue",
    "cut_in",
    "death",
    "died_by",
    "error_clue",
    "has",
    "joined",
    "phrase",
    "phrases",
    "quoted",
    "raised_in",
    "recognised",
    "refused_to_pickle",
    "says",
    "told",
]

LONGEST_REPORT = 50_000  # characters that somebody writes; what is longer, programs wrote
_CLAUSE = 80  # characters of it, before and after what was found there
_CLAUSE_ENDS = r"[?!,;:]|\.(?!\w)"
_SIGSEGV = 11
_SIGNALS = {
    "Bus error": 7,
    "Killed": 9,
    "Segmentation fault": 11,
    "Aborted": 6,
    "Terminated": 15,
    "Hangup": 1,
}


def says(error: Error, pattern: str) -> bool:
    """Tell whether an error, as "Type: message and what belongs to it", has a pattern.

    A message that the log cuts short may stand whole in the `raise` above it.
    """
    if compiled(pattern).search(f"{error.type}: {error.detail}"):
        return True
    _, message = raised_by(error.frames[-1].code) if error.frames else ("", "")
    return message.startswith(error.message) and bool(compiled(pattern).search(f"{error.type}: {message}"))


def has(clue: Clue, pattern: str) -> bool:
    """Tell whether a line of a clue has a pattern."""
    return any(compiled(pattern).search(line.text) for line in clue.lines)


def _groups(pattern: str, text: str) -> tuple[str, ...]:
    found = compiled(pattern).search(text)
    return tuple(group or "" for group in found.groups()) if found else ()


def error_clue(trace: Trace, pattern: str, error: Error) -> Clue:
    """Return an error as a clue."""
    return Clue(quoted(error), error, _groups(pattern, f"{error.type}: {error.detail}"))


def _goes_elsewhere(trace: Trace, error: Error) -> bool:
    """Tell a traceback without its end that goes on into a library: what the text says is its error."""
    is_cut = error.is_cut and not error.message and bool(error.frames)
    return is_cut and trace.place(error) in ELSEWHERE and not error.frames[-1].is_user


def phrase(trace: Trace, pattern: str, guarded: bool = False) -> Clue | None:
    """Find a pattern in the errors, else anywhere outside of code.

    Parameters
    ----------
    trace : Trace
    pattern : str
        Over "Type: message", white space single.
    guarded : bool
        The words occur outside of loaders as well: an error that was raised elsewhere does not count.
    """
    having = [error for error in trace.errors if says(error, pattern)]
    fitting = [error for error in having if not (guarded and trace.place(error) in ELSEWHERE - {"library"})]
    if fitting:
        best = next((error for error in fitting if error.frames and not error.is_wrapper), fitting[0])
        return error_clue(trace, pattern, best)
    if having or (guarded and any(_goes_elsewhere(trace, error) for error in trace.errors)):
        return None
    found = trace.find(pattern)
    if found is None and len(trace.flat) <= LONGEST_REPORT:
        found = trace.find(pattern, is_title=True)
    return Clue(found.lines, None, tuple(group or "" for group in found.match.groups())) if found else None


def refused_to_pickle(trace: Trace, pattern: str) -> Clue | None:
    """Find pickle's refusal, unless a checkpoint, a copy or another library asked for it.

    Where the frames stop in the user's own code, the loop over the loader is meant.
    """
    found = phrase(trace, pattern, guarded=True)
    if found is not None:
        return found
    for error in trace.errors:
        is_alone = error.frames and all(frame.is_user and "save(" not in frame.code for frame in error.frames)
        if says(error, pattern) and is_alone:
            return error_clue(trace, pattern, error)
    return None


def is_of_batch(trace: Trace) -> bool:
    """Tell whether it was a batch on its way to the main process that pickle refused."""
    frames = (frame for error in trace.errors for frame in error.frames)
    return any(frame.function == "_feed" and frame.path.endswith("queues.py") for frame in frames)


def phrases(trace: Trace, pattern: str) -> list[Clue]:
    """Find all the places of a pattern in the text."""
    return [
        Clue(quote.lines, None, tuple(group or "" for group in quote.match.groups()))
        for quote in trace.find_all(pattern)
    ]


def _clause_has(trace: Trace, quote: Quote, pattern: str) -> bool:
    """Tell whether the clause around a quote has a pattern."""
    start, end = quote.match.span()
    before = compiled(_CLAUSE_ENDS).split(trace.flat[max(start - _CLAUSE, 0) : start + 1])[-1]
    after = compiled(_CLAUSE_ENDS).split(trace.flat[end : end + _CLAUSE])[0]
    return bool(compiled(pattern).search(f"{before}{quote[0][1:]}{after}"))


def told(
    trace: Trace, *patterns: str, beside: Callable[[Error], bool] = lambda error: False, unless: str = ""
) -> Clue | None:
    """Find what somebody states in words, where no traceback and no error speaks for itself.

    Parameters
    ----------
    trace : Trace
    *patterns : str
    beside : callable
        Errors that the words may explain, and so may stand beside them.
    unless : str, optional
        A pattern that the clause around the words must not have, such as a denial.
    """
    speaking = (error for error in trace.errors if not (error.is_ignored or beside(error)))
    if len(trace.flat) > LONGEST_REPORT or any(speaking):
        return None
    quotes = (quote for pattern in patterns for quote in trace.find_all(pattern, limit=20))
    own = (quote for quote in quotes if not is_warning(quote.lines[0].text))
    said = (Clue(quote.lines) for quote in own if not (unless and _clause_has(trace, quote, unless)))
    return next(said, None)


def raised_in(trace: Trace, *places: Place, type_pattern: str = "", pattern: str = "") -> Clue | None:
    """Find an error that was raised at one of the places, carried ones by their original."""
    for error in trace.errors:
        if error.is_wrapper or error.is_ignored or trace.place(error) not in places:
            continue
        if type_pattern and not compiled(type_pattern).search(error.type):
            continue
        if says(error, pattern):
            return error_clue(trace, pattern or "", error)
    return None


def cut_in(trace: Trace, pattern: str, *places: Place, anywhere: bool = False) -> Clue | None:
    """Find a traceback without its end, whose last frame, or any, as "function: code", has a pattern."""
    for error in trace.errors:
        if not (error.is_cut and error.frames) or (places and trace.place(error) not in places):
            continue
        frames = error.frames if anywhere else error.frames[-1:]
        if any(compiled(pattern).search(f"{frame.function}: {frame.code}") for frame in frames):
            return error_clue(trace, "", error)
    return None


def code_clue(trace: Trace, pattern: str) -> Clue | None:
    """Find a pattern in the source lines that tracebacks show."""
    for error in trace.errors:
        for frame in error.frames:
            if frame.code and compiled(pattern).search(frame.code):
                return Clue(quoted(error), error, _groups(pattern, frame.code))
    return None


def died_by(trace: Trace, name: str, crash: str = "") -> Clue | None:
    """Find a worker that died by a signal, in any of torch's wordings, or by the exit code that it leaves.

    `name` may be a pattern of several names; the first that has a number tells the code.
    """
    number = next((number for known, number in _SIGNALS.items() if known in name), 0)
    codes = rf"-{number}|{128 + number}" + ("|3221225477|-1073741819" if number == _SIGSEGV else "")
    pattern = (
        r"(?i)worker \(pid\(?s?\)? ?([\w, ]+)\)[^.]{0,40}?"
        rf"(?:(?:killed )?by signal: ?(?:Unknown signal: )?(?:{name}|{number}\b)|with exit "
        rf"code (?:{codes})\b)"
    )
    return phrase(trace, pattern) or (phrase(trace, crash) if crash else None)


def death(found: Clue, summary: str, remedy: object, score: int = 60) -> Recognition:
    """Return a worker's death as a cause that an earlier error may outrank."""
    return recognised(found, summary, remedy, score=score, is_death=True)  # type: ignore[arg-type]
