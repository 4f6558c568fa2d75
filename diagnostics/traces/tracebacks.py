"""Lines to errors: a state machine, one state per speaker, that survives cuts, interleaving and notebooks."""

import re
from dataclasses import replace

from diagnostics.traces.cleaning import Line
from diagnostics.traces.errors import Error, OpenTraceback
from diagnostics.traces.exception_lines import (
    CARRIED,
    CAUGHT,
    IPYTHON_HEADER,
    LIKELY_TYPE,
    RAISED,
    ends_traceback,
    is_code,
    is_warning,
    named_anywhere,
    raised_by,
    type_of,
)
from diagnostics.traces.frames import Frame, parse_frame

_NUMBERED = re.compile(r"\s*(?:-+>|❱|>)?\s*\d{1,6}(?:\s|$|\)|│)")
_BAR = re.compile(r"[^%]{0,60}\d{1,3}%\|[^\]]{0,300}\]\s*$")  # a progress bar alone in its line
_CUT_WORD = re.compile(r"(?<=worker)(?: proc\w*)?(?=$| \d)")  # of "DataLoader worker process 3"
_MARKERS = re.compile(r"[\s~^]+$")
_MOST_DETAIL_LINES = 30
_MOST_PLAIN_DETAIL_LINES = 4
_FINALIZERS = ("__del__", "__dealloc__", "_shutdown_workers")
_MOST_FRAMES = 400
_LONGEST_CODE = 400


def _is_of_finalizer(frames: tuple[Frame, ...]) -> bool:
    """Tell what Python writes and ignores, also where the line that says so is cut off."""
    return any(frame.function.endswith(_FINALIZERS) for frame in frames)


def _is_launchers(error: Error) -> bool:
    """Tell an exception by which mp.spawn, or what is built on it, reports that of a rank."""
    return error.type.startswith("Process") or any(
        frame.path.endswith("torch/multiprocessing/spawn.py") for frame in error.frames
    )


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())


class Reader:
    """Reads lines one by one; `errors` and `texts` (lines that are no code) grow."""

    def __init__(self) -> None:
        self.errors: list[Error] = []
        self.texts: list[Line] = []
        self._states: dict[str, OpenTraceback] = {}

    def read(self, line: Line) -> None:
        """Read one line."""
        state = self._states.setdefault(line.source, OpenTraceback())
        text = line.text
        if "ost recent call" in text and "raceback" in text:
            self._open(state, line)
        elif "most recent call first" in text:
            self._open_stack(state, is_current="Current thread" in text)
            self.texts.append(line)
        elif (frame := parse_frame(text, line.number)) is not None:
            self._add_frame(state, line, frame)
        elif not self._is_part_of_frame(state, line):
            self._read_text(state, line)
        state.last_number = line.number

    @staticmethod
    def _open_stack(state: OpenTraceback, is_current: bool) -> None:
        """Begin a thread's stack of a dump: the current thread's counts, or else the first."""
        if state.style == "dump" and state.crashed is None:
            state.crashed = state.frames
        if is_current:
            state.crashed = None
        state.frames, state.is_reading, state.style = [], True, "dump"

    def _open(self, state: OpenTraceback, line: Line) -> None:
        before = line.text.split("Traceback", 1)[0]
        raised = RAISED.match(before.strip().removesuffix("Original").rstrip())
        header = IPYTHON_HEADER.match(line.text.strip())
        if state.detail_of is not None and self.errors[state.detail_of].is_loose:
            self.errors[state.detail_of] = replace(self.errors[state.detail_of], is_ignored=False)
        self._finish_dump(state)
        self._finish_cut(state, line.source, is_last=False)
        if not header and (named := named_anywhere(before)) and named.group(2):
            self._emit(state, line, named.group(1), named.group(2))
            self.texts.append(replace(line, text=before))
        if header:
            state.expected = header.group(1)
        elif before.endswith("^C"):
            state.expected = "KeyboardInterrupt"
        elif raised and raised.group(2) is not None and LIKELY_TYPE.match(raised.group(1)):
            # torch before 1.2: the worker's traceback is the message
            self._emit(state, line, raised.group(1), "", is_wrapper=True)
            state.relation, state.where = "original", "DataLoader worker process"
        if "Original" in before:
            state.relation = "original"
        state.frames, state.is_reading = [], True
        state.style = "ipython" if header else "rich" if "╭" in line.text or "─" in line.text else "python"
        state.awaits_code, state.detail_of = False, None

    def _add_frame(self, state: OpenTraceback, line: Line, frame: Frame) -> None:
        if not state.is_reading:
            state.is_reading, state.frames = True, []
        before = line.text.split('File "', 1)[0].strip() if state.awaits_code else ""
        if before:  # lines that were folded into one
            state.frames[-1] = replace(state.frames[-1], code=before[:_LONGEST_CODE])
        if len(state.frames) < _MOST_FRAMES:
            state.frames.append(frame)
        state.detail_of = None
        state.awaits_code = state.style != "dump" and 'File "' in line.text and not frame.code
        state.indentation = _indentation(line.text)

    def _is_part_of_frame(self, state: OpenTraceback, line: Line) -> bool:
        text = line.text
        if not state.is_reading or not state.frames:
            return False
        if state.style in {"ipython", "rich"} or "-->" in text or "❱" in text or "---->" in text:
            if _NUMBERED.match(text):
                state.style = "ipython" if "-->" in text else state.style
                if ("->" in text or "❱" in text) and not state.frames[-1].code:
                    code = text.split("❱" if "❱" in text else "->", 1)[1].strip(" │|")
                    number = re.match(r"\d{1,6}", code)
                    state.frames[-1] = replace(
                        state.frames[-1],
                        code=code[number.end() if number else 0 :].strip(" │|"),
                        line_number=state.frames[-1].line_number or (int(number.group()) if number else 0),
                    )
                return True
            if text.startswith(("╰", "╭", "...", "(...)", "  ...")):
                return True
        if _MARKERS.match(text):
            return True
        if state.awaits_code and _BAR.match(text):
            self.texts.append(line)
        elif state.awaits_code:
            state.awaits_code = False
            found = RAISED.match(text.strip())
            is_deeper = _indentation(text) > state.indentation
            looks_raised = found and LIKELY_TYPE.match(found.group(1)) and not is_deeper
            is_torn = text.lstrip().startswith(": ")  # a message whose type another process's line cut off
            if not (looks_raised or is_torn):
                state.frames[-1] = replace(state.frames[-1], code=text.strip()[:_LONGEST_CODE])
                return True
        return state.awaits_code or text.startswith("  [Previous line repeated")

    def _read_text(self, state: OpenTraceback, line: Line) -> None:
        text, stripped = line.text, line.text.strip()
        if self._announced(state, line, stripped):
            self.texts.append(line)
            return
        if "Caught " in text and (carried := CARRIED.search(text)):
            self._emit(state, line, carried.group(1), text[carried.start(2) :])
            self.texts.append(line)
            return
        reading = state.is_reading and state.frames and state.style != "dump"
        is_indented = text.startswith((" ", "\t"))
        found = RAISED.match(stripped) if reading else None
        if found is None or not ends_traceback(found, is_indented, state.expected):
            found = named_anywhere(text)
        if found is not None:
            self._emit(state, line, found.group(1), found.group(2) or "")
        elif state.detail_of is not None:
            self._continue(state, line, is_indented)
        if not (state.is_reading or state.where):
            state.expected = "KeyboardInterrupt" if stripped.endswith("^C") else ""
        if not is_code(text):
            self.texts.append(line)

    def _announced(self, state: OpenTraceback, line: Line, text: str) -> bool:
        if text.startswith("During handling of the above exception"):
            state.relation = "context"
            self._handle(state, line.source)
        elif text.startswith("The above exception was the direct cause"):
            state.relation = "cause"
        elif text.startswith("Exception ignored in"):
            state.is_ignored, state.detail_of = True, None
        elif text.startswith(("Exception in thread", "Process ")) and text.endswith(":"):
            state.process, state.detail_of = text.rstrip(":"), None
        elif "terminated with the following error" in text:
            state.relation, state.detail_of = "original", None
            if self.errors and _is_launchers(self.errors[-1]):
                self.errors[-1] = replace(self.errors[-1], is_wrapper=True)
        elif "Fatal Python error" in text:
            self._finish_dump(state)
            state.crashed, state.frames, state.style = None, [], ""
            state.fatal = (text.split("Fatal Python error", 1)[1].strip(": "), line.number)
        else:
            return False
        return True

    def _handle(self, state: OpenTraceback, source: str) -> None:
        """Mark what this source raised last, unless the end of that is missing."""
        own = (at for at in reversed(range(len(self.errors))) if self.errors[at].source == source)
        last = None if state.is_reading and state.frames else next(own, None)
        if last is not None:
            self.errors[last] = replace(self.errors[last], is_handled=True)

    def _emit(
        self, state: OpenTraceback, line: Line, name: str, message: str, is_wrapper: bool = False
    ) -> None:
        caught = CAUGHT.match(message)
        frames = tuple(state.frames) if state.is_reading and state.style != "dump" else ()
        error = Error(
            type=type_of(name),
            message=message.strip(),
            detail=message.strip(),
            frames=frames,
            at=line.number,
            source=line.source,
            process=state.process,
            where=state.where if not caught else "",
            relation=state.relation,
            is_ignored=state.is_ignored or _is_of_finalizer(frames) or (not frames and is_warning(line.text)),
            is_wrapper=is_wrapper or bool(caught),
            is_loose=not frames,
            module=name.rpartition(".")[0],
        )
        self.errors.append(error)
        self._states[line.source] = fresh = OpenTraceback(
            detail_of=len(self.errors) - 1, last_number=line.number
        )
        if caught:
            where = _CUT_WORD.sub(" process", caught.group(2))
            fresh.where, fresh.expected, fresh.relation = where, caught.group(1), "original"
        elif is_wrapper:
            state.detail_of = None
        self._sync(state, fresh)

    @staticmethod
    def _sync(state: OpenTraceback, fresh: OpenTraceback) -> None:
        """Let the caller's state be the fresh one."""
        state.__dict__.update(fresh.__dict__)

    def _continue(self, state: OpenTraceback, line: Line, is_indented: bool) -> None:
        index = state.detail_of
        is_near = line.number <= state.last_number + 1
        limit = _MOST_DETAIL_LINES if is_indented else _MOST_PLAIN_DETAIL_LINES
        if index is None or state.detail_lines >= limit or not (is_indented or is_near):
            state.detail_of = None
            return
        state.detail_lines += 1
        error = self.errors[index]
        self.errors[index] = replace(error, detail=f"{error.detail} {' '.join(line.text.split())}".strip())

    def _finish_dump(self, state: OpenTraceback) -> None:
        """End a faulthandler dump."""
        if state.fatal is None:
            return
        name, at = state.fatal
        of_crash = state.frames if state.crashed is None else state.crashed
        frames = tuple(reversed(of_crash)) if state.style == "dump" else ()
        self.errors.append(Error("Fatal Python error", name, name, frames, at, is_loose=not frames))
        state.fatal, state.crashed, state.frames, state.is_reading = None, None, [], False

    def finish(self) -> None:
        """End what is still open: a dump, a traceback whose end was cut off, a wrapper without its inside."""
        for source, state in self._states.items():
            self._finish_dump(state)
            if state.where and state.expected:
                last = self.errors[-1].at if self.errors else state.last_number
                frames = tuple(state.frames) if state.is_reading else ()
                self.errors.append(
                    Error(
                        state.expected,
                        "",
                        "",
                        frames,
                        last,
                        source,
                        where=state.where,
                        relation="original",
                        is_cut=True,
                    )
                )
            else:
                self._finish_cut(state, source)

    def _finish_cut(self, state: OpenTraceback, source: str, is_last: bool = True) -> None:
        """Take a traceback whose last line is missing by what its last `raise` or its head tells."""
        if not state.is_reading or not state.frames or state.style == "dump":
            return
        name, message = raised_by(state.frames[-1].code)
        if not (name or is_last):
            return
        self.errors.append(
            Error(
                name or state.expected,
                message,
                message,
                tuple(state.frames),
                state.last_number,
                source,
                state.process,
                state.where,
                is_ignored=state.is_ignored or _is_of_finalizer(tuple(state.frames)),
                is_cut=True,
            )
        )


def read_errors(lines: list[Line]) -> tuple[list[Error], list[Line]]:
    """Return the errors of a log in its order, and the lines that are no code."""
    reader = Reader()
    for line in lines:
        reader.read(line)
    reader.finish()
    return reader.errors, reader.texts
