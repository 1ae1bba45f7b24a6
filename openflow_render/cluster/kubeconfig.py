"""Files of kubectl's configuration: read in bounds, judged with their lines, and merged as kubectl merges them.

``kubernetes`` would read them with a parser that takes seconds for a file of some MiB, and let the last
``current-context`` count, where kubectl takes the first.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, NoReturn

from openflow_render.cluster.outcome import Unreachable
from openflow_render.core import paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.source import reader
from openflow_render.source.files import regular
from openflow_render.source.reader import Document

if TYPE_CHECKING:
    from kubernetes.config.kube_config import ConfigNode

USUAL = "~/.kube/config"

_LISTS = {"clusters": "cluster", "contexts": "context", "users": "user"}
"""The lists of a kubeconfig, and where the entries of each have what they say."""

_TEXTS = {
    "cluster": frozenset(
        {"server", "certificate-authority", "certificate-authority-data", "tls-server-name", "proxy-url"}
    ),
    "context": frozenset({"cluster", "user", "namespace"}),
    "user": frozenset(
        {
            *("token", "tokenFile", "username", "password"),
            *("client-certificate", "client-certificate-data", "client-key", "client-key-data"),
        }
    ),
}
_TRUTHS = frozenset({"insecure-skip-tls-verify"})
_FILES = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key")}

_LARGEST = 1 << 20
"""Bytes that no file of certificates, of a key or of a token has."""

_Entry = dict[str, Any]


def read(search: str, context: str | None) -> ConfigNode | None:
    """What the files of the search path ``search`` say together; ``None`` when none of them is there.

    ``context`` is the one that is wanted, or ``None`` for the current one: the files that it names are looked at too.

    Raises:
        OSError: a file cannot be read.
        Unreachable: it is no file, not well formed, or larger than any.
    """
    from kubernetes.config.kube_config import ConfigNode

    node: Callable[[str, _Entry, str], ConfigNode] = ConfigNode
    found = [document for path in search.split(os.pathsep) if path and (document := _document(path))]
    if not found:
        return None
    merged: _Entry = {name: {} for name in _LISTS}
    for document in found:
        if current := document.value.get("current-context"):
            merged.setdefault("current-context", current)
        for kind in _LISTS:
            for name, entry in _entries(document, kind):
                merged[kind].setdefault(name, node(f"{document.file}/{kind}/{name}", entry, document.file))
    wanted = merged["contexts"].get(context or merged.get("current-context"))
    if wanted is not None:
        _look_at_files(merged, wanted.value["context"])
    lists = {kind: list(merged[kind].values()) for kind in _LISTS}
    return node(found[0].file, {**merged, **lists}, found[0].file)


def _document(path: str) -> Document | None:
    """The one document of a file; ``None`` when there is no such file."""
    file = os.path.expanduser(path)  # noqa: PTH111 - no home is no error
    try:
        content = regular(FilePath(file), reader.MAX_BYTES)
    except FileNotFoundError:
        return None
    if content is None:
        raise Unreachable(f"the kubeconfig {path} is not a regular file")
    report = Report(lambda path: Origin(str(path)))
    documents = reader.read(content, file, report)
    for finding in report:
        _refuse(finding.origin, finding.message, finding.hint)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        _refuse(Origin(file, 1), "it is not one map" if documents else "it is empty")
    _judge(documents[0], ("current-context",), is_text=True)
    return documents[0]


def _entries(document: Document, kind: str) -> Iterator[tuple[str, _Entry]]:
    """The entries of a list by name; what is null is as if it were not there."""
    inner = _LISTS[kind]
    entries = document.value.get(kind) or []
    if not isinstance(entries, list):
        _refuse(document.origin((kind,)), f"{kind} must be a list")
    for path, entry in paths.children((kind,), entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            _refuse(document.origin(path), f"each of {kind} must be a map with a name, which is text")
        said = entry.get(inner)
        if not isinstance(said, dict | None):
            _refuse(document.origin((*path, inner)), f"{inner} must be a map")
        for field in said or ():
            if field in _TEXTS[inner] or field in _TRUTHS:
                _judge(document, (*path, inner, field), is_text=field not in _TRUTHS)
        yield entry["name"], {**entry, inner: {key: value for key, value in (said or {}).items() if value is not None}}


def _judge(document: Document, path: Path, *, is_text: bool) -> None:
    """Refuse another type at ``path`` than is meant: the client would take ``no`` for a truth."""
    value: Any = document.value
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    if not isinstance(value, (str if is_text else bool) | None):
        _refuse(document.origin(path), f"{path[-1]} must be {'text' if is_text else 'true or false'}")
    if str(path[-1]).endswith("-data") and isinstance(value, str):
        try:
            base64.standard_b64decode(value)
        except ValueError:
            _refuse(document.origin(path), f"{path[-1]} is not base64")


def _look_at_files(merged: Mapping[str, Any], context: _Entry) -> None:
    """Read the token of ``context``, and see that its other files are none that nobody could read to the end."""
    for kind, inner in (("clusters", "cluster"), ("users", "user")):
        node = merged[kind].get(context.get(inner))
        if node is None:
            continue
        said, folder = node.value[inner], os.path.dirname(os.path.abspath(node.path))  # noqa: PTH100, PTH120
        for field in _FILES[inner]:
            if field in said and f"{field}-data" not in said:
                _content(folder, field, said[field])
        if inner == "user" and "tokenFile" in said and not said.get("token"):
            said["token"] = _content(folder, "tokenFile", said["tokenFile"]).decode("utf-8", "replace").strip()


def _content(folder: str, field: str, path: str) -> bytes:
    content = regular(FilePath(folder, path), _LARGEST)
    if content is None or len(content) > _LARGEST:
        what = "is not a regular file" if content is None else f"is larger than {_LARGEST >> 20} MiB"
        raise Unreachable(f"the {field} of the kubeconfig, {path}, {what}")
    return content


def _refuse(origin: Origin, reason: str, hint: str = "") -> NoReturn:
    raise Unreachable(f"the kubeconfig is not well formed: {origin}: {reason}", hint)
