"""The contents of the files that a job names, read once before planning."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.paths import Path, show, step
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark.conf import DRIVER, EXECUTOR, RoleNames
from openflow_render.engines.spark.driver import CREDENTIALS
from openflow_render.engines.spark.job import SparkJob
from openflow_render.source import reader
from openflow_render.source.files import Files

Tree = dict[str, Any]


class Contents(NamedTuple):
    """What was read: pod templates as trees, files as text by their names, binary ones in base64."""

    driver_template: Tree
    executor_template: Tree
    executor_template_text: str | None
    pod_group: Tree
    conf: dict[str, str]
    hadoop: dict[str, str]
    krb5: dict[str, str]
    keytab: dict[str, str]
    credentials: dict[str, str]


def gather(job: SparkJob, conf: Properties, files: Files, report: Report) -> Contents:
    """Everything that the job names; what cannot be read or used is in ``report``."""
    driver, _ = _template(job.driver.template, conf, DRIVER, files, report)
    executor, text = _template(job.executor.template, conf, EXECUTOR, files, report)
    keytab = conf.get("spark.kerberos.keytab", "local:")
    return Contents(
        driver_template=driver,
        executor_template=executor,
        executor_template_text=text,
        pod_group=_pod_group(conf, files, report),
        conf=_texts(job.conf_files, ("spec", "confFiles"), files, report),
        hadoop=_texts(job.hadoop.files, ("spec", "hadoop", "files"), files, report),
        krb5=_texts(_named(conf, "spark.kubernetes.kerberos.krb5.path"), _krb5(conf), files, report),
        keytab={}
        if keytab.startswith("local:")
        else _binary(keytab, conf.source("spark.kerberos.keytab"), files, report),
        credentials=_credentials(conf, files, report),
    )


def _template(inline: Any, conf: Properties, names: RoleNames, files: Files, report: Report) -> tuple[Tree, str | None]:
    property_name = f"{names.kubernetes}podTemplateFile"
    if isinstance(inline, dict):
        if property_name in conf:
            other, place = f"{names.role}.template", report.origin(("spec", names.role, "template"))
            report.add(
                codes.ONE_OR_THE_OTHER, at=conf.source(property_name), one=property_name, other=other, place=place
            )
        for field, problem in _misshapen(inline):
            at: Path = ("spec", names.role, "template", *field)
            report.add(codes.NOT_A_POD, at=at, file=f"in {names.role}.template", problem=problem)
            return {}, None
        return inline, None
    path = conf.get(property_name)
    if not path:
        return {}, None
    text = files.read_text(path, conf.source(property_name), report)
    return ({}, None) if text is None else (_pod(text, files.label(path), conf.source(property_name), report), text)


def _pod(text: str, file: str, at: Path, report: Report) -> Tree:
    before = len(report.findings)
    documents = reader.read(text.encode(), file, report)
    if len(report.findings) > before:
        return {}
    if len(documents) != 1:
        report.add(codes.NOT_A_POD, at=at, file=file, problem=f"it holds {len(documents)} documents")
        return {}
    pod = documents[0].value
    for field, problem in _not_a_pod(pod):
        report.add(codes.NOT_A_POD, at=documents[0].origin(field), file=file, problem=problem)
        return {}
    return {key: value for key, value in pod.items() if key in {"metadata", "spec"} and value is not None}


def _not_a_pod(document: Any) -> Iterator[tuple[Path, str]]:
    """Why ``document`` is no Pod that can be merged and read, each with its field."""
    if not isinstance(document, dict):
        yield (), "it is no map"
    elif document.get("kind", "Pod") != "Pod":
        kind = document["kind"]
        yield ("kind",), f"its kind is {kind if isinstance(kind, str) and 0 < len(kind) < 64 else 'another'}"
    else:
        yield from _misshapen(document)


def _misshapen(pod: Tree) -> Iterator[tuple[Path, str]]:
    """What has not the shape of a Pod where it is merged and read; the rest is for the schema check of the result."""
    yield from _wrong(pod, (), maps=("metadata", "spec"))
    yield from _wrong(_map(pod, "metadata"), ("metadata",), maps=("labels", "annotations"))
    spec, at = _map(pod, "spec"), ("spec",)
    lists = ("containers", "initContainers", "volumes", "imagePullSecrets")
    yield from _wrong(spec, at, maps=("nodeSelector", "securityContext"), lists=lists)
    for field in lists[:2]:
        containers = spec.get(field)
        for index, container in enumerate(containers if isinstance(containers, list) else []):
            if isinstance(container, dict):
                yield from _misshapen_container(container, (*at, field, step(field, index, container)))


def _misshapen_container(container: Tree, at: Path) -> Iterator[tuple[Path, str]]:
    yield from _wrong(container, at, maps=("resources", "securityContext"), lists=("env", "ports", "volumeMounts"))
    yield from _wrong(_map(container, "resources"), (*at, "resources"), maps=("requests", "limits"))
    if container.get("args") is not None and not isinstance(container["args"], list):
        yield (*at, "args"), f"`{show((*at, 'args'))}` is no list"


def _wrong(tree: Tree, at: Path, maps: Iterable[str], lists: Iterable[str] = ()) -> Iterator[tuple[Path, str]]:
    """The fields of ``tree`` that are there, but no map, or no list of maps."""
    for field in maps:
        if tree.get(field) is not None and not isinstance(tree[field], dict):
            yield (*at, field), f"`{show((*at, field))}` is no map"
    for field in lists:
        value = tree.get(field)
        if value is not None and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
            yield (*at, field), f"`{show((*at, field))}` is no list of maps"


def _map(tree: Tree, field: str) -> Tree:
    value = tree.get(field)
    return value if isinstance(value, dict) else {}


def _pod_group(conf: Properties, files: Files, report: Report) -> Tree:
    prefix = "spark.kubernetes.scheduler.volcano.podGroupTemplate"
    path, inline = conf.get(f"{prefix}File"), conf.get(f"{prefix}Json")
    name = f"{prefix}File" if path else f"{prefix}Json"
    text = files.read_text(path, conf.source(name), report) if path else inline
    if not text:
        return {}
    documents = reader.read(text.encode(), files.label(path) if path else name, report)
    group = documents[0].value if len(documents) == 1 else None
    return group if isinstance(group, dict) else {}


def _named(conf: Properties, name: str) -> list[str]:
    return [conf[name]] if conf.get(name) else []


def _krb5(conf: Properties) -> Path:
    return conf.source("spark.kubernetes.kerberos.krb5.path")


def _texts(paths: list[str] | None, at: Path, files: Files, report: Report) -> dict[str, str]:
    _check_names(paths or [], at, report)
    found = {
        posixpath.basename(path): files.read_text(path, (*at, index), report) for index, path in enumerate(paths or [])
    }
    return {name: text for name, text in found.items() if text is not None}


def _check_names(paths: list[str], at: Path, report: Report) -> None:
    taken = {"spark.properties": "the job's properties"} if at[-1] == "confFiles" else {}
    for index, path in enumerate(paths):
        name = posixpath.basename(path)
        if name in taken:
            report.add(codes.FILE_NAME_TAKEN, at=(*at, index), name=name, other=taken[name])
        taken[name] = path


def _binary(path: str, at: Path, files: Files, report: Report) -> dict[str, str]:
    content = files.read_bytes(path, at, report)
    return {} if content is None else {posixpath.basename(path): base64.b64encode(content).decode()}


def _credentials(conf: Properties, files: Files, report: Report) -> dict[str, str]:
    prefix = "spark.kubernetes.authenticate.driver."
    found: dict[str, str] = {}
    for name, key in CREDENTIALS.items():
        given = conf.get(prefix + name)
        if given and name == "oauthToken":
            found[key] = base64.b64encode(given.encode()).decode()
        elif given:
            for text in _binary(given, conf.source(prefix + name), files, report).values():
                found[key] = text
    return found
