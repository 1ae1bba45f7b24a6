"""How the objects of a job hang together: what mounts, selects, runs as, may do and makes what.

What an object names and the job does not make is there too, as external. Objects are called as they are in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from openflow_render.changes.bundles import JobChange, State, plain_key
from openflow_render.changes.immutable import Effect
from openflow_render.changes.runs import outside_runs
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Manifest, Resource

Tree: TypeAlias = Mapping[str, Any]

Name: TypeAlias = Callable[[str, object], str]
"""Calls an object of a kind as it is called in every run."""

RIGHTS = "rights"
"""The kind of a node that is no object: what a role allows."""


class Node(NamedTuple):
    """An object; ``of`` is the workload that makes it from a template, ``preview`` that the engine will make it."""

    id: str
    kind: str
    name: str
    external: bool = False
    preview: bool = False
    copies: int = 1
    of: str = ""


class Edge(NamedTuple):
    """What one object has to do with another."""

    source: str
    target: str
    relation: str


class Graph(NamedTuple):
    """Nodes in the order of the objects, those from elsewhere last; edges in the order in which they are found."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph(bundle: Bundle) -> Graph:
    """The graph of the objects of a job."""
    nodes = [node for resource in bundle for node in _nodes(resource, bundle.run)]
    known = {node.id for node in nodes}
    edges = tuple(dict.fromkeys(_edges(bundle)))
    ends = (end for edge in edges for end in edge[:2])
    external = (Node(end, *_parts(end), external=True) for end in dict.fromkeys(ends) if end not in known)
    rights = [node._replace(external=False) if node.kind == RIGHTS else node for node in external]
    return Graph((*nodes, *rights), edges)


def _parts(id_: str) -> tuple[str, str]:
    kind, _, name = id_.partition("/")
    return kind, name


def _nodes(resource: Resource, run: str) -> Iterator[Node]:
    key = plain_key(resource, run)
    yield Node(str(key), key.kind, key.name, preview=resource.preview, copies=resource.copies)
    if POD_TEMPLATES.get(resource.kind):
        yield Node(_pod_of(str(key)), "Pod", f"of {key}", of=str(key))


def _pod_of(workload: str) -> str:
    return f"Pod/of {workload}"


class _Pod(NamedTuple):
    """A pod of the job, or the one that a workload of it makes."""

    id: str
    metadata: Tree
    spec: Tree
    preview: bool


def _edges(bundle: Bundle) -> Iterator[Edge]:

    def name(kind: str, named: object) -> str:
        return f"{kind}/{outside_runs(str(named), bundle.run)}"

    pods = [pod for resource in bundle for pod in _pods(resource, bundle.run)]
    for resource in bundle:
        own = str(plain_key(resource, bundle.run))
        if POD_TEMPLATES.get(resource.kind):
            yield Edge(own, _pod_of(own), "runs")
        yield from _of_kind(resource.manifest, own, pods, name)
    for pod in pods:
        yield from (Edge(pod.id, name(kind, other), relation) for kind, other, relation in _used(pod))
    yield from _made(bundle, pods)


def _pods(resource: Resource, run: str) -> Iterator[_Pod]:
    path = POD_TEMPLATES.get(resource.kind)
    if path is None:
        return
    own = str(plain_key(resource, run))
    tree: Any = resource.manifest
    for step in path:
        tree = _map(tree, step)
    yield _Pod(_pod_of(own) if path else own, _map(tree, "metadata"), _map(tree, "spec"), resource.preview)


def _made(bundle: Bundle, pods: list[_Pod]) -> Iterator[Edge]:
    """What the driver will make: it is the pod that is there at the start."""
    driver = next((pod for pod in pods if not pod.preview), None)
    if driver is not None:
        previews = (resource for resource in bundle if resource.preview)
        yield from (Edge(driver.id, str(plain_key(each, bundle.run)), "will make") for each in previews)


# --- by kind ---------------------------------------------------------------------------------------------------------


def _of_kind(manifest: Manifest, own: str, pods: list[_Pod], name: Name) -> Iterator[Edge]:
    kind, spec = str(manifest["kind"]), _map(manifest, "spec")
    if kind == "Service":
        selector = _map(spec, "selector")
        yield from (Edge(own, pod.id, "selects") for pod in pods if selector and _carries(pod, selector))
    elif kind == "NetworkPolicy":
        yield from _policy(spec, own, pods)
    elif kind in ("RoleBinding", "ClusterRoleBinding"):
        role = _map(manifest, "roleRef")
        yield Edge(own, name(str(role.get("kind")), role.get("name")), "grants")
        subjects = _maps(manifest, "subjects")
        yield from (Edge(own, name(str(each.get("kind")), each.get("name")), "to") for each in subjects)
    elif kind in ("Role", "ClusterRole"):
        yield from (Edge(own, f"{RIGHTS}/{_rights(each)}", "allows") for each in _maps(manifest, "rules"))
    elif kind == "PodGroup" and spec.get("queue"):
        yield Edge(own, name("Queue", spec["queue"]), "waits in")


def _policy(spec: Tree, own: str, pods: list[_Pod]) -> Iterator[Edge]:
    chosen = _map(_map(spec, "podSelector"), "matchLabels")
    yield from (Edge(own, pod.id, "guards") for pod in pods if _carries(pod, chosen))
    for rule in _maps(spec, "ingress"):
        for peer in _maps(rule, "from"):
            allowed = _map(_map(peer, "podSelector"), "matchLabels")
            yield from (Edge(own, pod.id, "lets in") for pod in pods if allowed and _carries(pod, allowed))


def _carries(pod: _Pod, labels: Tree) -> bool:
    own = _map(pod.metadata, "labels")
    return all(own.get(name) == value for name, value in labels.items())


def _rights(rule: Tree) -> str:
    """What a rule allows, as text: ``pods: get, list``."""
    what = [*_texts(rule, "resources"), *_texts(rule, "nonResourceURLs")]
    names = _texts(rule, "resourceNames")
    only = f" ({', '.join(names)})" if names else ""
    return f"{', '.join(what)}{only}: {', '.join(_texts(rule, 'verbs'))}"


# --- pods ------------------------------------------------------------------------------------------------------------

_GROUP_OF = ("scheduling.k8s.io/group-name", "scheduling.x-k8s.io/pod-group")
"""The annotation of Volcano and the label of coscheduling that name a pod's group."""

_QUEUE_OF = "kueue.x-k8s.io/queue-name"

Use: TypeAlias = tuple[str, str, str]
"""The kind and name of an object that a pod uses, and how it does."""


def _used(pod: _Pod) -> Iterator[Use]:
    for volume in _maps(pod.spec, "volumes"):
        yield from _of_volume(volume)
    for field in ("initContainers", "containers"):
        for container in _maps(pod.spec, field):
            yield from _of_container(container)
    for secret in _maps(pod.spec, "imagePullSecrets"):
        yield "Secret", str(secret.get("name")), "pulls images with"
    account = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount")
    if account:
        yield "ServiceAccount", str(account), "runs as"
    marks = {**_map(pod.metadata, "annotations"), **_map(pod.metadata, "labels")}
    yield from (("PodGroup", str(marks[mark]), "member of") for mark in _GROUP_OF if mark in marks)
    if _QUEUE_OF in marks:
        yield "LocalQueue", str(marks[_QUEUE_OF]), "waits in"


def _of_volume(volume: Tree) -> Iterator[Use]:
    for field, kind, key in _VOLUMES:
        source = _map(volume, field)
        if source.get(key):
            yield kind, str(source[key]), "mounts"
    for source in _maps(_map(volume, "projected"), "sources"):
        for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            if _map(source, field).get("name"):
                yield kind, str(source[field]["name"]), "mounts"


_VOLUMES = (
    ("configMap", "ConfigMap", "name"),
    ("secret", "Secret", "secretName"),
    ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
)


def _of_container(container: Tree) -> Iterator[Use]:
    for variable in _maps(container, "env"):
        source = _map(variable, "valueFrom")
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if _map(source, field).get("name"):
                yield kind, str(source[field]["name"]), "reads"
    for source in _maps(container, "envFrom"):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if _map(source, field).get("name"):
                yield kind, str(source[field]["name"]), "reads"


# --- trees that patches may have bent --------------------------------------------------------------------------------


def _map(tree: Any, field: str) -> Tree:
    found = tree.get(field) if isinstance(tree, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _maps(tree: Tree, field: str) -> list[Tree]:
    found = tree.get(field)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _texts(tree: Tree, field: str) -> list[str]:
    found = tree.get(field)
    return [str(each) for each in found] if isinstance(found, list) else []


# --- two graphs in one -----------------------------------------------------------------------------------------------


class MarkedNode(NamedTuple):
    """A node, and what became of it; one that only stands for another run is as it was."""

    node: Node
    state: State
    effect: Effect | None = None


class MarkedEdge(NamedTuple):
    """Everything that one node has to do with another, and what became of that."""

    source: str
    target: str
    relations: tuple[str, ...]
    state: State


class Comparison(NamedTuple):
    """The graph of a job, with what is gone still in it."""

    nodes: tuple[MarkedNode, ...]
    edges: tuple[MarkedEdge, ...]


def compared(job: JobChange) -> Comparison:
    """The graphs of both states of a job laid over each other."""
    old, new = (graph(side.bundle) if side is not None else Graph((), ()) for side in (job.old, job.new))
    became = {str(each.key): each for each in job.objects}
    ids = tuple({node.id for node in side.nodes} for side in (old, new))
    nodes = {node.id: node for side in (old, new) for node in side.nodes}
    marked = []
    for each in {**{node.id: node for node in new.nodes}, **nodes}:
        node, change = nodes[each], became.get(nodes[each].of or each)
        if change is None:
            marked.append(MarkedNode(node, _state(each, *ids)))
        else:
            marked.append(MarkedNode(node, State.UNCHANGED if change.is_quiet else change.state, change.effect))
    return Comparison(tuple(marked), tuple(_marked_edges(old.edges, new.edges)))


def _marked_edges(old: tuple[Edge, ...], new: tuple[Edge, ...]) -> Iterator[MarkedEdge]:
    sides = set(old), set(new)
    between: dict[tuple[str, str, State], list[str]] = {}
    for edge in dict.fromkeys((*new, *old)):
        between.setdefault((edge.source, edge.target, _state(edge, *sides)), []).append(edge.relation)
    for (source, target, state), relations in between.items():
        yield MarkedEdge(source, target, tuple(relations), state)


def _state(each: object, old: Container[object], new: Container[object]) -> State:
    if each in old and each in new:
        return State.UNCHANGED
    return State.NEW if each in new else State.GONE
