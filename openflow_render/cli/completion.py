"""``openflow completion``: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from openflow_render.cli import app, console, options
from openflow_render.cli.exits import Exit


class Shell(StrEnum):
    """The shells that can be told."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def command() -> Any:
    return options.build(completion)


def completion(shell: Annotated[Shell, typer.Argument(help="For which shell.", show_default=False)]) -> None:
    """Print a script that makes a shell complete commands, options, job files, overlays, targets and codes.

    It asks openflow for names while you type: eval "$(openflow completion bash)" in ~/.bashrc, the same with zsh in
    ~/.zshrc, and openflow completion fish | source in ~/.config/fish/config.fish.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script = get_completion_script(prog_name="openflow", complete_var=app.COMPLETING, shell=shell.value)
    console.write(f"{script}\n")


_ASKED = frozenset(f"{what}_{shell}" for what in ("complete", "source") for shell in Shell)


def answer(asked: str) -> int:
    """Have the parser of the command line answer a shell, and say nothing else in the middle of somebody's line."""
    if asked not in _ASKED:
        return Exit.USAGE
    from typer.completion import completion_init  # type: ignore[attr-defined]

    completion_init()
    sys.stderr = None
    try:
        app.app([], prog_name="openflow", standalone_mode=False)
    except (KeyError, ValueError, app.WRONG_USE):
        return Exit.USAGE  # the variables that come with it are not what that shell sets
    except SystemExit as left:
        return int(left.code or 0)
    raise AssertionError("whoever asks is answered")
