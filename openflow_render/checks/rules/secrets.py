"""Secrets in the clear: in properties, variables, arguments, labels, annotations and ConfigMaps.

Whoever reads the repository, the pods or the event log reads them. No message holds more of one than two characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.checks.secrets import Secret, may_hold_one, secrets, tells
from openflow_render.core import codes, paths
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Code, Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_PROPERTIES = "spark.properties"
_LINE = re.compile(r"(?m)^(?P<name>[^=#!\s][^=\n]{0,255}?)=(?P<value>.*)$")
_REDACTION = "spark.redaction.regex"
_METADATA = ("169.254.169.254", "100.100.100.200", "metadata.google.internal", "fd00:ec2::254")
"""Where clouds answer machines, and give them the rights of their accounts."""

Text = tuple[Resource | None, Path, str, str]
"""Where a text stands, its name and itself; without an object it is a property of the job's own conf."""


def check(bundle: Bundle, context: Context, report: Report) -> None:
    conf = context.job.get("spec", {}).get("conf") or {}
    every = (*_of_pods(bundle), *_of_conf(conf), *_of_config_maps(bundle))
    together = "\n".join(f"{name}\n{text}" for _, _, name, text in every)
    if may_hold_one(together):
        _secrets(every, report)
    if any(each in together for each in _METADATA):
        _addresses(every, report)
    _redaction(conf, report)


def _secrets(every: Sequence[Text], report: Report) -> None:
    found: set[str] = set()
    for resource, path, name, text in every:
        for secret in secrets(name, text):
            if secret.value not in found:
                found.add(secret.value)
                _tell(resource, path, secret, report)


def _addresses(every: Sequence[Text], report: Report) -> None:
    for address in _METADATA:
        first = next((each for each in every if address in each[3]), None)
        if first is not None:
            _add(codes.METADATA_ADDRESS, first[0], first[1], report, address=address)


def _tell(resource: Resource | None, path: Path, secret: Secret, report: Report) -> None:
    if secret.what:
        _add(codes.SECRET_BY_FORM, resource, path, report, what=secret.what, hidden=secret.hidden)
    else:
        _add(codes.SECRET_BY_NAME, resource, path, report, name=secret.name, hidden=secret.hidden)


def _add(code: Code, resource: Resource | None, path: Path, report: Report, **values: object) -> None:
    if resource is None:
        report.add(code, at=path, target=None, place=f"`{paths.show(path)}`", **values)
    else:
        tell(report, code, resource, path, place=f"`{paths.show(path)}` of {resource.key}", **values)


def _of_pods(bundle: Bundle) -> Iterator[Text]:
    for resource in bundle:
        yield from _of_metadata(resource, ("metadata",), resource["metadata"])
    for pod in pods(bundle):
        if pod.path[:-1]:
            yield from _of_metadata(pod.resource, (*pod.path[:-1], "metadata"), pod.metadata)
        for path, container in containers(pod):
            yield from _of_container(pod, path, container)


def _of_metadata(resource: Resource, path: Path, metadata: Mapping[str, Any]) -> Iterator[Text]:
    for field in ("labels", "annotations"):
        for name, text in (metadata.get(field) or {}).items():
            yield resource, (*path, field, name), name, text


def _of_container(pod: Pod, path: Path, container: Mapping[str, Any]) -> Iterator[Text]:
    yield pod.resource, (*path, "image"), "image", container.get("image", "")
    for variable in container.get("env", ()):
        if "value" in variable:
            yield pod.resource, (*path, "env", Item(variable["name"]), "value"), variable["name"], variable["value"]
    for field in ("command", "args"):
        before = ""
        for index, text in enumerate(container.get(field, ())):
            # An option may be followed by its value, as an argument of its own.
            name = before.lstrip("-") if before.startswith("-") and "=" not in before else field
            yield pod.resource, (*path, field, index), name, text
            before = text


def _of_conf(conf: Mapping[str, Any]) -> Iterator[Text]:
    for name, text in conf.items():
        if isinstance(text, str):
            yield None, ("spec", "conf", name), name, text


def _of_config_maps(bundle: Bundle) -> Iterator[Text]:
    for resource in bundle:
        if resource.kind == "ConfigMap":
            for key, text in resource.manifest.get("data", {}).items():
                if key != _PROPERTIES:
                    yield resource, ("data", key), key, text
                    continue
                for line in _LINE.finditer(text):
                    name, value = (part.replace("\\", "") for part in line.groups())
                    yield resource, ("data", key, Item(name)), name, value


def _redaction(conf: Mapping[str, Any], report: Report) -> None:
    """A pattern of the job's own must cover what the job calls secrets, or they are shown in the UI and event log."""
    pattern = conf.get(_REDACTION)
    bare = [name for name in conf if tells(name)] if isinstance(pattern, str) else []
    if not bare:
        return
    from jsonschema_rs import Draft202012Validator, RegexOptions

    try:
        covers = Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions())
    except ValueError:  # a pattern of Java's that is not known here
        return
    for name in bare:
        if not covers.is_valid(name):
            report.add(codes.REDACTION_GAP, at=("spec", "conf", _REDACTION), property=name)
