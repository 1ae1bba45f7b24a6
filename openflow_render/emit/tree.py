"""What a folder is to hold: the objects of jobs, in files that are called the same in every run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Literal, NamedTuple, TypeAlias

from openflow_render.core import yamltext
from openflow_render.core.identity import lasting
from openflow_render.core.resource import Key, Resource

By: TypeAlias = Literal["object", "job"]

_UNSAFE = re.compile(r"[^a-z0-9.-]+")
_LONGEST_NAME = 200


class Piece(NamedTuple):
    """One object on its way into a file; ``name`` is its name without the identity of its run."""

    key: Key
    name: str
    text: str
    run_scoped: bool


class Pieces(NamedTuple):
    """What one job has in a tree."""

    job: str
    namespace: str
    pieces: Sequence[Piece]


def piece(resource: Resource) -> Piece | None:
    """What a tree holds of an object: nothing of one with secret data in the clear."""
    if resource.literal:
        return None
    name = lasting(resource.name) if resource.run_scoped else resource.name
    return Piece(resource.key, name, yamltext.dump(resource.manifest), resource.run_scoped)


Files: TypeAlias = dict[str, str]
"""The text of each file, by its path below the output folder."""


class Tree(NamedTuple):
    """The files of a folder, and of which of them a job is the owner; the others tie them together."""

    files: Mapping[str, str]
    owners: Mapping[str, str]


def plain(jobs: Iterable[Pieces], by: By) -> Tree:
    """``<namespace>/<job>.yaml``, or ``<namespace>/<job>/<kind>-<name>.yaml``.

    No two paths are equal when case is ignored.
    """
    files: Files = {}
    owners: dict[str, str] = {}
    taken: set[str] = set()
    for job in jobs:
        home = f"{_safe(job.namespace)}/{_safe(job.job)}"
        for stem, text in _of_job(home, job.pieces, by):
            path = _free(stem, taken)
            files[path], owners[path] = text, f"{job.namespace}/{job.job}"
    return Tree(files, owners)


def _of_job(home: str, pieces: Sequence[Piece], by: By) -> Iterator[tuple[str, str]]:
    if by == "object":
        yield from ((f"{home}/{_safe(f'{each.key.kind}-{each.name}')}", each.text) for each in pieces)
    elif pieces:
        yield home, "---\n".join(each.text for each in pieces)


def _safe(text: str) -> str:
    """``text`` as a file name, cut with a hash if it is too long."""
    name = _UNSAFE.sub("-", text.lower()).lstrip(".") or "-"
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}-{sha256(text.encode()).hexdigest()[:8]}"


def _free(stem: str, taken: set[str]) -> str:
    """``stem`` with ``.yaml``, and a number if that is taken."""
    path, number = f"{stem}.yaml", 1
    while path in taken:
        number += 1
        path = f"{stem}-{number}.yaml"
    taken.add(path)
    return path


def below(folder: str, tree: Tree) -> Tree:
    """``tree`` inside ``folder``."""
    return Tree(
        {f"{folder}/{path}": text for path, text in tree.files.items()},
        {f"{folder}/{path}": owner for path, owner in tree.owners.items()},
    )


def together(*trees: Tree) -> Tree:
    """One tree with the files of all."""
    return Tree(
        {path: text for tree in trees for path, text in tree.files.items()},
        {path: owner for tree in trees for path, owner in tree.owners.items()},
    )
