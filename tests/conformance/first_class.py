"""A job told by properties, told again by the fields that stand for them; what has no field stays a property."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

Tree = dict[str, Any]

_SIZE = r"[1-9][0-9]*[kKmMgGtT]"
_COUNT = r"[1-9][0-9]*"
_ANY = r"(?s).*"

Read = Callable[[str], Any]

_ONE_TO_ONE: dict[str, tuple[str, str, Read]] = {
    "spark.kubernetes.container.image": ("image.name", _ANY, str),
    "spark.kubernetes.container.image.pullPolicy": ("image.pullPolicy", _ANY, str),
    "spark.kubernetes.container.image.pullSecrets": ("image.pullSecrets", _ANY, lambda text: text.split(",")),
    "spark.jars": ("application.jars", _ANY, lambda text: text.split(",")),
    "spark.files": ("application.files", _ANY, lambda text: text.split(",")),
    "spark.kubernetes.hadoop.configMapName": ("hadoop.configMap", _ANY, str),
    "spark.kubernetes.kerberos.krb5.configMapName": ("kerberos.krb5ConfigMap", _ANY, str),
    "spark.kubernetes.kerberos.tokenSecret.name": ("kerberos.tokenSecret.name", _ANY, str),
    "spark.kubernetes.kerberos.tokenSecret.itemKey": ("kerberos.tokenSecret.itemKey", _ANY, str),
    "spark.executor.instances": ("executor.instances", _COUNT, int),
}
_OF_A_ROLE: dict[str, tuple[str, str, Read]] = {
    "spark.{role}.cores": ("cores", _COUNT, int),
    "spark.{role}.memory": ("memory", _SIZE, str),
    "spark.{role}.memoryOverhead": ("memoryOverhead", _SIZE, str),
    "spark.{role}.memoryOverheadFactor": ("memoryOverheadFactor", r"0\.[0-9]*[1-9]", float),
    "spark.{role}.extraJavaOptions": ("javaOptions", _ANY, str),
    "spark.kubernetes.{role}.request.cores": ("cpu.request", _ANY, str),
    "spark.kubernetes.{role}.limit.cores": ("cpu.limit", _ANY, str),
    "spark.kubernetes.{role}.podTemplateFile": ("template", _ANY, str),
    "spark.kubernetes.authenticate.{role}.serviceAccountName": ("serviceAccount", _ANY, str),
}
_MAPS = {"label.": "labels", "annotation.": "annotations", "secrets.": "secrets", "node.selector.": "nodeSelector"}
_MOUNT: dict[str, tuple[str, Read]] = {
    "mount.path": ("mountPath", str),
    "mount.readOnly": ("readOnly", lambda text: text == "true"),
    "mount.subPath": ("subPath", str),
}


def first_class(job: Tree) -> Tree:
    """``job`` with a field for every property that one stands for."""
    job = copy.deepcopy(job)
    conf = job["spec"]["conf"]
    if "spark.kubernetes.namespace" in conf:
        job["metadata"]["namespace"] = conf.pop("spark.kubernetes.namespace")
    _move(conf, job["spec"], _ONE_TO_ONE)
    for role, environment in (("driver", "spark.kubernetes.driverEnv."), ("executor", "spark.executorEnv.")):
        section = job["spec"].setdefault(role, {})
        _move(conf, section, {name.format(role=role): field for name, field in _OF_A_ROLE.items()})
        for infix, field in _MAPS.items():
            section[field] = _taken(conf, f"spark.kubernetes.{role}.{infix}")
        section["env"] = [{"name": name, "value": value} for name, value in _taken(conf, environment).items()]
        section["env"] += _references(_taken(conf, f"spark.kubernetes.{role}.secretKeyRef."))
        section["devices"] = _devices(conf, f"spark.{role}.resource.")
        section["volumes"] = _volumes(conf, f"spark.kubernetes.{role}.volumes.")
    return job


def _move(conf: dict[str, str], section: Tree, fields: dict[str, tuple[str, str, Read]]) -> None:
    for name, (field, form, read) in fields.items():
        if name in conf and re.fullmatch(form, conf[name]):
            *around, last = field.split(".")
            below = section
            for key in around:
                below = below.setdefault(key, {})
            below[last] = read(conf.pop(name))


def _taken(conf: dict[str, str], prefix: str) -> dict[str, str]:
    names = [name for name in conf if name.startswith(prefix)]
    return {name.removeprefix(prefix): conf.pop(name) for name in names}


def _references(given: dict[str, str]) -> list[Tree]:
    pairs = {name: value.split(":") for name, value in given.items()}
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for name, (secret, key) in pairs.items()
    ]


def _devices(conf: dict[str, str], prefix: str) -> dict[str, int]:
    kinds = {name.removeprefix(prefix).partition(".")[0] for name in conf if name.startswith(prefix)}
    return {
        f"{conf.pop(f'{prefix}{kind}.vendor')}/{kind}": int(conf.pop(f"{prefix}{kind}.amount"))
        for kind in sorted(kinds)
    }


def _volumes(conf: dict[str, str], prefix: str) -> list[Tree]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, value in _taken(conf, prefix).items():
        kind, volume, rest = name.split(".", 2)
        found.setdefault((kind, volume), {})[rest] = value
    return [_volume(kind, name, given) for (kind, name), given in found.items()]


def _volume(kind: str, name: str, given: dict[str, str]) -> Tree:
    options = {key.removeprefix("options."): value for key, value in given.items() if key.startswith("options.")}
    claim = options.get("claimName") == "OnDemand"
    source = {"size": options["sizeLimit"], "storageClass": options["storageClass"]} if claim else options
    mount = {field: read(given[key]) for key, (field, read) in _MOUNT.items() if key in given}
    return {"name": name, **mount, ("claim" if claim else kind): source}
