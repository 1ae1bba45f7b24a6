"""Desugaring: the job's first-class fields, rewritten as the Spark properties that they stand for.

What has no property (affinity, tolerations, sidecars, ...) goes into pod templates instead, see `pods`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from openflow_render.core import codes, paths, quantity
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark import legacy, memory
from openflow_render.engines.spark import properties as catalogue
from openflow_render.engines.spark.distribution import canonical
from openflow_render.engines.spark.job import Role, SparkJob
from openflow_render.engines.spark.release import Release
from openflow_render.spec.job import PodFields


class Property(NamedTuple):
    """One property that a field of the job stands for."""

    name: str
    value: str
    field: Path
    further: tuple[Path, ...] = ()
    """Other fields that the value was made from."""


class RoleNames(NamedTuple):
    """What the properties of one role begin with."""

    role: str
    environment: str

    @property
    def kubernetes(self) -> str:
        return f"spark.kubernetes.{self.role}."

    @property
    def container(self) -> str:
        """The main container's name where no pod template gives one."""
        return f"spark-kubernetes-{self.role}"


IMAGE = "spark.kubernetes.container.image"

DRIVER = RoleNames("driver", "spark.kubernetes.driverEnv.")
EXECUTOR = RoleNames("executor", "spark.executorEnv.")

_SOURCE_OPTIONS: Mapping[str, frozenset[str]] = {
    "hostPath": frozenset({"path", "type"}),
    "emptyDir": frozenset({"medium", "sizeLimit"}),
    "nfs": frozenset({"server", "path"}),
    "persistentVolumeClaim": frozenset({"claimName"}),
}
"""The volume sources that have properties, and which of their fields those can say."""


def text_of(value: Any) -> str:
    """A value of the job's ``conf`` as property text: ``true``, ``400``, ``0.5``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def settle(job: SparkJob, release: Release, added: Iterable[Property], report: Report) -> Properties:
    """All properties of the job under Spark's own names: those in ``conf`` and those that fields stand for.

    ``added`` are the scheduler's. A field and its property with different values are an error that names both lines.
    """
    conf = Properties()
    for written, value in (job.conf or {}).items():
        for given in _today(canonical(written), text_of(value), ("spec", "conf", written), report):
            _add(conf, given, report)
    for given in (*_first_class(job, release), *added):
        _add(conf, given, report)
    return conf


def _today(name: str, value: str, field: Path, report: Report) -> Iterator[Property]:
    """The property as current releases call it; those of older ones are translated, left out or refused."""
    old = legacy.find(name)
    if old is None:
        yield Property(name, value, field)
    elif old.replacement:
        try:
            translated = legacy.translate(old.replacement, value)
        except ValueError:
            report.add(codes.BAD_PROPERTY, at=field, property=name, value=value, reason="a list a=b,c=d")
            return
        report.add(codes.LEGACY_PROPERTY_TRANSLATED, at=field, name=name, replacement=old.replacement)
        yield from (Property(new, text, field) for new, text in translated.items())
    else:
        code = codes.LEGACY_PROPERTY_REFUSED if old.refused else codes.LEGACY_PROPERTY_DROPPED
        report.add(code, at=field, name=name, reason=old.reason)


def _add(properties: Properties, given: Property, report: Report) -> None:
    if given.name not in properties:
        properties[given.name] = given.value
        properties.sources[given.name] = (given.field, *given.further)
    elif _same(given.name, properties[given.name], given.value):
        properties.sources[given.name] += (given.field, *given.further)
    elif not _is_refused(given.name, properties[given.name]):
        other = properties.source(given.name)
        report.add(
            codes.CLASH,
            at=given.field,
            field=shown(given.field),
            value=given.value,
            other=shown(other),
            other_value=properties[given.name],
            place=report.origin(other),
        )


def _is_refused(name: str, value: str) -> bool:
    """Whether ``value`` is none for this property, which is told anyway and says nothing about another value."""
    known = catalogue.find(name)
    return known is not None and catalogue.check_value(known, value) is not None


def shown(field: Path) -> str:
    """A job field as messages name it."""
    return paths.show(field[1:] if field[0] == "spec" else field)


def called(conf: Properties, name: str) -> str:
    """A property as the job calls it: by its own name, or by the field that stands for it."""
    source = conf.source(name)
    return name if source[:2] == ("spec", "conf") else shown(source)


def listed(conf: Properties, name: str) -> Iterator[tuple[str, Path]]:
    """The items of a comma-separated property, each with the job field, or the item of it, that gives it."""
    source = conf.source(name)
    for index, item in enumerate(conf.get(name, "").split(",")):
        if item.strip():
            yield item.strip(), source if source[:2] == ("spec", "conf") else (*source, index)


def _same(name: str, one: str, other: str) -> bool:
    """Whether two texts of one property mean the same to Spark: of a size, ``1g`` is ``1024m``."""
    known = catalogue.find(name)
    read = _READERS.get(known.type.partition(":")[0]) if known else None
    return one == other or (read is not None and _equal(read, one, other))


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "bytes": memory.mebibytes,
    "int": int,
    "long": int,
    "double": float,
    "quantity": quantity.parse,
    "csv": _items,
    "bool": str.lower,
}
"""How values of a type are compared, by the types of the property table."""


def _equal(read: Callable[[str], Any], one: str, other: str) -> bool:
    try:
        return bool(read(one) == read(other))
    except ValueError:
        return False


def _first_class(job: SparkJob, release: Release) -> Iterator[Property]:
    yield from _present(
        Property("spark.kubernetes.namespace", job.namespace or "", ("metadata", "namespace")),
        Property(IMAGE, job.image.name or "", ("spec", "image", "name")),
        Property(
            "spark.kubernetes.container.image.pullPolicy", job.image.pull_policy or "", ("spec", "image", "pullPolicy")
        ),
        _listed(f"{IMAGE}.pullSecrets", job.image.pull_secrets, "image", "pullSecrets"),
    )
    yield from _application(job)
    yield from _role(job.driver, DRIVER, release)
    yield from _role(job.executor, EXECUTOR, release)
    yield from _executors(job)
    yield from _hadoop(job)


def _present(*properties: Property) -> Iterator[Property]:
    return (each for each in properties if each.value)


def _listed(name: str, items: list[str] | None, *field: str) -> Property:
    return Property(name, ",".join(items or []), ("spec", *field))


def _application(job: SparkJob) -> Iterator[Property]:
    app = job.application
    yield from _present(
        _listed("spark.jars", app.jars, "application", "jars"),
        _listed("spark.submit.pyFiles", app.py_files, "application", "pyFiles"),
        _listed("spark.files", app.files, "application", "files"),
        _listed("spark.archives", app.archives, "application", "archives"),
        _listed("spark.jars.packages", app.packages, "application", "packages"),
    )


def _role(role: Role, names: RoleNames, release: Release) -> Iterator[Property]:
    at: Path = ("spec", names.role)
    simple = {
        f"spark.{names.role}.cores": (role.cores, "cores"),
        f"{names.kubernetes}request.cores": (role.cpu.request, "cpu", "request"),
        f"{names.kubernetes}limit.cores": (role.cpu.limit, "cpu", "limit"),
        f"spark.{names.role}.memory": (role.memory, "memory"),
        f"spark.{names.role}.memoryOverhead": (role.memory_overhead, "memoryOverhead"),
        f"spark.{names.role}.memoryOverheadFactor": (role.memory_overhead_factor, "memoryOverheadFactor"),
        f"spark.{names.role}.extraJavaOptions": (role.java_options, "javaOptions"),
        f"spark.kubernetes.authenticate.{names.role}.serviceAccountName": (role.service_account, "serviceAccount"),
        f"{names.kubernetes}podTemplateFile": (role.template if isinstance(role.template, str) else None, "template"),
    }
    for name, (value, *field) in simple.items():
        if value is not None:
            yield Property(name, text_of(value), (*at, *map(str, field)))
    secrets = {name: path for name, path in (role.secrets or {}).items() if mountable(name)}
    maps = {"label.": role.labels, "annotation.": role.annotations, "secrets.": secrets}
    maps["node.selector."] = role.node_selector
    fields = {"label.": "labels", "annotation.": "annotations", "secrets.": "secrets", "node.selector.": "nodeSelector"}
    for infix, entries in maps.items():
        for key, value in (entries or {}).items():
            yield Property(names.kubernetes + infix + key, value, (*at, fields[infix], key))
    yield from _environment(role, names, at)
    yield from _devices(role, names, at)
    for volume, place in volumes(role, at):
        yield from _volume(volume, place, names, release)


def _environment(role: Role, names: RoleNames, at: Path) -> Iterator[Property]:
    for variable in role.env or []:
        name = variable["name"]
        reference = secret_reference(variable)
        if reference is not None:
            yield Property(f"{names.kubernetes}secretKeyRef.{name}", reference, (*at, "env", Item(name), "valueFrom"))
        elif "valueFrom" not in variable:
            yield Property(names.environment + name, variable.get("value", ""), (*at, "env", Item(name), "value"))


def secret_reference(variable: Mapping[str, Any]) -> str | None:
    """``name:key`` when the variable is a plain reference to a Secret, which is all that the property can say."""
    reference = variable.get("valueFrom", {}).get("secretKeyRef")
    if isinstance(reference, dict) and set(reference) == {"name", "key"}:
        return f"{reference['name']}:{reference['key']}"
    return None


def mountable(secret: str) -> bool:
    """Whether Spark can mount the Secret: it calls the volume `<secret>-volume`, which must be a DNS label."""
    return "." not in secret and len(secret) <= 63 - len("-volume")


def device_type(resource: str) -> tuple[str, str] | None:
    """Vendor and type of a device, ``nvidia.com/gpu``; None where Spark could not read the type (it has a dot)."""
    vendor, _, kind = resource.partition("/")
    return None if "." in kind else (vendor, kind)


def _devices(role: Role, names: RoleNames, at: Path) -> Iterator[Property]:
    for resource, amount in (role.devices or {}).items():
        device = device_type(resource)
        if device is not None:
            prefix = f"spark.{names.role}.resource.{device[1]}."
            field = (*at, "devices", resource)
            yield Property(prefix + "amount", str(amount), field)
            yield Property(prefix + "vendor", device[0], field)


def volumes(role: PodFields, at: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """The role's volumes, those for local directories under the names that Spark looks for, each with its job field."""
    wanted = role.local_dirs
    local = (
        {name: f"spark-local-dir-{index}" for index, name in enumerate(wanted, 1)} if isinstance(wanted, list) else {}
    )
    for volume in role.volumes or []:
        yield {**volume, "name": local.get(volume["name"], volume["name"])}, (*at, "volumes", Item(volume["name"]))
    if isinstance(wanted, dict):
        source = {key: wanted[key] for key in ("medium", "sizeLimit") if wanted.get(key)}
        for index in range(1, wanted.get("count", 1) + 1):
            name = f"spark-local-dir-{index}"
            yield {"name": name, "mountPath": f"/var/data/{name}", "emptyDir": source}, (*at, "localDirs")


def _volume(volume: Mapping[str, Any], at: Path, names: RoleNames, release: Release) -> Iterator[Property]:
    kind = property_kind(volume, release)
    if kind is None:
        return
    prefix = f"{names.kubernetes}volumes.{kind}.{volume['name']}."
    yield Property(prefix + "mount.path", volume["mountPath"], (*at, "mountPath"))
    if "readOnly" in volume:
        yield Property(prefix + "mount.readOnly", text_of(volume["readOnly"]), (*at, "readOnly"))
    if "subPath" in volume:
        yield Property(prefix + "mount.subPath", volume["subPath"], (*at, "subPath"))
    claim = volume.get("claim")
    if claim is None:
        for option, value in volume[kind].items():
            yield Property(f"{prefix}options.{option}", text_of(value), (*at, kind, option))
        return
    yield Property(prefix + "options.claimName", "OnDemand", (*at, "claim"))
    yield Property(prefix + "options.storageClass", claim["storageClass"], (*at, "claim", "storageClass"))
    yield Property(prefix + "options.sizeLimit", text_of(claim["size"]), (*at, "claim", "size"))


def property_kind(volume: Mapping[str, Any], release: Release) -> str | None:
    """The volume type in whose properties the volume can be said; None when it needs the pod template.

    An on-demand claim needs a named StorageClass, and takes its access mode from Spark; any other becomes an ephemeral
    volume of the pod template.
    """
    claim = volume.get("claim")
    if claim is not None:
        plain = claim.get("storageClass") is not None and not claim.get("accessMode") and claim.get("perExecutor", True)
        return "persistentVolumeClaim" if plain else None
    for kind, options in _SOURCE_OPTIONS.items():
        source = volume.get(kind)
        if isinstance(source, dict) and set(source) <= options:
            return None if "type" in source and not release.volume_details else kind
    return None


def _executors(job: SparkJob) -> Iterator[Property]:
    executor, at = job.executor, ("spec", "executor")
    if executor.instances is not None:
        yield Property("spark.executor.instances", str(executor.instances), (*at, "instances"))
    bounds = executor.dynamic_allocation
    if bounds is None:
        return
    field = (*at, "dynamicAllocation")
    yield Property("spark.dynamicAllocation.enabled", "true", field)
    for name, value in (("min", bounds.min), ("max", bounds.max), ("initial", bounds.initial)):
        if value is not None:
            yield Property(f"spark.dynamicAllocation.{name}Executors", str(value), (*field, name))


def _hadoop(job: SparkJob) -> Iterator[Property]:
    kerberos, token = job.kerberos, job.kerberos.token_secret or {}
    at: Path = ("spec", "kerberos")
    named = (
        ("spark.kubernetes.hadoop.configMapName", job.hadoop.config_map, ("spec", "hadoop", "configMap")),
        ("spark.kubernetes.kerberos.krb5.configMapName", kerberos.krb5_config_map, (*at, "krb5ConfigMap")),
        ("spark.kubernetes.kerberos.krb5.path", kerberos.krb5_file, (*at, "krb5File")),
        ("spark.kubernetes.kerberos.tokenSecret.name", token.get("name"), (*at, "tokenSecret", "name")),
        ("spark.kubernetes.kerberos.tokenSecret.itemKey", token.get("itemKey"), (*at, "tokenSecret", "itemKey")),
        ("spark.kerberos.principal", kerberos.principal, (*at, "principal")),
        ("spark.kerberos.keytab", kerberos.keytab, (*at, "keytab")),
    )
    for name, value, field in named:
        if value:
            yield Property(name, value, field)
