"""Volumes said in properties, ``spark.kubernetes.<role>.volumes.<type>.<name>.…``.

Sources: `KubernetesVolumeUtils`, `MountVolumesFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.report import Code, Report, closest, nearest
from openflow_render.core.watch import Properties
from openflow_render.engines.spark.app import is_on
from openflow_render.engines.spark.conf import EXECUTOR, RoleNames
from openflow_render.engines.spark.release import Release

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "hostPath": ("path",),
    "emptyDir": (),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
}

ON_DEMAND = "OnDemand"
EXECUTOR_ID = "SPARK_EXECUTOR_ID"


class Volume(NamedTuple):
    """One volume of a role and its mount. ``options`` are those of its type, ``number`` its place among the role's."""

    kind: str
    name: str
    number: int
    mount: Mapping[str, str]
    options: Mapping[str, str]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def read_only(self) -> bool:
        return is_on(self.mount.get("readOnly"))

    @property
    def creates_claim(self) -> bool:
        """Whether spark-submit makes the claim: when a class and a size are given, whatever the claim's name."""
        return self.kind == "persistentVolumeClaim" and {"storageClass", "sizeLimit"} <= set(self.options)

    @property
    def on_demand(self) -> bool:
        """Whether the claim's name is made for the pod."""
        return ON_DEMAND in self.options.get("claimName", "")

    def claim_name(self, on_demand: str) -> str:
        """The claim's name, ``on_demand`` put in for every `OnDemand` that stands in it."""
        return self.options["claimName"].replace(ON_DEMAND, on_demand)

    def source(self, on_demand: str, release: Release) -> dict[str, Any]:
        """The Kubernetes volume source."""
        match self.kind:
            case "hostPath":
                kind = self.options.get("type") if release.volume_details else None
                return {"hostPath": without_empty(path=self.options["path"], type=kind)}
            case "emptyDir":
                return {
                    "emptyDir": without_empty(
                        medium=self.options.get("medium"), sizeLimit=self.options.get("sizeLimit")
                    )
                }
            case "nfs":
                return {"nfs": {"server": self.options["server"], "path": self.options["path"]}}
        claim = without_empty(claimName=self.claim_name(on_demand), readOnly=self.read_only)
        return {"persistentVolumeClaim": claim}

    def volume_mount(self, release: Release) -> dict[str, Any]:
        """The mount in the main container."""
        expression = self.mount.get("subPathExpr") if release.volume_details else None
        return without_empty(
            name=self.name,
            mountPath=self.mount["path"],
            readOnly=self.read_only,
            subPath=self.mount.get("subPath"),
            subPathExpr=expression,
        )


def without_empty(**fields: Any) -> dict[str, Any]:
    """The fields that say something; Spark sends empty strings and ``false``, which mean the same as nothing."""
    return {key: value for key, value in fields.items() if value}


def volumes(conf: Properties, names: RoleNames) -> list[Volume]:
    """The role's volumes in sorted order; incomplete ones are left to `check_volumes`.

    Of executors those of the first are meant, whose id takes the place of the token for it.
    """
    grouped: dict[tuple[str, str], dict[str, str]] = {}
    for key, value in conf.prefixed(f"{names.kubernetes}volumes.").items():
        kind, _, rest = key.partition(".")
        name, _, option = rest.partition(".")
        grouped.setdefault((kind, name), {})[option] = value.replace(EXECUTOR_ID, "1") if names is EXECUTOR else value
    return [
        Volume(kind, name, number, *(_under(given, part) for part in ("mount.", "options.", "label.", "annotation.")))
        for number, ((kind, name), given) in enumerate(sorted(grouped.items()))
        if kind in _REQUIRED and "mount.path" in given and all(f"options.{each}" in given for each in _REQUIRED[kind])
    ]


def _under(given: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}


def check_volumes(conf: Properties, names: RoleNames, release: Release, report: Report) -> None:
    """Refuse what spark-submit refuses about the role's volume properties."""
    prefix = f"{names.kubernetes}volumes."
    keys = sorted(key for key in conf if key.startswith(prefix))
    known: dict[str, _Given] = {}
    for key in keys:
        kind, volume = _volume_of(key, prefix)
        given = known.setdefault(volume, _Given(volume, kind, []))
        if key.startswith(volume):
            given.keys.append(key)
    for key in keys:
        for code, words in _faults(conf, key, known[_volume_of(key, prefix)[1]], release):
            if "other" in words:
                words["place"] = report.origin(conf.source(words["other"]))
            report.add(code, at=conf.source(key), property=key, **words)


class _Given(NamedTuple):
    """What is given of one volume: how its properties begin, its kind, and their names in order."""

    volume: str
    kind: str
    keys: list[str]


def _volume_of(key: str, prefix: str) -> tuple[str, str]:
    """The kind of the volume that ``key`` is of, and how its properties begin."""
    kind, _, rest = key.removeprefix(prefix).partition(".")
    return kind, f"{prefix}{kind}.{rest.partition('.')[0]}."


def stands_for_another(conf: Properties, key: str) -> bool:
    """Whether `check_volumes` tells that ``key`` may be meant for a property that its volume lacks."""
    words = key.split(".")
    if len(words) < 7 or words[3] != "volumes" or words[4] not in _REQUIRED:
        return False
    volume = ".".join((*words[:6], ""))
    given = _Given(volume, words[4], [each for each in conf if each.startswith(volume)])
    return key == volume + _missing(given)[1]


def _missing(given: _Given) -> tuple[str, str]:
    """What the volume lacks first, and what may be meant for it; empty where there is none."""
    names = [key.removeprefix(given.volume) for key in given.keys]
    wanted = ["mount.path", *(f"options.{option}" for option in _REQUIRED[given.kind])]
    missing = next((name for name in wanted if name not in names), "")
    return missing, closest(missing, [name for name in names if name not in wanted]) if missing else ""


def _is_shared(key: str, name: str) -> bool:
    """Whether every executor would make the claim under one name."""
    own = ON_DEMAND in name or EXECUTOR_ID in name
    return key.startswith(EXECUTOR.kubernetes) and not own


def _faults(conf: Properties, key: str, given: _Given, release: Release) -> Iterator[tuple[Code, dict[str, Any]]]:
    volume, kind, keys = given
    is_first = key == (keys[0] if keys else key)
    if kind not in _REQUIRED:
        if is_first:
            known = ", ".join(sorted(_REQUIRED))
            yield codes.UNKNOWN_VOLUME_TYPE, {"kind": kind, "near": nearest(kind, _REQUIRED), "known": known}
        return
    missing, meant = _missing(given) if is_first else ("", "")
    if missing:
        instead = f"; you may have meant it by `{volume}{meant}`" if meant else ""
        yield codes.VOLUME_INCOMPLETE, {"missing": volume + missing, "instead": instead}
    made = {f"{volume}options.storageClass", f"{volume}options.sizeLimit"} <= {*keys}
    if key == f"{volume}options.claimName" and ON_DEMAND in conf[key] and not made:
        yield codes.CLAIM_OF_NOBODY, {}
    elif key == f"{volume}options.claimName" and made and _is_shared(key, conf[key]):
        yield codes.CLAIM_NAME_SHARED, {"name": conf[key]}
    if key.endswith("mount.subPathExpr") and volume + "mount.subPath" in conf:
        yield codes.TWO_SUB_PATHS, {"other": volume + "mount.subPath"}
    size = conf[key] if key == f"{volume}options.sizeLimit" else ""
    if release.volume_details and size.isascii() and size.isdigit() and len(size) < 20 and int(size) < 1024:
        yield codes.SIZE_WITHOUT_UNIT, {"value": size}
