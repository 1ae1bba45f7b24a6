"""The command line. One module a command; a command is imported when it is called."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import NoReturn


def main() -> None:
    """Run ``openflow`` with this process's arguments, and leave with an exit code of the table."""
    # A reader that goes away, as `head` does, ends us as it ends other tools: in silence.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    _write_utf8()
    try:
        from openflow_render.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        _tell("error: interrupted\n")
        code = 130
    except Exception as crash:
        code = _crashed(crash)
    _leave(code)


def _write_utf8() -> None:
    """Write the same bytes whatever the locale is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _leave(code: int) -> NoReturn:
    """End the process at once: taking apart what a compiler has built takes longer than building it.

    Should what is still to be written find no room, that is told by nobody else.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = code or 2
    os._exit(code)


def _crashed(crash: Exception) -> int:
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        traceback.print_exc()
    from openflow_render.core.report import visible

    message = visible(f"{type(crash).__name__}: {crash}".splitlines()[0])
    _tell(f"openflow: a defect of ours, please report it: {message}\n  hint: -v shows where it happened\n")
    return 70


def _tell(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
