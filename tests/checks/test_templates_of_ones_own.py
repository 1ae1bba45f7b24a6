"""Rules about what only a template of the user's own can say."""

from projects import Project
from told import findings, told

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "{{ rbac.name }}"
rules: "{{ rbac.rules }}"
"""

NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: "{{ app.namespace }}"
  namespace: "{{ app.namespace }}"
"""

POLICY = """\
apiVersion: extensions/v1beta1
kind: NetworkPolicy
metadata:
  name: "{{ policy.name }}"
  namespace: "{{ app.namespace }}"
spec: {podSelector: {matchLabels: {app: web}}}
"""


def test_what_lives_in_a_namespace_says_which(project: Project):
    project.write({"templates/spark/role.yaml": ROLE, "openflow.yaml": PROJECT})

    assert [each[:5] for each in told(project)] == ["OF432"]


def test_what_belongs_to_the_cluster_has_no_namespace(project: Project):
    project.write({"templates/spark/namespace.yaml": NAMESPACE, "openflow.yaml": PROJECT})

    assert [each[:5] for each in told(project, "job: {spec: {createNamespace: true}}\n")] == ["OF431"]


def test_a_version_that_is_served_no_more_is_told_with_its_successor(project: Project):
    project.write({"templates/spark/network-policy.yaml": POLICY, "openflow.yaml": PROJECT})

    [found] = findings(project)

    assert found["code"] == "OF417"
    assert found["message"].endswith("-policy: Kubernetes serves no NetworkPolicy of extensions/v1beta1 since 1.16")
    assert found["hint"] == "write `apiVersion: networking.k8s.io/v1`, and mind what else has changed in it"


PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec: {}
"""
