"""The ``openflow`` group: which commands there are, and what becomes of errors that the user can mend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from openflow_render import __version__
from openflow_render.cli import console, fresh
from openflow_render.cli.exits import Exit
from openflow_render.core.report import Rejected, nearest

COMMANDS = {
    "init": "Make a working project: job, overlay, targets, CI workflow, editor settings, hooks for commits.",
    "render": "Print the Kubernetes objects that jobs become, or write them to a folder.",
    "validate": "Check jobs, and tell everything that is wrong in one go.",
    "explain": "Tell where each value of an object comes from.",
    "diff": "Show what applying jobs would change in the cluster.",
    "apply": "Apply jobs to the cluster: the plan that is shown, and nothing else.",
    "delete": "Delete what was applied for jobs.",
    "status": "Tell how running applications fare, and why they wait or failed.",
    "list": "List applications, whoever started them.",
    "logs": "Print what the drivers of applications print.",
    "ui": "Open the UI of a running application on this machine.",
    "kill": "End applications.",
    "import": "Turn a spark-submit command or a properties file into a job file.",
    "schema": "Print the JSON Schema of a job, an overlay or a project, for editors.",
    "codes": "Explain the diagnostics.",
    "completion": "Print what bash, zsh or fish needs to complete commands, options and names.",
}
"""Every command and what it does, in the order in which people meet them; the module has the same name, or nearly."""

_MODULES = {"import": "import_", "list": "list_"}
"""Modules that cannot have, or should not take, the name of their command."""

NEXT_STEPS = """\
Start here:

  openflow init my-project               a project to look around in

  openflow import spark-submit -- ARGS   your own job, as a job file

  openflow render job.yaml               the objects it becomes

  openflow diff job.yaml                 what they would change in your cluster
"""


_IMPORTED = ": `openflow import spark-submit -- ARGS` makes a job file of it, `openflow apply` starts that"
_CONF = ": properties stand under `spec.conf` of the job, or `--set 'spec.conf[spark.name]=value'` sets one"
_HABITS = {
    "--conf": _CONF,
    "-c": _CONF,
    "--filename": ": files are named without an option",
    "-f": ": files are named without an option",
    "spark-submit": _IMPORTED,
    "submit": _IMPORTED,
}
"""What people bring along from spark-submit and kubectl, and how it is done here."""


class Tool(TyperGroup):
    """Imports a command when it is called, and turns errors that the user can mend into a report and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"openflow_render.cli.{_MODULES.get(cmd_name, cmd_name)}")
        made = module.command()
        made.name, made.short_help = cmd_name, COMMANDS[cmd_name]
        return made

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = _HABITS.get(args[0]) or nearest(args[0], COMMANDS)
            if not near and FilePath(args[0]).exists():
                near = f": the command comes first, `openflow render {args[0]}`"
            raise typer.BadParameter(f"there is no command `{args[0]}`{near}", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return Exit.DONE if fresh.repeat(ctx.obj) else super().invoke(ctx)
        except Rejected as rejected:
            console.show(rejected.findings)
            raise typer.Exit(Exit.REFUSED) from None
        except console.Told as told:
            console.complain(str(told), told.hint)
            raise typer.Exit(told.exit) from None
        except KeyboardInterrupt:
            console.complain("interrupted")
            raise typer.Exit(Exit.INTERRUPTED) from None


COMPLETING = "_OPENFLOW_COMPLETE"
"""The variable by which a shell asks what could come next on its line, instead of running a command."""

WRONG_USE: Any = typer.BadParameter.__bases__[0]
"""What the parser of the command line raises; typer carries a copy of click under no name of its own."""

app = typer.Typer(
    cls=Tool,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compiles job files to the Kubernetes objects that an engine's own submitter would have made.",
    epilog=NEXT_STEPS,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"openflow {__version__}")
        raise typer.Exit(Exit.DONE)


@app.callback()
def _openflow(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code. Without arguments it is told what there is."""
    if not _has_place():
        console.complain("the working directory is gone")
        return Exit.USAGE
    if asked := os.environ.get(COMPLETING):
        from openflow_render.cli import completion

        return completion.answer(asked)
    try:
        result = app(list(arguments) or ["--help"], prog_name="openflow", standalone_mode=False)
    except WRONG_USE as wrong:
        command = wrong.ctx.command_path if wrong.ctx else f"openflow {arguments[0]}"
        message = wrong.format_message().removeprefix("Invalid value: ")
        option = getattr(wrong, "option_name", "")
        if option in _HABITS:
            message = f"there is no option {option}{_HABITS[option]}"
        elif option and wrong.ctx and wrong.ctx.parent is None and not COMMANDS.keys().isdisjoint(arguments):
            message += ": options stand after the command"
        console.complain(message, f"`{command} --help` tells how it is used")
        return Exit.USAGE
    except OSError as error:
        if error.errno not in console.FULL_OR_GONE:
            raise
        console.complain(f"stdout cannot be written: {error.strerror}")
        return Exit.USAGE
    return int(result or 0)


def _has_place() -> bool:
    try:
        FilePath.cwd()
    except FileNotFoundError:
        return False
    return True
