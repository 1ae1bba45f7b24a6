"""What spark-submit refuses, or would take in silence although it does not work: said before anything is made.

Sources: `SparkSubmit`, `SparkSubmitArguments`, `KubernetesConf` and the feature steps of Spark 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report, nearest
from openflow_render.core.watch import Properties
from openflow_render.engines.spark import artifacts, javaoptions, properties, registered, settings, shares, ulimits
from openflow_render.engines.spark.app import CONNECT_SERVER, POD_NAME, POD_UID, Application, is_on, main_of
from openflow_render.engines.spark.conf import DRIVER, EXECUTOR, RoleNames, called, listed, secret_reference
from openflow_render.engines.spark.driver import LOCAL_DIR
from openflow_render.engines.spark.gang import VOLCANO_STEP
from openflow_render.engines.spark.job import Role, SparkJob
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.release import Release, check_version
from openflow_render.engines.spark.volumes import check_volumes, stands_for_another
from openflow_render.spec import pod_fields

SPARK_VOLUMES = frozenset(
    {
        "hadoop-properties",
        "hadoop-secret",
        "kerberos-keytab",
        "krb5-file",
        "kubernetes-credentials",
        "pod-template-volume",
        "spark-conf-volume-driver",
        "spark-conf-volume-exec",
        "writable-tmp",
        "writable-work-dir",
    }
)
"""The names of the volumes that Spark's feature steps make, and of those that a security profile gives to Spark."""

SERVERS = frozenset(
    {
        CONNECT_SERVER,
        "org.apache.spark.deploy.history.HistoryServer",
        "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
    }
)
"""Spark's own classes that run until they are told to end."""

_URI_FIELDS = {
    "spark.jars": "jar",
    "spark.files": "file",
    "spark.archives": "archive",
    "spark.submit.pyFiles": "Python file",
}

_USED_HERE = frozenset({"spark.kubernetes.driver.podTemplateFile", "spark.kubernetes.driver.podTemplateContainerName"})
"""What the driver need not be told, since its pod is made of it."""

_REPLACED = {
    "spark.app.id": "the submitter draws a new one",
    "spark.app.submitTime": "the driver sets it when it starts",
    "spark.driver.host": "in cluster mode it is the driver's Service",
}

_REFERENCE = "reference"
"""The type of properties that name a Secret and its key, which are told of by a code of their own."""

_PAIRS: tuple[Mapping[str, str], ...] = (
    {
        "spark.kerberos.keytab": "kerberos.keytab",
        "spark.kerberos.principal": "kerberos.principal",
    },
    {
        "spark.kubernetes.kerberos.tokenSecret.name": "kerberos.tokenSecret.name",
        "spark.kubernetes.kerberos.tokenSecret.itemKey": "kerberos.tokenSecret.itemKey",
    },
)
"""Properties that need each other, each with the field that stands for it."""
_EITHER = (("spark.kubernetes.kerberos.krb5.path", "spark.kubernetes.kerberos.krb5.configMapName"),)
_PORTS = (
    "spark.driver.port",
    "spark.driver.blockManager.port",
    "spark.blockManager.port",
    "spark.ui.port",
    "spark.connect.grpc.binding.port",
)
_LOWEST_PORT, _HIGHEST_PORT = 1024, 65535
"""What Spark's ``Utils.startServiceOnPort`` opens, besides 0 for one of chance."""


def check(job: SparkJob, conf: Properties, release: Release, report: Report) -> None:
    """Every rule about the job and its properties."""
    check_version(job.version, job.image.name, report)
    _check_images(job, conf, report)
    _check_application(job, conf, report)
    _check_known(job, conf, report)
    _check_submission(job, conf, report)
    _check_numbers(conf, report)
    _check_metadata(conf, report)
    _check_kerberos(job, conf, report)
    _check_devices(conf, report)
    _check_steps(job, conf, report)
    _check_restarts(job, conf, report)
    _check_allocation(conf, report)
    _check_factors(conf, report)
    javaoptions.check(conf, report)
    settings.check(conf, job.version, report)
    shares.check(conf, report)
    artifacts.check(job, conf, report)
    ulimits.check(job, conf, report)
    for names, role in ((DRIVER, job.driver), (EXECUTOR, job.executor)):
        check_volumes(conf, names, release, report)
        pod_fields.check(role, ("spec", names.role), report)
        _check_names(job, conf, names, report)


def _check_images(job: SparkJob, conf: Properties, report: Report) -> None:
    both = "spark.kubernetes.container.image"
    missing = [role for role in ("driver", "executor") if not (conf.get(f"spark.kubernetes.{role}.container.image"))]
    if missing and not conf.get(both):
        report.add(codes.NO_IMAGE, at="spec.image", roles=" and ".join(missing))
    image = conf.get(both, "")
    if job.engine == "openflow" and image.rpartition("/")[0].endswith("apache") and "/spark" in image:
        report.add(codes.SPARK_IMAGE, at=conf.source(both), image=image, place=report.origin("spec.engine"))


def _check_application(job: SparkJob, conf: Properties, report: Report) -> None:
    app = job.application
    main = main_of(job)
    if main is None and app.class_ is None:
        report.add(codes.NOTHING_TO_RUN, at="spec.application")
    elif main is not None and app.class_ is None and not main.endswith((".py", ".R", ".r")):
        report.add(codes.NO_CLASS, at="spec.application.main", main=main)
    if main is not None and properties.is_local(main):
        report.add(codes.LOCAL_APPLICATION_FILE, at="spec.application.main", what="main resource", path=main)
    for name, what in _URI_FIELDS.items():
        for path, at in listed(conf, name):
            if properties.is_local(path):
                report.add(codes.LOCAL_APPLICATION_FILE, at=at, what=what, path=path)


def _check_known(job: SparkJob, conf: Properties, report: Report) -> None:
    for name, text in conf.items():
        at = conf.source(name)
        if at[:2] != ("spec", "conf"):
            continue
        known = properties.find(name) or registered.find(name)
        if known is None:
            if not stands_for_another(conf, name):
                _check_unknown(name, at, report)
            continue
        if known.type == registered.GONE:
            _check_outdated(known, job.version, at, report)
            continue
        if not known.known_in(job.version):
            when = f"gone since {known.removed}" if known.removed else f"since {known.since}"
            report.add(codes.PROPERTY_OF_OTHER_VERSION, at=at, property=name, version=job.version, when=when)
            continue
        if properties.client_only(name) and name not in _USED_HERE:
            report.add(codes.CLIENT_PROPERTY, at=at, property=name)
        reason = properties.check_value(known, text)
        if reason is not None and known.type != _REFERENCE:
            report.add(codes.BAD_PROPERTY, at=at, property=name, value=text, reason=reason)


def _check_unknown(name: str, at: Path, report: Report) -> None:
    """Under other prefixes than Spark's own on Kubernetes, libraries have properties too; but no misspelt ones."""
    if name.startswith("spark.kubernetes."):
        report.add(codes.UNKNOWN_PROPERTY, at=at, property=name, hint=properties.nearest_known(name))
    elif not name.startswith("spark."):
        values: dict[str, Any] = registered.unprefixed(name)
        report.add(codes.NO_SPARK_PROPERTY, at=at, property=name, **values)
    elif meant := registered.nearest(name):
        report.add(codes.UNKNOWN_PROPERTY, at=at, property=name, hint=f" (did you mean `{meant}`?)")


def _check_outdated(known: properties.Property, version: str, at: Path, report: Report) -> None:
    if known.known_in(version):
        heir = registered.successor(known.name)
        instead = f"; `{heir}` took its place" if heir else ""
        values: dict[str, Any] = {"property": known.name, "since": known.since.removesuffix(".0"), "instead": instead}
        report.add(codes.PROPERTY_OUTDATED, at=at, **values)


def _is_refused(conf: Properties, name: str) -> bool:
    """Whether the value of a property is told of as one of the wrong type, so that nothing more is to be said of it."""
    known = properties.find(name) if name in conf and conf.source(name)[:2] == ("spec", "conf") else None
    return known is not None and properties.check_value(known, conf[name]) is not None


def _check_submission(job: SparkJob, conf: Properties, report: Report) -> None:
    if "spark.driver.bindAddress" in conf:
        report.add(codes.BIND_ADDRESS, at=conf.source("spark.driver.bindAddress"))
    for name, reason in _REPLACED.items():
        if name in conf:
            report.add(codes.PROPERTY_REPLACED, at=conf.source(name), property=name, reason=reason)
    if not conf.get("spark.master", "k8s://").startswith("k8s://"):
        report.add(codes.OTHER_MASTER, at=conf.source("spark.master"), master=conf["spark.master"])
    if conf.get("spark.submit.deployMode", "cluster") != "cluster":
        mode = conf["spark.submit.deployMode"]
        report.add(codes.CLIENT_DEPLOY_MODE, at=conf.source("spark.submit.deployMode"), mode=mode)
    name = "spark.kerberos.principal"
    if job.proxy_user and conf.get(name):
        place = report.origin(conf.source(name))
        report.add(codes.PROXY_USER_AND_PRINCIPAL, at="spec.proxyUser", principal=called(conf, name), place=place)


def _check_numbers(conf: Properties, report: Report) -> None:
    for name in ("spark.driver.cores", "spark.executor.cores", "spark.executor.instances"):
        text = conf.get(name, "1")
        none_fixed = name.endswith("instances") and is_on(conf.get("spark.dynamicAllocation.enabled"))
        if _is_refused(conf, name):
            continue
        if properties.integer(text) is None or (int(text) <= 0 and not none_fixed):
            report.add(codes.NOT_POSITIVE, at=conf.source(name), property=name, value=text)
    for name in _PORTS:
        if _is_refused(conf, name):
            continue
        port = properties.integer(conf.get(name, str(_LOWEST_PORT)))
        executors_only = name == "spark.blockManager.port" and "spark.driver.blockManager.port" in conf
        by_chance = port == 0 and executors_only
        if port is None or not (_LOWEST_PORT <= port <= _HIGHEST_PORT or by_chance):
            report.add(codes.BAD_PORT, at=conf.source(name), property=name, value=conf[name])


def _check_metadata(conf: Properties, report: Report) -> None:
    for names in (DRIVER, EXECUTOR):
        for label in conf.prefixed(f"{names.kubernetes}label."):
            if label in properties.RESERVED_LABELS[names.role]:
                at = conf.source(f"{names.kubernetes}label.{label}")
                report.add(codes.RESERVED_LABEL, at=at, label=label, role=names.role)
        for variable, reference in conf.prefixed(f"{names.kubernetes}secretKeyRef.").items():
            name = f"{names.kubernetes}secretKeyRef.{variable}"
            known = properties.find(name)
            if known is not None and properties.check_value(known, reference) is not None:
                report.add(codes.BAD_SECRET_REFERENCE, at=conf.source(name), property=name, value=reference)


def _check_kerberos(job: SparkJob, conf: Properties, report: Report) -> None:
    for pair in _PAIRS:
        given = [name for name in pair if conf.get(name)]
        if len(given) == 1:
            other = next(name for name in pair if name not in given)
            by, at = called(conf, given[0]), conf.source(given[0])
            report.add(codes.HALF_A_PAIR, at=at, property=by, other=other if by == given[0] else pair[other])
    for one, other in _EITHER:
        if conf.get(one) and conf.get(other):
            _exclude(conf, called(conf, one), conf.source(one), other, report)
    if job.hadoop.files and conf.get("spark.kubernetes.hadoop.configMapName"):
        _exclude(conf, "hadoop.files", ("spec", "hadoop", "files"), "spark.kubernetes.hadoop.configMapName", report)


def _exclude(conf: Properties, one: str, at: Path, other: str, report: Report) -> None:
    """Tell at the field ``at``, which messages call ``one``, that it excludes the property ``other``."""
    place = report.origin(conf.source(other))
    report.add(codes.ONE_OR_THE_OTHER, at=at, one=one, other=called(conf, other), place=place)


def _check_devices(conf: Properties, report: Report) -> None:
    for role in ("driver", "executor"):
        prefix = f"spark.{role}.resource."
        for kind in sorted({name.partition(".")[0] for name in conf.prefixed(prefix)}):
            device = f"{prefix}{kind}"
            for reason in _device_faults(conf, device):
                report.add(codes.BAD_DEVICE, at=_first_source(conf, device), device=kind, reason=reason)
            _check_discovery(conf, device, kind, report)


def _check_discovery(conf: Properties, device: str, kind: str, report: Report) -> None:
    script = f"{device}.discoveryScript"
    wanted = properties.integer(conf.get(f"{device}.amount", "0"))
    if wanted and not conf.get(script) and not conf.get("spark.resources.discoveryPlugin"):
        report.add(codes.NO_DISCOVERY, at=_first_source(conf, device), device=kind, property=script)


def _device_faults(conf: Properties, device: str) -> Iterator[str]:
    amount = conf.get(f"{device}.amount")
    if amount is None:
        yield f"{device}.amount is missing"
    elif properties.integer(amount) is None or int(amount) < 0:
        yield f"the amount `{amount}` is not a whole number"
    elif int(amount) > 0 and not conf.get(f"{device}.vendor"):
        yield f"{device}.vendor is missing, for example nvidia.com"


def _first_source(conf: Properties, device: str) -> tuple[str | int, ...]:
    return conf.source(min(name for name in conf if f"{name}.".startswith(f"{device}.")))


def _check_steps(job: SparkJob, conf: Properties, report: Report) -> None:
    name = "spark.kubernetes.driver.pod.featureSteps"
    for step in items(conf.get(name)):
        if step == VOLCANO_STEP and job.scheduling.scheduler != "default":
            place = report.origin("spec.scheduling.scheduler")
            report.add(
                codes.ONE_OR_THE_OTHER, at=conf.source(name), one=name, other="scheduling.scheduler", place=place
            )
        elif step != VOLCANO_STEP:
            report.add(codes.UNKNOWN_STEP, at=conf.source(name), step=step)
        elif job.run.as_ != "pod":
            report.add(codes.STEP_NEEDS_POD, at=conf.source(name), kind=job.run.as_)


def _check_restarts(job: SparkJob, conf: Properties, report: Report) -> None:
    if job.run.as_ != "pod":
        for name in ("spark.kubernetes.driver.pod.name", "spark.kubernetes.executor.podNamePrefix"):
            if name in conf:
                report.add(codes.NAME_KNOWN_LATE, at=conf.source(name), property=name, kind=job.run.as_)
        _check_known_late(job, conf, report)
    what = job.application.class_ or main_of(job)
    if job.run.as_ == "deployment" and what and what not in SERVERS:
        report.add(codes.DEPLOYMENT_RESTARTS, at="spec.run.as", what=what)


def _check_known_late(job: SparkJob, conf: Properties, report: Report) -> None:
    for infix in ("label.", "annotation."):
        for name, text in conf.prefixed(DRIVER.kubernetes + infix).items():
            if "{{APP_ID}}" in text:
                property_name = f"{DRIVER.kubernetes}{infix}{name}"
                at = conf.source(property_name)
                report.add(codes.ID_KNOWN_LATE, at=at, property=property_name, kind=job.run.as_)
    for variable in (POD_NAME, POD_UID):
        given = [*conf.prefixed(DRIVER.environment), *(each["name"] for each in job.driver.env or [])]
        if variable.name in given:
            at = conf.source(DRIVER.environment + variable.name)
            report.add(codes.VARIABLE_RESERVED, at=at, name=variable.name, kind=job.run.as_)


def _check_allocation(conf: Properties, report: Report) -> None:
    name = "spark.dynamicAllocation.{}Executors".format
    bounds = [properties.integer(conf.get(name(end), "")) for end in ("min", "max")]
    if not is_on(conf.get("spark.dynamicAllocation.enabled")) or None in bounds:
        return
    low, high = (each or 0 for each in bounds)
    if low > high:
        place = report.origin(conf.source(name("max")))
        report.add(codes.BOUNDS_CROSSED, at=conf.source(name("min")), low=low, high=high, place=place)


_FACTORS = tuple(f"spark.{part}.memoryOverheadFactor" for part in ("kubernetes", "driver", "executor"))
_LARGE_FACTOR = 2.0


def _check_factors(conf: Properties, report: Report) -> None:
    for name in _FACTORS:
        known, text = properties.find(name), conf.get(name)
        if known and text and properties.check_value(known, text) is None and float(text) > _LARGE_FACTOR:
            report.add(codes.FACTOR_LIKE_PERCENTAGE, at=conf.source(name), property=called(conf, name), value=text)


def _check_names(job: SparkJob, conf: Properties, names: RoleNames, report: Report) -> None:
    role, at = (job.driver if names is DRIVER else job.executor), ("spec", names.role)
    others = _owned_volumes(conf, names, report) if role.volumes else {}
    for volume in role.volumes or []:
        field = (*at, "volumes", Item(volume["name"]))
        other = _volume_owner(volume["name"], role, others)
        if other:
            report.add(codes.VOLUME_NAME_TAKEN, at=field, name=volume["name"], other=other)
        if names is DRIVER and "perExecutor" in volume.get("claim", {}):
            report.add(codes.ONE_POD_ONLY, at=(*field, "claim", "perExecutor"))
    for variable in role.env or []:
        _check_variable(variable, conf, names, report)


def _volume_owner(name: str, role: Role, others: Mapping[str, str]) -> str:
    """Who else makes a volume called ``name``; empty when nobody does."""
    if name in SPARK_VOLUMES:
        return "Spark"
    return "localDirs" if name.startswith(LOCAL_DIR) and role.local_dirs is not None else others.get(name, "")


def _owned_volumes(conf: Properties, names: RoleNames, report: Report) -> dict[str, str]:
    """By name, what makes the volumes that properties ask for: secrets, or the first property of a volume."""
    found = {f"{name}-volume": "secrets" for name in conf.prefixed(f"{names.kubernetes}secrets.")}
    for key in conf:
        if key.startswith(f"{names.kubernetes}volumes.") and conf.source(key)[:2] == ("spec", "conf"):
            for name in key.split(".")[5:6]:
                found.setdefault(name, f"{key} ({report.origin(conf.source(key))})")
    return found


def _check_variable(variable: Mapping[str, Any], conf: Properties, names: RoleNames, report: Report) -> None:
    name = variable["name"]
    field: Path = ("spec", names.role, "env", Item(name))
    as_secret = secret_reference(variable) is not None
    said_by = {f"{names.kubernetes}secretKeyRef.": as_secret, names.environment: "valueFrom" not in variable}
    for prefix, own in said_by.items():
        if prefix + name in conf and not own:
            place = report.origin(conf.source(prefix + name))
            report.add(codes.VARIABLE_TWICE, at=field, name=name, role=names.role, other=prefix + name, place=place)


def check_template(app: Application, role: str, template: Mapping[str, Any], report: Report) -> None:
    """Say when the pod template does not go with the rest of the job."""
    containers = template.get("spec", {}).get("containers") or []
    _check_main_container(app, role, [str(each.get("name")) for each in containers], report)
    if app.job.ulimits and any("command" in each for each in _main_container(app, role, containers)):
        named = f"spark.kubernetes.{role}.podTemplateFile"
        template_at: Path = app.conf.source(named) if named in app.conf else ("spec", role, "template")
        report.add(codes.COMMAND_TAKEN, at="spec.ulimits", role=role, place=report.origin(template_at))


def _main_container(app: Application, role: str, containers: list[Any]) -> list[Any]:
    wanted = app.conf.get(f"spark.kubernetes.{role}.podTemplateContainerName")
    return [each for each in containers if wanted and each.get("name") == wanted] or containers[:1]


def _check_main_container(app: Application, role: str, containers: list[str], report: Report) -> None:
    name = f"spark.kubernetes.{role}.podTemplateContainerName"
    wanted = app.conf.get(name)
    if wanted and containers and wanted not in containers:
        near = nearest(wanted, containers)
        report.add(codes.NO_SUCH_CONTAINER, at=app.conf.source(name), container=wanted, first=containers[0], near=near)
