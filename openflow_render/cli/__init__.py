"""The command line. One module a command; a command is imported when it is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``openflow`` with this process's arguments, and leave with an exit code of the table."""
    try:
        from openflow_render.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except Exception as crash:  # noqa: BLE001 - the one place where a defect of ours is caught: to be told, not shown
        code = _crashed(crash)
    sys.exit(code)


def _crashed(crash: Exception) -> int:
    if {"-v", "--verbose"} & set(sys.argv):
        import traceback

        traceback.print_exc()
    message = f"{type(crash).__name__}: {crash}".splitlines()[0]
    sys.stderr.write(f"openflow: a defect of ours, please report it: {message}\n  hint: -v shows where it happened\n")
    return 70
