"""Consoles: plain with NO_COLOR and in pipes, in ASCII where the encoding asks for it."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NARROWEST = 20  # columns: COLUMNS=0, and terminals that say so, leave no room for a word


def make_console(stream: TextIO) -> "Console":
    """Return a console for a stream: plain with NO_COLOR and in pipes, never stopped by an encoding."""
    from rich.console import Console

    class OurConsole(Console):
        """Leaves a closed pipe to `main`, where rich would end with the code of findings."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    console = OurConsole(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )
    console.width = max(console.width, NARROWEST)
    return console


def print_lines(console: "Console", lines: Iterable["Text"]) -> None:
    """Print lines as they are, in ASCII where the stream's encoding lacks our glyphs."""
    from diagnostics.terminal import ASCII, GLYPHS

    try:
        "".join(GLYPHS.values()).encode(console.encoding)
        is_ascii = False
    except (UnicodeEncodeError, LookupError):
        is_ascii = True
    for line in lines:
        if is_ascii:
            line.plain = line.plain.translate(ASCII)
        console.print(line, soft_wrap=True)
