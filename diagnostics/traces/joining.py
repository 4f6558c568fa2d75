"""An error line that stands apart, as in a report's title, and the traceback that was cut before it."""

from dataclasses import replace

from diagnostics.traces.errors import Error


def join_apart(errors: list[Error]) -> list[Error]:
    """Give a traceback without its last line the error that the log names elsewhere, where only one fits.

    A log with one error line without a traceback, and one traceback without an error line (or with the bare
    name that its head announced), tells of one failure. The traceback stays cut: frames may be missing.
    """
    loose = [error for error in errors if error.is_loose and error.type and not error.is_wrapper]
    cut = [error for error in errors if error.is_cut and not error.message and (error.frames or error.where)]
    if len(loose) != 1 or len(cut) != 1:
        return errors
    named, shown = loose[0], cut[0]
    if shown.type not in {"", named.type} or named.is_ignored or shown.is_ignored or shown.process:
        return errors
    if named.type == "BrokenPipeError" and any(frame.function == "spawn_main" for frame in shown.frames):
        return errors  # a child reads, and the pipe breaks for whoever writes: its parent
    joined = replace(shown, type=named.type, message=named.message, detail=named.detail, at=named.at)
    return [joined if error is shown else error for error in errors if error is not named]
