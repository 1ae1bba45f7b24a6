"""What is said about the cluster, as commands read it and rules see it."""

from __future__ import annotations

import json

import pytest
import yaml
from projects import JOB, Project

from openflow_render.cli import options
from openflow_render.cli.exits import Exit
from openflow_render.core.report import Origin, Report
from openflow_render.source import given
from openflow_render.source.given import Given, Wanted

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: spark-driver, namespace: data}
rules:
  - apiGroups: [""]
    resources: [pods, configmaps, services, persistentvolumeclaims]
    verbs: [create, delete, deletecollection, get, list, watch]
"""

QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
  namespace: data
  resourceVersion: "4711"
spec: {hard: {requests.memory: 64Gi}}
status: {used: {requests.memory: 12Gi}}
"""

SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: store
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{"key":"aHVudGVyMg=="}}'}
data: {key: aHVudGVyMg==}
stringData: {other: hunter2}
"""

BINDING_OF_ANOTHER = """\
apiVersion: openflow.io/v1
kind: Overlay
spec:
  patches:
    - target: {kind: RoleBinding}
      merge: {roleRef: {name: spark-driver}}
"""

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
"""


def read(project: Project, **files: str) -> tuple[Given, list[str]]:
    """What files in one folder say, and what was found in them."""
    project.write({f"cluster/{name}.yaml": text for name, text in files.items()})
    report = Report(lambda _: Origin(""))
    found = given.read([Wanted("cluster", Origin("--given cluster"))], report)
    return found, [f"{each.origin} {each.severity} {each.code.id}" for each in report]


def names(stated: list[given.Stated]) -> list[str]:
    return [str(each) for each in stated]


# --- reading ---


def test_objects_are_found_by_kind_and_namespace(project: Project):
    elsewhere = ROLE.replace("namespace: data", "namespace: other")

    found, findings = read(project, role=ROLE, quota=f"{QUOTA}---\n{elsewhere}")

    assert findings == []
    assert names(found.of("ResourceQuota", "data")) == ["ResourceQuota/team"]
    assert [each.namespace for each in found.of("Role")] == ["other", "data"]
    assert names(found.of("Role", "nowhere")) == []
    assert found.find("Role", "spark-driver", "data") == found.of("Role", "data")[0]
    assert found.find("Role", "another", "data") is None


def test_what_the_server_added_is_kept_and_has_its_place(project: Project):
    found, _ = read(project, quota=QUOTA)

    [quota] = found.of("ResourceQuota")
    assert quota.manifest["status"] == {"used": {"requests.memory": "12Gi"}}
    assert quota.origin == Origin("cluster/quota.yaml", 1, 1)


def test_an_object_whose_file_names_no_namespace_is_in_each(project: Project):
    found, _ = read(project, secret=SECRET)

    assert names(found.of("Secret", "data")) == names(found.of("Secret", "other")) == ["Secret/store"]


def test_of_secrets_only_names_and_keys_are_kept(project: Project):
    found, _ = read(project, secret=SECRET)

    [secret] = found.of("Secret")
    assert secret.manifest == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "store"},
        "data": {"key": ""},
        "stringData": {"other": ""},
    }


def test_a_list_of_kubectl_stands_for_its_items(project: Project):
    items = [yaml.safe_load(QUOTA), yaml.safe_load(SECRET)]
    listed = {"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}}

    found, findings = read(project, all=yaml.safe_dump(listed))

    assert findings == []
    assert names([*found.of("ResourceQuota"), *found.of("Secret")]) == ["ResourceQuota/team", "Secret/store"]


def test_what_is_no_object_is_refused_with_its_place(project: Project):
    found, findings = read(project, quota=QUOTA.replace("  name: team\n", ""), text="- nothing\n", empty="")

    assert not found
    assert findings == [
        "cluster/empty.yaml error OF176",
        "cluster/quota.yaml:1:1 error OF177",
        "cluster/text.yaml:1:1 error OF177",
    ]


def test_a_kind_that_no_rule_looks_at_is_told_once_a_file(project: Project):
    pods = "".join(f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\n" for number in range(3))

    _, findings = read(project, pods=pods)

    assert findings == ["cluster/pods.yaml:2:1 note OF178"]


def test_a_queue_of_another_group_is_not_taken_for_one_of_volcano(project: Project):
    queue = "apiVersion: example.org/v1\nkind: Queue\nmetadata: {name: a}\n"

    found, findings = read(project, queue=queue)

    assert found.of("Queue") == []
    assert findings == ["cluster/queue.yaml:1:1 note OF178"]


def test_an_object_that_is_given_twice_is_refused(project: Project):
    _, findings = read(project, a=QUOTA, b=QUOTA.replace("64Gi", "32Gi"))

    assert findings == ["cluster/b.yaml:1:1 error OF179"]


def test_a_file_is_read_once_however_it_is_reached(project: Project):
    project.write({"cluster/quota.yaml": QUOTA})
    report = Report(lambda _: Origin(""))

    found = given.read([Wanted(path, Origin("")) for path in ("cluster", "cluster/quota.yaml")], report)

    assert report.findings == []
    assert names(found.of("ResourceQuota")) == ["ResourceQuota/team"]


# --- where it is named ---


def refused(project: Project, *arguments: str) -> list[str]:
    result = project.openflow("validate", "job.yaml", "-o", "./other.yaml", "--report", "json", *arguments)
    return [f"{each['file']}:{each['line']} {each['code']}" for each in json.loads(result.stdout)["findings"]]


@pytest.fixture
def bound(project: Project) -> Project:
    """A job whose account is bound to a Role that it does not make."""
    project.write({"job.yaml": JOB, "other.yaml": BINDING_OF_ANOTHER, "cluster/role.yaml": ROLE})
    return project


def test_an_option_names_what_the_cluster_has(bound: Project):
    assert refused(bound) == ["other.yaml:6 OF507"]
    assert refused(bound, "--given", "cluster") == []


def test_the_project_names_it_for_all_and_a_target_instead_of_the_project(bound: Project):
    bound.write({"openflow.yaml": f"{PROJECT}  given: [cluster]\n  targets: {{dev: {{}}, prod: {{given: [prod]}}}}\n"})
    bound.write({"prod/quota.yaml": QUOTA})

    assert refused(bound) == []
    assert refused(bound, "--target", "dev") == []
    assert refused(bound, "--target", "prod") == ["other.yaml:6 OF507"]
    assert refused(bound, "--target", "prod", "--given", "cluster/role.yaml") == []


@pytest.mark.parametrize(
    ("path", "finding"), [("gone", "OF100"), ("empty", "OF176"), ("link.yaml", "OF132")], ids=["gone", "empty", "link"]
)
def test_what_cannot_be_read_is_told_where_it_is_named(
    project: Project, tmp_path_factory: pytest.TempPathFactory, path: str, finding: str
):
    outside = tmp_path_factory.mktemp("outside") / "role.yaml"
    outside.write_text(ROLE)
    project.write({"job.yaml": JOB, "openflow.yaml": f"{PROJECT}  given:\n    - {path}\n"})
    (project.folder / "empty").mkdir()
    (project.folder / "link.yaml").symlink_to(outside)

    result = project.openflow("validate", "job.yaml")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr.startswith(f"openflow.yaml:6:7: error {finding}: ")


def test_a_run_without_it_has_nothing_given(project: Project):
    project.write({"job.yaml": JOB})
    report = options.reading_report(strict=True)

    task = options.task(["job.yaml"], options.Given(), options.Compiling(), report, strict=True)

    assert not task.settings.given
