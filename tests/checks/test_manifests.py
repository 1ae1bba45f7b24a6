"""Further manifests of a target are checked as the objects of jobs are, and count as there for both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit
from openflow_render.source import reader

QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: data}\nspec: {hard: {pods: '%s'}}\n"
ORDINARY = (Path(__file__).parent / "ordinary_manifests.yaml").read_text(encoding="utf-8")


def a_project(
    project: Project, manifests: str, target: str = "", spec: str = "", job: str = JOB, given: str = ""
) -> None:
    """A target `prod` with a job and ``manifests``, and more fields of target and project; ``given`` is the cluster."""
    named = ", given: [cluster.yaml]" if given else ""
    targets = f"targets: {{prod: {{out: deploy, manifests: [more]{named}{target}}}}}"
    head = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: shop}\nspec:\n"
    project.write({"openflow.yaml": f"{head}{spec}  {targets}\n", "jobs/etl.yaml": job, "more/it.yaml": manifests})
    if given:
        project.write({"cluster.yaml": given})


def told(project: Project, *arguments: str) -> list[str]:
    """A text for each finding: severity, code, and place."""
    result = project.openflow("validate", "--target", "prod", "--report", "json", *arguments)
    found = json.loads(result.stdout)["findings"]
    return [f"{each['severity']} {each['code']} {each['file']}:{each['line']}:{each['column']}" for each in found]


def config_map(name: str, data: str = "{}", namespace: str = ", namespace: data") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{namespace}}}\ndata: {data}\n"


def deployment(pod: str, name: str = "cache", namespace: str = ", namespace: data") -> str:
    """A Deployment with more fields of its pod, in line 8."""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}{namespace}}}
spec:
  selector: {{matchLabels: {{app: cache}}}}
  template:
    metadata: {{labels: {{app: cache}}}}
    spec: {{{pod}}}
"""


def using(reference: str) -> str:
    return deployment(f'containers: [{{name: c, image: "redis:7.2", envFrom: [{{{reference}}}]}}]')


# --- what is found ---


def test_ordinary_manifests_of_many_kinds_have_nothing_wrong_in_them(project: Project):
    a_project(project, ORDINARY)

    assert told(project, "--strict") == []


@pytest.mark.parametrize("minor", ["1.25", "1.37"])
def test_so_it_is_in_other_versions_of_kubernetes(project: Project, minor: str):
    a_project(project, ORDINARY, target=f', kubernetes: "{minor}"')

    assert told(project, "--strict") == []


BAD_JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: clean, namespace: data}
spec:
  template:
    spec:
      restartPolicy: Always
      containers: [{name: c, image: "busybox:1.36"}]
"""
PORTS = """\
apiVersion: v1
kind: Service
metadata: {name: out, namespace: data}
spec:
  type: NodePort
  ports:
    - {port: 80, nodePort: 99999}
"""


@pytest.mark.parametrize(
    ("manifest", "finding"),
    [
        pytest.param(BAD_JOB, "OF416 more/it.yaml:7:22", id="restart policy"),
        pytest.param(
            deployment("containers: []").replace("apps/v1", "extensions/v1beta1"),
            "OF417 more/it.yaml:1:13",
            id="removed version",
        ),
        pytest.param(
            deployment('containers: [{name: c, image: "redis:7.2"}]').replace("spec:\n", "spec:\n  replica: 2\n", 1),
            "OF401 more/it.yaml:5:3",
            id="typo in a field",
        ),
        pytest.param(PORTS, "OF518 more/it.yaml:7:28", id="node port"),
        pytest.param(config_map("conf", "{n: 3}"), "OF403 more/it.yaml:4:11", id="number in a ConfigMap"),
        pytest.param(config_map("Conf"), "OF410 more/it.yaml:3:18", id="name"),
        pytest.param(
            deployment('containers: [{name: c, image: "redis:7.2", volumeMounts: [{name: d, mountPath: /d}]}]'),
            "OF504 more/it.yaml:8:77",
            id="mount without a volume",
        ),
    ],
)
def test_what_the_api_server_would_refuse_is_found_at_its_place_and_nothing_is_written(
    project: Project, manifest: str, finding: str
):
    a_project(project, manifest)

    rendered = project.openflow("render", "--target", "prod")

    assert f"error {finding}" in told(project)
    code, place = finding.split()
    assert rendered.exit_code == Exit.REFUSED
    assert f"{place}: error {code}: " in rendered.stderr
    assert not (project.folder / "deploy").exists()


def test_each_document_has_its_own_place(project: Project):
    a_project(project, f"{config_map('a')}---\n{config_map('b', '{n: 3}')}")

    assert told(project) == ["error OF403 more/it.yaml:9:11"]


def test_what_is_wrong_with_one_manifest_keeps_none_from_being_checked(project: Project):
    a_project(project, f"{config_map('a', '{n: 3}')}---\n{BAD_JOB}")

    assert told(project) == ["error OF403 more/it.yaml:4:11", "error OF416 more/it.yaml:12:22"]


def test_they_are_checked_for_the_kubernetes_of_the_target(project: Project):
    pod = 'hostUsers: false, containers: [{name: c, image: "redis:7.2"}], resources: {requests: {cpu: 1}}'
    a_project(project, deployment(pod), target=', kubernetes: "1.30"')

    assert "error OF402 more/it.yaml:8:75" in told(project)


def test_a_kind_of_kubernetes_in_a_version_that_there_is_not_is_told_of(project: Project):
    a_project(project, config_map("conf").replace("v1", "v2"))

    assert told(project) == ["warning OF406 more/it.yaml:1:13"]


def test_what_the_api_server_ignores_of_an_exported_manifest_is_fine_and_what_it_refuses_is_told_of(project: Project):
    added = "{name: conf, namespace: data, creationTimestamp: '2026-01-01T00:00:00Z', generation: 2, uid: a-b}"
    exported = config_map("conf").replace("{name: conf, namespace: data}", added) + "status: {phase: Active}\n"
    a_project(project, exported)

    assert told(project) == ["error OF408 more/it.yaml:3:104"]


def test_a_kind_of_others_that_is_called_as_one_of_kubernetes_is_left_as_it_is(project: Project):
    a_project(project, PORTS.replace("apiVersion: v1", "apiVersion: serving.knative.dev/v1"))

    assert told(project) == []


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      served: true
      schema: {openAPIV3Schema: {properties: {spec: {x-kubernetes-validations: [{rule: self.size < 3}]}}}}
"""


@pytest.mark.parametrize(
    ("thing", "findings"),
    [
        ("apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\nspec: {size: 2}\n", []),
        (
            "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\nspec: {size: 4}\n",
            ["error OF744 more/it.yaml:4:1"],
        ),
        (
            "apiVersion: example.org/v2\nkind: Thing\nmetadata: {name: a}\nspec: {size: 2}\n",
            ["error OF419 more/it.yaml:1:13"],
        ),
        ("apiVersion: example.org/v1\nkind: Other\nmetadata: {name: a}\nspec: {size: 4}\n", []),
    ],
)
def test_custom_resources_are_held_to_definitions_that_are_given(project: Project, thing: str, findings: list[str]):
    a_project(project, thing, given=DEFINITION)

    assert told(project) == findings


def test_what_the_namespace_enforces_holds_for_them_wherever_the_namespace_is_written(project: Project):
    labels = "{pod-security.kubernetes.io/enforce: baseline}"
    home = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: lake, labels: {labels}}}\n---\n"
    pod = 'hostNetwork: true, containers: [{name: c, image: "redis:7.2"}]'
    a_project(project, home + deployment(pod, namespace=", namespace: lake"))

    assert told(project) == ["error OF607 more/it.yaml:12:25"]


def test_policies_that_are_given_hold_for_them(project: Project):
    policy = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
  validations: [{expression: object.spec.replicas < 3}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [Deny]}
"""
    many = deployment('containers: [{name: c, image: "redis:7.2"}]').replace("spec:\n", "spec:\n  replicas: 9\n", 1)
    a_project(project, many, given=policy)

    assert told(project) == ["error OF740 more/it.yaml:5:13"]


@pytest.mark.parametrize(
    ("manifest", "findings"),
    [
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: data, labels: [x]}\n", ["error OF403 more/it.yaml:3:24"]),
        ("apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: data}\nspec: null\n", []),
        (
            f"{deployment('containers: []')}---\n{QUOTA % 9}",
            ["error OF415 more/it.yaml:8:12"],
        ),
    ],
    ids=["labels", "nothing", "no container"],
)
def test_what_is_odd_is_told_of_and_no_rule_trips_over_it(project: Project, manifest: str, findings: list[str]):
    a_project(project, manifest)

    assert told(project) == findings


def test_data_that_sops_has_encrypted_is_not_judged(project: Project):
    mac = "sops: {mac: 'ENC[AES256_GCM,data:a]'}\n"
    secret = STORE + "stringData: {k: 'ENC[AES256_GCM,data:b]'}\n"
    whole = BAD_JOB.replace("Always", "'ENC[AES256_GCM,data:c]'")
    a_project(project, f"{secret}{mac}---\n{whole}{mac}")

    assert told(project, "--strict") == []


def test_nobody_is_shown_a_line_of_a_secret(project: Project):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: data}\ndata: {a key: hunter2=}\n"
    a_project(project, secret)

    result = project.openflow("validate", "--target", "prod")

    assert "more/it.yaml:4: error OF413" in result.stderr
    assert "hunter2" not in result.stderr


# --- what the project says of findings ---

MOVES = deployment('containers: [{name: c, image: "redis:latest"}]')


@pytest.mark.parametrize(
    ("spec", "finding"),
    [
        ("", "warning OF620 more/it.yaml:8:42"),
        ("  checks: {OF620: error}\n", "error OF620 more/it.yaml:8:42"),
        ("  ignore: [{code: OF620, object: Deployment/cache, reason: a toy}]\n", "note OF620 more/it.yaml:8:42"),
        ("  ignore: [{code: OF620, object: Deployment/other, reason: a toy}]\n", "warning OF620 more/it.yaml:8:42"),
        ("  ignore: [{code: OF620, job: data/etl, reason: a toy}]\n", "warning OF620 more/it.yaml:8:42"),
    ],
)
def test_findings_weigh_what_the_project_says(project: Project, spec: str, finding: str):
    a_project(project, MOVES, spec=spec)

    assert told(project) == [finding]


def test_strict_takes_warnings_as_errors(project: Project):
    a_project(project, MOVES)

    result = project.openflow("render", "--target", "prod", "--strict")

    assert result.exit_code == Exit.REFUSED
    assert "more/it.yaml:8:42: error OF620" in result.stderr
    assert not (project.folder / "deploy").exists()


def test_an_entry_for_manifests_is_no_idle_one(project: Project):
    a_project(project, MOVES, spec="  ignore: [{code: OF620, object: Deployment/cache, reason: a toy}]\n")

    result = project.openflow("validate", "--all-targets", "--strict")

    assert (result.exit_code, result.stderr) == (
        Exit.DONE,
        "prod: 1 of 1 job sound, 7 objects; 1 ignored\n",
    )


def test_jobs_that_are_named_are_checked_without_them(project: Project):
    a_project(project, BAD_JOB)

    result = project.openflow("validate", "jobs", "--target", "prod")

    assert result.exit_code == Exit.DONE


def test_they_are_read_once(project: Project, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    whole = reader.read

    def noting(text: bytes, file: str, *rest: object, **more: object) -> object:
        read.append(file)
        return whole(text, file, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "read", noting)
    a_project(project, ORDINARY)

    result = project.openflow("render", "--target", "prod")

    assert result.exit_code == Exit.DONE
    assert read.count("more/it.yaml") == 1


# --- what jobs and manifests are to each other ---

OTHERS = "---\n".join(
    f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: another{home}}}\n"
    for version, kind, home in (
        ("v1", "ConfigMap", ", namespace: data"),
        ("v1", "Secret", ", namespace: data"),
        ("v1", "ServiceAccount", ", namespace: data"),
        ("v1", "PersistentVolumeClaim", ", namespace: data"),
        ("scheduling.k8s.io/v1", "PriorityClass", ""),
    )
)
"""A cluster of which all is known that jobs may name."""

USING = (
    JOB.replace(
        "    memory: 1g\n",
        """\
    memory: 1g
    serviceAccount: spark
    priorityClass: high
    envFrom: [{configMapRef: {name: conf}}, {secretRef: {name: store}}]
    volumes: [{name: d, mountPath: /d, persistentVolumeClaim: {claimName: shared}}]
""",
    )
    + "  rbac: {create: false}\n"
)
STORE = "apiVersion: v1\nkind: Secret\nmetadata: {name: store, namespace: data}\n"
SEALED = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: store, namespace: data}\n"
EXTERNAL = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: of-store, namespace: data}
spec: {target: {name: store}}
"""
USED = f"""\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: spark, namespace: data}}
---
{config_map("conf")}---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: shared, namespace: data}}
spec: {{accessModes: [ReadWriteMany], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {{name: high}}
value: 7
---
"""


@pytest.mark.parametrize("secret", [STORE, SEALED, EXTERNAL], ids=["secret", "sealed", "external"])
def test_a_job_may_name_what_comes_with_it(project: Project, secret: str):
    a_project(project, USED + secret, job=USING, given=OTHERS)

    assert told(project) == []


def test_a_job_may_not_name_what_neither_comes_with_it_nor_is_there(project: Project):
    a_project(project, config_map("unused"), job=USING, given=OTHERS)

    assert [each[:11] for each in told(project)] == ["error OF510"] * 5


def test_what_comes_into_another_namespace_is_not_there(project: Project):
    a_project(project, (USED + STORE).replace("namespace: data", "namespace: lake"), job=USING, given=OTHERS)

    assert [each[:11] for each in told(project)] == ["error OF510"] * 4


def test_what_comes_with_a_job_does_not_mean_that_there_is_no_more(project: Project):
    a_project(project, config_map("unused") + "---\n" + STORE.replace("store", "unused"), job=USING)

    assert told(project) == []


def test_keys_are_looked_for_in_what_comes_with_a_job(project: Project):
    job = JOB.replace(
        "    memory: 1g\n",
        "    memory: 1g\n    env: [{name: A, valueFrom: {configMapKeyRef: {name: conf, key: b}}}]\n",
    )
    a_project(project, config_map("conf", "{a: x}"), job=job)

    assert [each[:11] for each in told(project)] == ["error OF502"]


def test_a_manifest_may_name_what_a_job_makes_and_what_another_manifest_is(project: Project):
    pod = (
        'serviceAccountName: etl, containers: [{name: c, image: "redis:7.2", envFrom: [{configMapRef: {name: conf}}]}]'
    )
    a_project(project, f"{deployment(pod)}---\n{config_map('conf')}", given=OTHERS)

    assert told(project) == []


def test_a_manifest_may_not_name_what_nobody_has(project: Project):
    a_project(project, using("configMapRef: {name: conf}"), given=OTHERS)

    assert told(project) == ["error OF510 more/it.yaml:8:87"]


def test_a_manifest_that_names_what_nobody_speaks_of_is_fine(project: Project):
    a_project(project, using("configMapRef: {name: conf}"))

    assert told(project) == []


def test_what_a_refused_job_would_have_made_is_not_missed(project: Project):
    pod = 'serviceAccountName: etl, containers: [{name: c, image: "redis:7.2"}]'
    a_project(project, deployment(pod), job=JOB.replace("memory: 1g", "memory: 1x"), given=OTHERS)

    assert [each[:11] for each in told(project)] == ["error OF210"]


def test_quotas_and_policies_that_come_with_a_job_hold_for_it(project: Project):
    closed = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: none, namespace: data}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
    a_project(project, f"{QUOTA % 2}---\n{closed}")

    assert {each.split()[1] for each in told(project)} == {"OF460", "OF524"}


def test_what_is_in_the_cluster_and_comes_along_counts_as_it_comes(project: Project):
    a_project(project, QUOTA % 9, given=QUOTA % 2)

    assert told(project) == []


ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: spark, namespace: data}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: spark, namespace: data}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: spark}
subjects: [{kind: ServiceAccount, name: %s, namespace: data}]
"""


OTHER_BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: other, namespace: data}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: other}
subjects: [{kind: ServiceAccount, name: other, namespace: data}]
"""


@pytest.mark.parametrize(
    ("account", "given", "codes"),
    [
        pytest.param("spark", OTHER_BINDING, {"OF610"}, id="the only rights"),
        pytest.param("spark", "", set(), id="there may be more"),
        pytest.param("another", "", set(), id="rights of others"),
    ],
)
def test_rights_that_come_with_a_job_add_to_those_that_are_known(
    project: Project, account: str, given: str, codes: set[str]
):
    job = JOB.replace("    memory: 1g\n", "    memory: 1g\n    serviceAccount: spark\n")
    a_project(project, ROLE % account, job=job, given=given)

    assert {each.split()[1] for each in told(project)} == codes


def test_a_binding_of_a_job_may_name_a_role_that_comes_with_it(project: Project):
    role = (ROLE % "another").partition("---")[0].replace("verbs: [get]", "verbs: ['*']")
    overlay = "apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n  patches:\n    - target: {kind: RoleBinding}\n"
    project.write({"o.yaml": overlay + "      merge: {roleRef: {name: spark}}\n"})
    a_project(project, role, target=", overlays: [./o.yaml]")

    assert "OF507" not in {each.split()[1] for each in told(project)}
