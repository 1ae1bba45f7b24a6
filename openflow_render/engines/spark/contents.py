"""The contents of the files that a job names, read once before planning."""

from __future__ import annotations

import base64
import posixpath
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.paths import Path
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
            other = f"{names.role}.template"
            report.add(codes.ONE_OR_THE_OTHER, at=conf.source(property_name), one=property_name, other=other)
        if not _shaped(inline):
            report.add(codes.NOT_A_POD, at=("spec", names.role, "template"), file=f"in {names.role}.template")
            return {}, None
        return inline, None
    path = conf.get(property_name)
    if not path:
        return {}, None
    text = files.read_text(path, conf.source(property_name), report)
    return ({}, None) if text is None else (_pod(text, path, conf.source(property_name), report), text)


def _pod(text: str, file: str, at: Path, report: Report) -> Tree:
    before = len(report.findings)
    documents = reader.read(text.encode(), file, report)
    if len(report.findings) > before:
        return {}
    pod = documents[0].value if len(documents) == 1 else None
    if not isinstance(pod, dict) or pod.get("kind", "Pod") != "Pod" or not _shaped(pod):
        report.add(codes.NOT_A_POD, at=at, file=file)
        return {}
    return {key: value for key, value in pod.items() if key in {"metadata", "spec"} and value is not None}


def _shaped(pod: Tree) -> bool:
    """Whether what is merged and read has the shape of a Pod; the rest is for the schema check of the result."""
    if not _maps(pod, "metadata", "spec"):
        return False
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    maps = ("nodeSelector", "securityContext")
    lists = ("containers", "initContainers", "volumes", "imagePullSecrets")
    if not (_maps(metadata, "labels", "annotations") and _maps(spec, *maps) and _lists(spec, *lists)):
        return False
    return all(_shaped_container(each) for field in lists[:2] for each in spec.get(field) or [])


def _shaped_container(container: Tree) -> bool:
    own = _maps(container, "resources", "securityContext") and _lists(container, "env", "ports", "volumeMounts")
    return own and _maps(container.get("resources") or {}, "requests", "limits") and _list(container.get("args"))


def _maps(tree: Tree, *fields: str) -> bool:
    """Whether each of ``fields`` is a map, if it is there."""
    return all(tree.get(field) is None or isinstance(tree[field], dict) for field in fields)


def _lists(tree: Tree, *fields: str) -> bool:
    """Whether each of ``fields`` is a list of maps, if it is there."""
    values = [tree.get(field) for field in fields]
    return all(_list(each) and all(isinstance(item, dict) for item in each or []) for each in values)


def _list(value: Any) -> bool:
    return value is None or isinstance(value, list)


def _pod_group(conf: Properties, files: Files, report: Report) -> Tree:
    prefix = "spark.kubernetes.scheduler.volcano.podGroupTemplate"
    path, inline = conf.get(f"{prefix}File"), conf.get(f"{prefix}Json")
    name = f"{prefix}File" if path else f"{prefix}Json"
    text = files.read_text(path, conf.source(name), report) if path else inline
    if not text:
        return {}
    documents = reader.read(text.encode(), path or name, report)
    group = documents[0].value if len(documents) == 1 else None
    return group if isinstance(group, dict) else {}


def _named(conf: Properties, name: str) -> list[str]:
    return [conf[name]] if conf.get(name) else []


def _krb5(conf: Properties) -> Path:
    return conf.source("spark.kubernetes.kerberos.krb5.path")


def _texts(paths: list[str] | None, at: Path, files: Files, report: Report) -> dict[str, str]:
    _check_names(paths or [], at, report)
    found = {posixpath.basename(path): files.read_text(path, at, report) for path in paths or []}
    return {name: text for name, text in found.items() if text is not None}


def _check_names(paths: list[str], at: Path, report: Report) -> None:
    taken = {"spark.properties": "the job's properties"} if at[-1] == "confFiles" else {}
    for path in paths:
        name = posixpath.basename(path)
        if name in taken:
            report.add(codes.FILE_NAME_TAKEN, at=at, name=name, other=taken[name])
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
