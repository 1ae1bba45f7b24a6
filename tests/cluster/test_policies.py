"""What policies and rules in CEL refuse offline is what the API server refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import yaml
from controlplane import Api, wait_until
from projects import JOB, Project

from openflow_render.checks import admission
from openflow_render.checks.admission import Policy, Refusal, Unknown
from openflow_render.checks.context import Context
from openflow_render.checks.rules import custom_resources
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.given import Given, Stated

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SETTLED_SECONDS = 60
PROBE = "probe"
"""A label by which each policy is asked about its own copies of the objects, and about no others."""

JOBS = (
    "{}",
    "{job: {spec: {run: {as: job}}}}",
    "{job: {spec: {run: {as: cronjob, schedule: '0 2 * * *'}}}}",
    "{job: {spec: {run: {as: deployment}}}}",
    "{job: {metadata: {labels: {team: data}}, spec: {security: {profile: restricted}}}}",
    """
    job:
      spec:
        image: other.example/spark:latest
        driver:
          hostNetwork: true
          nodeSelector: {disk: ssd}
          env: [{name: EMPTY, value: ""}, {name: STAGE, value: prod}]
          volumes:
            - {name: work, mountPath: /work, emptyDir: {}}
            - {name: host, mountPath: /host, hostPath: {path: /data}}
          sidecars:
            - name: logs
              image: registry.example/logs:1
              ports: [{containerPort: 9000}]
              livenessProbe: {httpGet: {path: /, port: 9000}}
              resources: {limits: {cpu: 1, memory: 1Gi}}
          tolerations: [{key: spot, operator: Exists}]
    """,
)

PODS = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
WORKLOADS = [
    {"apiGroups": ["apps", "batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["*"]},
]
EVERYTHING = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]

EXPRESSIONS: Sequence[tuple[list[Manifest], str]] = [
    (PODS, "object.spec.containers.all(c, c.image.startsWith('registry.example/'))"),
    (PODS, "!object.spec.containers.exists(c, c.image.endsWith(':latest') || !c.image.contains(':'))"),
    (
        PODS,
        "object.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && 'memory' in c.resources.limits)",
    ),
    (PODS, "object.spec.containers.all(c, c.resources.limits.memory != '')"),
    (PODS, "object.spec.containers.all(c, 'cpu' in c.resources.requests)"),
    (PODS, "!has(object.spec.hostNetwork) || !object.spec.hostNetwork"),
    (PODS, "!has(object.spec.hostNetwork)"),
    (PODS, "object.spec.hostNetwork == false"),
    (PODS, "has(object.spec.securityContext) && has(object.spec.securityContext.runAsNonRoot)"),
    (PODS, "object.spec.securityContext.runAsNonRoot == true"),
    (PODS, "object.spec.serviceAccountName != 'default'"),
    (PODS, "object.spec.serviceAccount == object.spec.serviceAccountName"),
    (PODS, "object.spec.restartPolicy == 'Never'"),
    (PODS, "object.spec.dnsPolicy == 'ClusterFirst' && object.spec.schedulerName == 'default-scheduler'"),
    (PODS, "object.spec.terminationGracePeriodSeconds <= 30"),
    (PODS, "object.spec.enableServiceLinks == true"),
    (PODS, "object.spec.priority == 0 && object.spec.preemptionPolicy == 'PreemptLowerPriority'"),
    (PODS, "object.spec.tolerations.all(t, t.operator == 'Exists')"),
    (PODS, "object.spec.tolerations.size() == 2"),
    (PODS, "has(object.spec.nodeSelector)"),
    (PODS, "object.spec.nodeSelector['disk'] == 'ssd'"),
    (PODS, "object.spec.volumes.all(v, !has(v.hostPath))"),
    (PODS, "object.spec.volumes.exists(v, has(v.projected))"),
    (PODS, "object.spec.volumes.filter(v, has(v.emptyDir)).all(v, v.name.startsWith('spark'))"),
    (PODS, "object.spec.volumes.filter(v, has(v.configMap)).all(v, v.configMap.defaultMode == 420)"),
    (PODS, "object.spec.containers.all(c, c.imagePullPolicy == 'Always')"),
    (PODS, "object.spec.containers.all(c, c.terminationMessagePolicy == 'File')"),
    (PODS, "object.spec.containers.all(c, c.ports.all(p, p.protocol == 'TCP'))"),
    (PODS, "object.spec.containers.all(c, !has(c.livenessProbe) || c.livenessProbe.timeoutSeconds > 1)"),
    (PODS, "object.spec.containers.all(c, !has(c.env) || c.env.all(e, has(e.value) || has(e.valueFrom)))"),
    (PODS, "object.spec.containers.map(c, c.name).exists(n, n == 'logs')"),
    (PODS, "object.spec.containers.size() < 2"),
    (PODS, "object.spec.containers.all(c, c.volumeMounts.exists_one(m, has(m.readOnly) && m.readOnly == true))"),
    (PODS, "object.metadata.name.matches('^[a-z0-9-]+$') && object.metadata.name.size() > 3"),
    (PODS, "object.metadata.namespace == request.namespace && request.operation == 'CREATE'"),
    (PODS, "request.kind.kind == 'Pod' && request.resource.resource == 'pods' && request.name == object.metadata.name"),
    (PODS, "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == request.namespace"),
    (PODS, "oldObject == null"),
    (PODS, "object.spec.containers[0].image.split(':')[1] != 'latest'"),
    (PODS, "object.spec.containers[0].image.lowerAscii() == object.spec.containers[0].image"),
    (PODS, "object.spec.containers[1].image == ''"),
    (PODS, "object.spec.containers[0].env.filter(e, e.name == 'STAGE').all(e, e.value == 'test')"),
    (PODS, "object.spec.terminationGracePeriodSeconds / 0 == 1"),
    (PODS, "'team' in object.metadata.labels"),
    (WORKLOADS, "object.metadata.labels.?team.hasValue()"),
    (WORKLOADS, "has(object.metadata.labels) && has(object.metadata.labels.team)"),
    (WORKLOADS, "!has(object.spec.replicas) || object.spec.replicas > 1"),
    (WORKLOADS, "!has(object.spec.suspend) || object.spec.suspend"),
    (WORKLOADS, "object.kind != 'Job' || (object.spec.backoffLimit < 6 && object.spec.parallelism == 1)"),
    (WORKLOADS, "object.kind != 'CronJob' || object.spec.concurrencyPolicy == 'Forbid'"),
    (WORKLOADS, "object.apiVersion == 'batch/v1'"),
    (EVERYTHING, "object.metadata.name.startsWith('etl')"),
    (EVERYTHING, "object.kind != 'Service' || object.spec.type == 'NodePort'"),
    (EVERYTHING, "object.kind != 'Service' || object.spec.ports.all(p, p.protocol == 'TCP' && p.targetPort == p.port)"),
    (EVERYTHING, "!has(object.immutable) || !object.immutable"),
    (EVERYTHING, "object.kind != 'ConfigMap' || object.data.all(k, object.data[k].size() < 200)"),
    (EVERYTHING, "object.kind != 'ConfigMap' || 'spark.properties' in object.data"),
    (PODS, "object.spec.containers.all(c, quantity(c.resources.requests.memory).isLessThan(quantity('1Gi')))"),
    (PODS, "request.userInfo.username != 'nobody'"),
    (PODS, "authorizer.group('').resource('pods').check('create').allowed()"),
]
"""What policies ask; of the last ones nobody can tell offline."""

OTHERS: Mapping[str, Manifest] = {
    "conditions": {
        "matchConditions": [
            {"name": "driver", "expression": "object.metadata.labels['spark-role'] == 'driver'"},
            {"name": "free", "expression": "!has(object.spec.hostNetwork)"},
        ],
        "validations": [{"expression": "false", "message": "no"}],
    },
    "failing-condition": {
        "matchConditions": [{"name": "a", "expression": "object.spec.nodeSelector.disk == 'ssd'"}],
        "validations": [{"expression": "true"}],
    },
    "ignored-failures": {
        "failurePolicy": "Ignore",
        "matchConditions": [{"name": "a", "expression": "object.spec.nodeSelector.disk == 'ssd'"}],
        "validations": [{"expression": "object.spec.containers[1].name != 'logs'"}],
    },
    "variables": {
        "variables": [
            {"name": "images", "expression": "object.spec.containers.map(c, c.image)"},
            {"name": "disk", "expression": "object.spec.nodeSelector.disk"},
            {"name": "foreign", "expression": "variables.images.filter(i, !i.startsWith('registry.example/'))"},
        ],
        "validations": [
            {"expression": "variables.foreign.size() == 0"},
            {"expression": "!has(object.spec.nodeSelector) || variables.disk == 'nvme'"},
        ],
    },
    "failing-variable": {
        "variables": [{"name": "disk", "expression": "object.spec.nodeSelector.disk"}],
        "validations": [{"expression": "variables.disk == 'ssd'"}],
    },
    "excluded": {
        "matchConstraints": {
            "resourceRules": EVERYTHING,
            "excludeResourceRules": [{**EVERYTHING[0], "resources": ["configmaps", "cronjobs", "pods"]}],
        },
        "validations": [{"expression": "false"}],
    },
    "other-operation": {
        "matchConstraints": {"resourceRules": [{**EVERYTHING[0], "operations": ["UPDATE", "DELETE"]}]},
        "validations": [{"expression": "false"}],
    },
    "by-name": {
        "matchConstraints": {"resourceRules": [{**EVERYTHING[0], "resourceNames": ["etl"]}]},
        "validations": [{"expression": "false"}],
    },
    "subresources": {
        "matchConstraints": {"resourceRules": [{**EVERYTHING[0], "resources": ["pods/*", "services/status"]}]},
        "validations": [{"expression": "false"}],
    },
    "of-clusters": {
        "matchConstraints": {"resourceRules": [{**EVERYTHING[0], "scope": "Cluster"}]},
        "validations": [{"expression": "false"}],
    },
}


def policies(namespace: str) -> dict[str, tuple[Manifest, Manifest]]:
    """Each policy with its binding, which is about one namespace and one probe."""
    specs: dict[str, Manifest] = {
        f"p{number}": {"matchConstraints": {"resourceRules": rules}, "validations": [{"expression": text}]}
        for number, (rules, text) in enumerate(EXPRESSIONS)
    }
    specs |= {name: {"matchConstraints": {"resourceRules": PODS}, **spec} for name, spec in OTHERS.items()}
    return {name: (_policy(f"{namespace}-{name}", spec), _binding(namespace, name)) for name, spec in specs.items()}


def _policy(name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def _binding(namespace: str, name: str) -> Manifest:
    only = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "objectSelector": {"matchExpressions": [{"key": PROBE, "operator": "In", "values": [name]}]},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": f"{namespace}-{name}"},
        "spec": {"policyName": f"{namespace}-{name}", "validationActions": ["Deny"], "matchResources": only},
    }


@pytest.fixture
def installed(api: Api, namespace: str) -> Iterator[dict[str, tuple[Manifest, Manifest]]]:
    wanted = policies(namespace)
    for policy, binding in wanted.values():
        api.post(f"{ADMISSION}/validatingadmissionpolicies", policy)
        api.post(f"{ADMISSION}/validatingadmissionpolicybindings", binding)
    yield wanted
    for policy, _ in wanted.values():
        name = policy["metadata"]["name"]
        api.delete(f"{ADMISSION}/validatingadmissionpolicybindings/{name}")
        api.delete(f"{ADMISSION}/validatingadmissionpolicies/{name}")


def rendered(project: Project, namespace: str) -> list[Manifest]:
    """The objects of several jobs, each once."""
    found: dict[str, Manifest] = {}
    for number, spec in enumerate(JOBS):
        overlay = {"apiVersion": "openflow.io/v1", "kind": "Overlay", "spec": yaml.safe_load(spec)}
        job = JOB.replace("namespace: data", f"namespace: {namespace}")
        project.write({"job.yaml": job, "o.yaml": yaml.safe_dump(overlay)})
        result = project.openflow("render", "job.yaml", "-o", "./o.yaml")
        for manifest in yaml.safe_load_all(result.stdout):
            if manifest["kind"] in PATHS:
                found.setdefault(f"{number}/{manifest['kind']}/{manifest['metadata']['name']}", manifest)
    return list(found.values())


PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Service": "/api/v1/namespaces/{}/services",
}


def by_server(api: Api, namespace: str, name: str, objects: Sequence[Manifest]) -> list[bool]:
    """Whether the API server takes each of ``objects``."""

    def taken(manifest: Manifest) -> bool:
        answer = api.post(f"{PATHS[manifest['kind']].format(namespace)}?dryRun=All", manifest, check=False)
        assert answer["kind"] != "Status" or "ValidatingAdmissionPolicy" in answer["message"], answer
        return bool(answer["kind"] != "Status")

    with ThreadPoolExecutor(4) as sending:
        return list(sending.map(taken, [probed(each, name) for each in objects]))


def probed(manifest: Manifest, name: str) -> Manifest:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), PROBE: name}}}


def offline(
    policy: Manifest, binding: Manifest, namespace: str, name: str, objects: Sequence[Manifest]
) -> list[bool | None]:
    """Whether we take each of ``objects``; ``None`` when we cannot tell."""
    here = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    given = Given(Stated(each, Origin("")) for each in (policy, binding, here))

    def taken(manifest: Manifest) -> bool | None:
        bundle = Bundle("etl", namespace, [Resource(probed(manifest, name))])
        [candidate, *_] = admission.candidates(bundle)
        asked = Policy(*(Stated(each, Origin("")) for each in (policy, binding)))
        found = list(admission.verdicts(asked, [candidate], admission.World(bundle, given)))
        if any(isinstance(each, Refusal) for each in found):
            return False
        return None if any(isinstance(each, Unknown) for each in found) else True

    return [taken(each) for each in objects]


def test_policies_refuse_offline_what_the_api_server_refuses(
    api: Api, namespace: str, project: Project, installed: dict[str, tuple[Manifest, Manifest]]
):
    api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "etl"}})
    objects = rendered(project, namespace)
    ours = {name: offline(*pair, namespace, name, objects) for name, pair in installed.items()}

    def differing() -> dict[str, list[str]]:
        """The policies on which the server is of another mind."""
        server = {name: by_server(api, namespace, name, objects) for name in installed}
        return {
            name: [
                f"{each['kind']}: {mine} {theirs}" for each, mine, theirs in zip(objects, ours[name], of, strict=True)
            ]
            for name, of in server.items()
            if any(mine is not None and mine != theirs for mine, theirs in zip(ours[name], of, strict=True))
        }

    # The server gets to know policies one after the other, so what it takes at first says nothing.
    with suppress(TimeoutError):
        wait_until(lambda: not differing(), "the server knows all policies", SETTLED_SECONDS, pause=1)

    assert differing() == {}
    verdicts = [verdict for each in ours.values() for verdict in each]
    unsure = {name for name, each in ours.items() if None in each}
    assert len(objects) > 15
    assert verdicts.count(False) > 80
    assert verdicts.count(True) > 300
    assert unsure == {f"p{number}" for number, (_, text) in enumerate(EXPRESSIONS) if _is_unknown(text)}


def _is_unknown(text: str) -> bool:
    return any(word in text for word in ("quantity(", "userInfo", "authorizer", ".?"))


# --- rules of CustomResourceDefinitions ---

RULES = {
    "spec": [
        {"rule": "self.min <= self.max", "message": "min is over max"},
        {"rule": "!has(self.name) || self.name.startsWith('a')", "messageExpression": "'name is ' + self.name"},
        {"rule": "self.items.all(i, i.weight > 0)"},
        {"rule": "self.labels.all(k, self.labels[k] != 'no')"},
        {"rule": "self.max == oldSelf.max", "message": "max may not change"},
        {"rule": "self.items.exists_one(i, i.main)"},
    ],
    "item": [{"rule": "self.weight % 2 == 0 || self.main", "message": "odd"}],
    "name": [{"rule": "self.size() < 5"}],
}
VALID = {"max": 5, "items": [{"weight": 2, "main": True}]}
OBJECTS: Sequence[Manifest] = [
    VALID,
    {**VALID, "min": 6},
    {**VALID, "name": "abc"},
    {**VALID, "name": "bbc"},
    {**VALID, "name": "abcdef"},
    {**VALID, "items": [{"weight": 3, "main": True}]},
    {**VALID, "items": [{"weight": 3}, {"weight": 2, "main": True}]},
    {**VALID, "items": [{"weight": 0, "main": True}]},
    {**VALID, "items": [{"main": True}]},
    {**VALID, "items": []},
    {**VALID, "items": [{"weight": 2, "main": True}, {"weight": 4, "main": True}]},
    {**VALID, "labels": {"a": "yes"}},
    {**VALID, "labels": {"a": "yes", "b": "no"}},
    {**VALID, "max": 0},
]


def definition(group: str) -> Manifest:
    item = {
        "type": "object",
        "properties": {"weight": {"type": "integer", "default": 2}, "main": {"type": "boolean", "default": False}},
        "x-kubernetes-validations": RULES["item"],
    }
    spec = {
        "type": "object",
        "properties": {
            "min": {"type": "integer", "default": 1},
            "max": {"type": "integer"},
            "name": {"type": "string", "maxLength": 20, "x-kubernetes-validations": RULES["name"]},
            "items": {"type": "array", "maxItems": 5, "items": item},
            "labels": {
                "type": "object",
                "default": {},
                "maxProperties": 5,
                "additionalProperties": {"type": "string", "maxLength": 5},
            },
        },
        "x-kubernetes-validations": RULES["spec"],
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"probes.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Probe", "listKind": "ProbeList", "plural": "probes", "singular": "probe"},
            "versions": [version],
        },
    }


def test_definitions_refuse_offline_what_the_api_server_refuses(api: Api, namespace: str):
    group = f"{namespace}.example"
    stated = definition(group)
    api.post(DEFINITIONS, stated)
    path = f"/apis/{group}/v1/namespaces/{namespace}/probes"
    wait_until(lambda: isinstance(api.get(path, check=False), dict) and "items" in api.get(path, check=False), "served")
    objects = [
        {"apiVersion": f"{group}/v1", "kind": "Probe", "metadata": {"name": "p", "namespace": namespace}, "spec": spec}
        for spec in OBJECTS
    ]

    server = [messages_of(api.post(f"{path}?dryRun=All", each, check=False)) for each in objects]

    ours = [refused(stated, each) for each in objects]
    api.delete(f"{DEFINITIONS}/probes.{group}")
    assert ours == server
    assert server.count([]) > 3


def messages_of(answer: Any) -> list[str]:
    """The fields that an answer is about; none when it is no refusal."""
    causes = answer.get("details", {}).get("causes", ()) if answer["kind"] == "Status" else ()
    return sorted(each["field"] for each in causes)


def refused(stated: Manifest, manifest: Manifest) -> list[str]:
    report = Report(lambda _: Origin(""))
    given = Given([Stated(stated, Origin(""))])
    custom_resources.check(Bundle("p", "data", [Resource(manifest)]), Context(given=given), report)
    return sorted(found.message.partition("`")[2].partition("`")[0] for found in report)
