"""Two mounts at one path of a main container: the API server refuses them, wherever they come from.

spark-submit appends mounts without looking at those that are there, so what it would send is refused as well.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.engines.spark.conf import called, listed, mountable, property_kind, shown, volumes
from openflow_render.engines.spark.role import RolePlan

Tree = dict[str, Any]


class Mount(NamedTuple):
    """One mount. ``by`` is what messages call its cause, and ``field`` the job field that made it."""

    path: str
    by: str
    field: Path


def check(plan: RolePlan, of_spark: Iterable[Tree], report: Report) -> None:
    """Refuse two mounts at one path. ``of_spark`` are those that Spark makes by itself."""
    at: Path = ("spec", plan.names.role)
    own = (Mount(each["mountPath"], each["name"], at) for each in of_spark)
    first: dict[str, Mount] = {}
    for mount in (*own, *_of_template(plan), *_of_properties(plan), *_unsaid(plan)):
        other = first.setdefault(posixpath.normpath(mount.path), mount)
        if other is not mount:
            place = "" if other.field == at else f" ({report.origin(other.field)})"
            values: dict[str, Any] = {"property": mount.by, "path": mount.path, "other": other.by, "place": place}
            report.add(codes.SAME_MOUNT_PATH, at=mount.field, **values)


def check_hidden(driver: RolePlan, executor: RolePlan, report: Report) -> None:
    """Refuse to run what an empty volume, mounted over a folder of the image, would hide."""
    found: dict[tuple[str, str], Path] = {}
    for plan in (driver, executor):
        for uri, field in _named(plan):
            path = "/" + posixpath.normpath(uri.removeprefix("local:")).lstrip("/")
            for folder in plan.template.writable.values():
                if path.startswith(f"{folder}/"):
                    found[uri, folder] = field
    for (uri, folder), field in found.items():
        report.add(codes.FILE_HIDDEN, at=field, what=uri, folder=folder)


def _named(plan: RolePlan) -> Iterator[tuple[str, Path]]:
    """What the job names and the role reads, each with its field; of a script it is the driver alone."""
    app, conf = plan.app, plan.app.conf
    if app.main and (plan.names.role == "driver" or app.kind == "java"):
        yield app.main, ("spec", "application", "main")
    for name in _NAMING:
        yield from listed(conf, name)


_NAMING = ("spark.jars", "spark.files", "spark.archives", "spark.submit.pyFiles")
"""The properties that may name files of the image."""


def _of_template(plan: RolePlan) -> Iterator[Mount]:
    """The mounts of the pod template that the job names, whose shape the schema of a pod checks later."""
    key, conf = f"{plan.names.kubernetes}podTemplateFile", plan.app.conf
    field: Path = conf.source(key) if key in conf else ("spec", plan.names.role, "template")
    containers = (plan.template.given.get("spec") or {}).get("containers") or []
    for container in containers:
        mounts = container.get("volumeMounts") if container.get("name") == plan.template.main_name else None
        for each in mounts if isinstance(mounts, list) else []:
            if isinstance(each, dict) and isinstance(each.get("mountPath"), str):
                yield Mount(each["mountPath"], shown(field), field)


def _of_properties(plan: RolePlan) -> Iterator[Mount]:
    conf, prefix = plan.app.conf, plan.names.kubernetes
    given = {f"{prefix}secrets.{name}": path for name, path in plan.secrets.items()}
    for volume in plan.volumes:
        given[f"{prefix}volumes.{volume.kind}.{volume.name}.mount.path"] = volume.mount["path"]
    for key, path in given.items():
        yield Mount(path, called(conf, key), conf.source(key))


def _unsaid(plan: RolePlan) -> Iterator[Mount]:
    """Mounts of fields that no property can say."""
    role, at = plan.template.role, ("spec", plan.names.role)
    for name, path in (role.secrets or {}).items():
        if not mountable(name):
            field: Path = (*at, "secrets", name)
            yield Mount(path, shown(field), field)
    for volume, place in volumes(role, at):
        if property_kind(volume, plan.app.release) is None:
            field = (*place, "mountPath")
            yield Mount(volume["mountPath"], shown(field), field)
