"""Compiling Spark jobs in tests: a baseline job, and what is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from openflow_render.checks.pods import pods
from openflow_render.compile import Settings, compile_job
from openflow_render.core import paths
from openflow_render.core.report import Origin, Rejected, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.engines.spark import javaproperties
from openflow_render.source.load import load
from openflow_render.spec import schema

BASELINE = """
apiVersion: openflow.io/v1
kind: Job
metadata: {name: etl, namespace: data}
spec:
  engine: spark
  version: "4.3.0"
  image: registry.example/spark:4.3.0
  application: {main: "local:///opt/app.jar", class: example.Main}
  driver: {serviceAccount: etl}
  run: {rerun: never}
"""

REMOVED = "(removed)"
CONTAINERS = ("spark-kubernetes-driver", "spark-kubernetes-executor")

Changes = dict[str, Any]


class Compiled:
    """What came of a job: its objects by kind and name, and its findings."""

    def __init__(self, bundle: Bundle | None, report: Report) -> None:
        self.objects = {str(each.key): each.manifest for each in bundle if not each.preview} if bundle else {}
        self.findings = list(report)

    @property
    def found(self) -> list[str]:
        """Every finding: where it stands, its code, what it says."""
        return [f"{each.origin.line}: {each.code.id} {each.message}" for each in self.findings]

    def one(self, kind: str) -> Manifest:
        """The only object of ``kind``."""
        [found] = [manifest for manifest in self.objects.values() if manifest["kind"] == kind]
        return found

    @property
    def pod(self) -> dict[str, Any]:
        """The specification of the driver pod, whatever object holds it."""
        bundle = Bundle("", "", [Resource(manifest) for manifest in self.objects.values()])
        [found] = pods(bundle)
        return found.spec

    @property
    def properties(self) -> dict[str, str]:
        """What the driver's spark.properties say."""
        return properties_in(self._data("spark.properties"))

    @property
    def executor(self) -> dict[str, Any]:
        """The executors' pod template."""
        return dict(yaml.safe_load(self._data("podspec-configmap-key")))

    def _data(self, key: str) -> str:
        [text] = [each["data"][key] for each in self.objects.values() if key in each.get("data", {})]
        return str(text)


def properties_in(text: str) -> dict[str, str]:
    return javaproperties.read(text)


Compile = Callable[..., Compiled]
Change = Callable[..., Changes]


def compiled(path: str, overlays: Sequence[str] = (), settings: Settings | None = None) -> Compiled:
    """What comes of the only job at ``path``."""
    report = Report(lambda at: Origin(paths.show(at)))

    def check_overlay(document: Any, found: Report) -> bool:
        return schema.check_overlay(document.value, found, document.key_origin)

    [source] = load([path], overlays, [], {}, types=schema.types_at, check_overlay=check_overlay, report=report)
    inner = Report(source.origin)
    inner.findings += report.findings
    try:
        bundle = compile_job(source, settings or Settings(), inner)
    except Rejected:
        bundle = None
    return Compiled(bundle, inner)


def parts(manifests: Any) -> Iterator[tuple[str, Any]]:
    for manifest in manifests:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        data = manifest.get("data", {})
        if kind == "Pod":
            yield from pod_parts("", manifest, CONTAINERS[0])
        elif "podspec-configmap-key" in data:
            yield from pod_parts("executor ", yaml.safe_load(data["podspec-configmap-key"]), CONTAINERS[1])
        elif "spark.properties" in data:
            yield "property", properties_in(known(data["spark.properties"]))
            yield f"{kind}/{name}", {**manifest, "data": {**data, "spark.properties": "..."}}
        else:
            yield f"{kind}/{name}", known(manifest)


def pod_parts(prefix: str, pod: Manifest, main: str) -> Iterator[tuple[str, Any]]:
    pod = known(pod)
    containers = pod.get("spec", {}).get("containers", [])
    others = [each for each in containers if each["name"] != main]
    spec = {**pod.get("spec", {}), "containers": others}
    yield f"{prefix}pod", {**pod, "spec": {key: value for key, value in spec.items() if value != []}}
    yield from ((f"{prefix}container", each) for each in containers if each["name"] == main)


def known(value: Any) -> Any:
    """``value`` with the application id, which any change changes, written in one way."""
    if isinstance(value, str):
        return re.sub(r"spark-[0-9a-f]{32}", "spark-ID", value)
    if isinstance(value, dict):
        return {key: known(below) for key, below in value.items()}
    return [known(below) for below in value] if isinstance(value, list) else value


def difference(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    found: Changes = {}
    for name in dict.fromkeys([*before, *after]):
        for path, value in _differing(before.get(name, {}), after.get(name), ()):
            found[f"{name} {paths.show(path)}".strip()] = value
    return found


def _differing(before: Any, after: Any, path: paths.Path) -> Iterator[tuple[paths.Path, Any]]:
    if after is None:
        yield path, REMOVED
        return
    one, other = ({each[-1]: value for each, value in paths.children(path, tree)} for tree in (before, after))
    if type(before) is not type(after) or not (one and other) or (isinstance(after, list) and 0 in {*one, *other}):
        if before != after:
            yield path, after
        return
    for key in dict.fromkeys([*one, *other]):
        if key not in one:
            yield (*path, key), other[key]
        else:
            yield from _differing(one[key], other.get(key), (*path, key))
