"""The options by which commands reach a cluster, and what becomes of what goes wrong there."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from openflow_render.cli import console
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit

if TYPE_CHECKING:
    from openflow_render.cluster.cluster import Cluster

TIMEOUT = 40.0

Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig; else $KUBECONFIG, else the usual."),
]
Context = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="The context of the kubeconfig; else its current one.")
]
RequestTimeout = Annotated[
    float, typer.Option("--request-timeout", metavar="SECONDS", min=0.1, help="How long one request may take.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
InNamespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="The namespace of ids that name none. Default: default."),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Allow globs of namespaces; ids that name none mean all.")
]
Submission = Annotated[
    str,
    typer.Argument(metavar="NAMESPACE:DRIVER", help="A submission id: the driver pod and its namespace, globs or not."),
]


class Reach(NamedTuple):
    """How a cluster is reached."""

    kubeconfig: Kubeconfig = None
    context: Context = None
    request_timeout: RequestTimeout = TIMEOUT


@contextmanager
def connected(reach: Reach) -> Iterator[Cluster]:
    """The cluster that the options name. What goes wrong there is told, and has its exit code.

    Raises:
        Told: the cluster refused, could not be reached, or a decision is needed.
    """
    from openflow_render.cluster import outcome
    from openflow_render.cluster.cluster import Cluster, UnknownKind
    from openflow_render.cluster.connection import Connection, Login

    if threading.current_thread() is threading.main_thread():
        # A connection that the other side has closed must not end us in silence, as a closed stdout does.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        # Who is told to end tells what was done, as who is interrupted does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Connection(Login(*reach)) as connection:
            try:
                yield Cluster(connection)
            finally:
                for warning in connection.warnings:
                    console.say(f"the cluster warns: {warning}")
    except outcome.Undecided as undecided:
        raise Told(str(undecided), undecided.hint, Exit.UNDECIDED) from None
    except outcome.Failed as failed:
        raise Told(str(failed), failed.hint, Exit.FAILED) from None
    except outcome.Trouble as trouble:
        raise Told(str(trouble), trouble.hint, Exit.CLUSTER) from None
    except UnknownKind as unknown:
        raise Told(f"the cluster does not know {unknown}", "", Exit.CLUSTER) from None


def ask(question: str, *, yes: bool) -> None:
    """Go on only if the user says so; ``yes`` was said beforehand.

    Raises:
        Told: the answer is not yes, or there is nobody to ask.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Told(f"{question} There is nobody to ask", "give --yes to go on without asking", Exit.UNDECIDED)
    typer.echo(f"{question} [y/N] ", err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Told("nothing was changed", "", Exit.UNDECIDED)
