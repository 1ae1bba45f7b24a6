"""What the driver's account may do, by the job's own Role and by given ones."""

import pytest
from projects import Project
from told import messages, told

NAMED = "job: {spec: {driver: {serviceAccount: spark}}}\n"

ALL = "[create, delete, deletecollection, get, list, watch]"


def role(*rules: str, kind: str = "Role") -> str:
    lines = "".join(f"  - {rule}\n" for rule in rules)
    metadata = "{name: spark, namespace: data}" if kind == "Role" else "{name: spark}"
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {metadata}\nrules:\n{lines}"


def rule(resources: str, verbs: str = ALL, groups: str = '[""]') -> str:
    return f"{{apiGroups: {groups}, resources: [{resources}], verbs: {verbs}}}"


def binding(kind: str = "Role", name: str = "spark", account: str = "spark", bound_by: str = "RoleBinding") -> str:
    metadata = "{name: spark, namespace: data}" if bound_by == "RoleBinding" else "{name: spark}"
    return f"""\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {bound_by}
metadata: {metadata}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: data}}]
"""


CORE = rule("pods, configmaps, services, persistentvolumeclaims")


def test_an_account_of_which_nothing_is_said_is_left_alone(project: Project):
    assert told(project, NAMED) == []


def test_an_account_that_is_bound_to_a_role_that_nobody_shows_is_left_alone(project: Project):
    assert told(project, NAMED, binding(kind="ClusterRole", name="edit")) == []


def test_an_account_with_all_rights_is_fine(project: Project):
    assert told(project, NAMED, role(CORE) + binding()) == []
    assert told(project, NAMED, role(CORE, kind="ClusterRole") + binding("ClusterRole")) == []
    assert (
        told(project, NAMED, role(CORE, kind="ClusterRole") + binding("ClusterRole", bound_by="ClusterRoleBinding"))
        == []
    )


def test_rights_may_come_from_several_roles(project: Project):
    first, second = role(rule("pods")), role(rule("configmaps, services, persistentvolumeclaims"), kind="ClusterRole")
    again = binding("ClusterRole").replace("{name: spark,", "{name: more,", 1)

    assert told(project, NAMED, f"{first}---\n{second}{binding()}{again}") == []


def test_what_is_missing_is_told_where_the_job_names_the_account(project: Project):
    few = rule("pods", "[get, list, watch]")

    found = messages(project, NAMED, role(few) + binding())

    [needed] = found
    assert needed.endswith("that the account spark lacks: create, delete pods; create configmaps")
    assert told(project, NAMED, role(few) + binding()) == ["OF610 o.yaml:4"]


def test_an_account_that_no_given_binding_names_has_no_rights(project: Project):
    assert told(project, NAMED, role(CORE) + binding(account="other")) == ["OF610 o.yaml:4"]


def test_rights_to_certain_pods_are_no_rights_to_executors(project: Project):
    named = CORE.replace("{", "{resourceNames: [etl], ", 1)

    assert "OF610 o.yaml:4" in told(project, NAMED, role(named) + binding())


def test_wildcards_grant_all_and_are_told(project: Project):
    assert told(project, NAMED, role(rule('"*"', '["*"]', '["*"]')) + binding()) == ["OF613 o.yaml:4"]


def test_given_rights_to_take_over_are_told(project: Project):
    found = messages(project, NAMED, role(CORE, rule("pods/exec", "[create]")) + binding())

    assert [each.partition(": ")[2] for each in found] == ["create pods/exec, by Role/spark"]


def test_a_role_that_may_do_nearly_all_is_told_where_it_is_bound(project: Project):
    patch = (
        "patches:\n  - target: {kind: RoleBinding}\n    merge: {roleRef: {kind: ClusterRole, name: cluster-admin}}\n"
    )

    assert told(project, patch) == ["OF614 o.yaml:6"]


def test_features_need_rights_of_their_own(project: Project):
    conf = "{spark.kubernetes.executor.decommissionLabel: gone}"
    overlay = f"job: {{spec: {{driver: {{serviceAccount: spark}}, conf: {conf}}}}}\n"

    found = messages(project, overlay, role(CORE) + binding())

    assert [each.rpartition(": ")[2] for each in found] == ["patch pods"]


def test_a_driver_with_credentials_of_its_own_needs_no_account(project: Project):
    mounted = "spark.kubernetes.authenticate.driver.mounted.oauthTokenFile: /etc/token"
    overlay = f"job:\n  spec:\n    driver: {{serviceAccount: spark}}\n    conf: {{{mounted}}}\n"

    assert told(project, overlay, role(rule("pods", "[get]")) + binding()) == []


ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: spark}\nautomountServiceAccountToken: false\n"
OF_THE_POD = "{projected: {sources: [{serviceAccountToken: {path: token}}]}, name: token}"


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ("{}", ["OF612"]),
        ("{automountServiceAccountToken: true}", []),
        (f"{{volumes: [{OF_THE_POD}]}}", []),
    ],
)
def test_an_account_may_keep_its_token_from_the_driver(project: Project, pod: str, expected: list[str]):
    overlay = f"job: {{spec: {{driver: {{serviceAccount: spark, template: {{spec: {pod}}}}}}}}}\n"

    assert [each[:5] for each in told(project, overlay, ACCOUNT)] == expected


@pytest.mark.parametrize("broken", ["rules: 1", "rules: [1, {verbs: get}]", "rules: [{resources: [{}]}]"])
def test_a_given_role_that_makes_no_sense_grants_nothing(project: Project, broken: str):
    given = role(CORE).partition("rules:")[0] + f"{broken}\n" + binding()

    assert told(project, NAMED, given) == ["OF610 o.yaml:4"]
