"""The options by which commands reach a cluster, and what becomes of what goes wrong there."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from openflow_render.cli import console
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit

if TYPE_CHECKING:
    from openflow_render.cluster.cluster import Cluster
    from openflow_render.cluster.connection import Connection
    from openflow_render.spec.project import Target

TIMEOUT = 40.0

Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig; else $KUBECONFIG, else the usual."),
]
Context = Annotated[
    str | None,
    typer.Option(
        "--context", metavar="NAME", help="The context of the kubeconfig; else the target's, or current, one."
    ),
]
ExpectCluster = Annotated[
    str | None,
    typer.Option(
        "--expect-cluster",
        metavar="CLUSTER",
        help="Refuse any other API server: its URL, or sha256:<CA>. A target names its own.",
    ),
]
RequestTimeout = Annotated[
    float, typer.Option("--request-timeout", metavar="SECONDS", min=0.1, help="How long one request may take.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
InNamespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAME",
        help="The namespace of ids that name none. Default: the target's, or default.",
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Allow globs of namespaces; ids that name none mean all.")
]
Submission = Annotated[
    str,
    typer.Argument(metavar="NAMESPACE:DRIVER", help="A submission id: the driver pod and its namespace, globs or not."),
]


class Reach(NamedTuple):
    """How a cluster is reached, and which one it has to be."""

    kubeconfig: Kubeconfig = None
    context: Context = None
    expect_cluster: ExpectCluster = None
    request_timeout: RequestTimeout = TIMEOUT


@contextmanager
def connected(reach: Reach, target: Target | None) -> Iterator[Cluster]:
    """The cluster that the options and the ``target`` name. What goes wrong there is told, and has its exit code.

    Raises:
        typer.BadParameter: the options and the target both say which cluster it has to be.
        Told: the cluster is another one, refused, could not be reached, or a decision is needed.
    """
    expected = _expected(reach, target)
    usual = target.cluster.context if target is not None and target.cluster is not None else None
    from openflow_render.cluster import outcome
    from openflow_render.cluster.cluster import Cluster, UnknownKind
    from openflow_render.cluster.connection import Connection, Login

    if threading.current_thread() is threading.main_thread():
        # A connection that the other side has closed must not end us in silence, as a closed stdout does.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        # Who is told to end tells what was done, as who is interrupted does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Connection(Login(reach.kubeconfig, reach.context, usual, reach.request_timeout)) as connection:
            _expect(connection, expected, target)
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


def _expected(reach: Reach, target: Target | None) -> list[str]:
    """What the cluster has to be known by; nothing when it may be any.

    Raises:
        typer.BadParameter: a target is bound to its cluster, and an option names one too.
    """
    if target is None or target.cluster is None:
        if target is not None and reach.expect_cluster is None:
            console.say(f"the target {target.name} is bound to no cluster: `cluster` in openflow.yaml names one")
        return [reach.expect_cluster] if reach.expect_cluster is not None else []
    if reach.expect_cluster is not None:
        raise typer.BadParameter(f"the target {target.name} names its cluster itself: leave --expect-cluster out")
    return [each for each in (target.cluster.server, target.cluster.ca) if each is not None]


def _expect(connection: Connection, expected: Iterable[str], target: Target | None) -> None:
    """Refuse to go on with another cluster than the one that is ``expected``, before anything is asked of it.

    Raises:
        Undecided: it is another one.
    """
    from openflow_render.cluster.outcome import Undecided

    for each in expected:
        known = {"server": connection.server, "ca": connection.authority}
        if each.rstrip("/").lower() not in {str(name).lower() for name in known.values()}:
            whose = f", which is that of the target {target.name}" if target is not None else ""
            this = ", ".join(f"{field}: {name}" for field, name in known.items() if name is not None)
            hint = f"--context chooses another one; this one is `cluster: {{{this}}}`"
            raise Undecided(f"this is another cluster than {each}{whose}", hint)


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
