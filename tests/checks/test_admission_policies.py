"""ValidatingAdmissionPolicies and rules of CustomResourceDefinitions that are given.

That their verdicts are those of the API server is proved in `tests/cluster/test_policies.py`.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from projects import JOB, Project
from told import findings, messages, told

from openflow_render.checks.common_expressions import FailedError, NotEvaluatedError, Scope

PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
GROUP = "admissionregistration.k8s.io/v1"


def given(*validations: str, binding: dict[str, object] | None = None, **spec: object) -> str:
    """A policy on pods with its binding, as a file about the cluster."""
    policy = {
        "apiVersion": GROUP,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "house"},
        "spec": {
            "matchConstraints": {"resourceRules": [PODS]},
            "validations": [{"expression": each} for each in validations],
            **spec,
        },
    }
    bound = {
        "apiVersion": GROUP,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "house"},
        "spec": {"policyName": "house", "validationActions": ["Deny"], **(binding or {})},
    }
    return yaml.safe_dump_all([policy, bound])


def document(kind: str, name: str, **fields: object) -> str:
    return "---\n" + yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields})


# --- which objects ---


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("pod", "Pod/etl-"),
        ("job", "the Pod of Job/etl-"),
        ("{as: cronjob, schedule: 0 2 * * *}", "the Pod of CronJob/etl"),
        ("deployment", "the Pod of Deployment/etl"),
    ],
)
def test_the_pods_that_controllers_make_are_asked_about_too(project: Project, kind: str, what: str):
    run = kind if kind.startswith("{") else f"{{as: {kind}}}"
    overlay = f"job: {{spec: {{run: {run}, driver: {{hostNetwork: true}}}}}}\n"

    found = list(findings(project, overlay, given("!has(object.spec.hostNetwork)"), "1.34"))

    [refused] = [each for each in found if each["code"] == "OF740"]
    assert refused["message"].startswith(f"ValidatingAdmissionPolicy/house refuses {what}")
    assert refused["message"].endswith(": `!has(object.spec.hostNetwork)` does not hold")
    assert (refused["file"], refused["line"]) == ("o.yaml", 4)


def test_the_executors_that_the_driver_makes_are_asked_about_too(project: Project):
    overlay = "job: {spec: {executor: {nodeSelector: {disk: nvme}}}}\n"

    found = told(project, overlay, given("!has(object.spec.nodeSelector) || object.spec.nodeSelector.disk == 'ssd'"))

    assert found == ["OF740 o.yaml:4"]


def test_a_cronjob_is_refused_for_the_jobs_it_makes(project: Project):
    jobs = {**PODS, "apiGroups": ["batch"], "resources": ["jobs"]}
    constraints = {"resourceRules": [jobs]}

    found = messages(
        project,
        "job: {spec: {run: {as: cronjob, schedule: 0 2 * * *}}}\n",
        given("has(object.spec.ttlSecondsAfterFinished)", matchConstraints=constraints),
    )

    assert [each.partition(":")[0] for each in found] == [
        "ValidatingAdmissionPolicy/house refuses the Job of CronJob/etl"
    ]


@pytest.mark.parametrize("missing", ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"])
def test_a_policy_without_a_binding_does_nothing_nor_a_binding_without_a_policy(project: Project, missing: str):
    alone = [each for each in yaml.safe_load_all(given("false")) if each["kind"] != missing]

    assert told(project, given=yaml.safe_dump_all(alone)) == []


# --- what they say ---


@pytest.mark.parametrize(
    ("actions", "codes"),
    [
        (["Deny"], ["error OF740"]),
        (["Deny", "Audit"], ["error OF740"]),
        (["Warn"], ["warning OF741"]),
        (["Warn", "Audit"], ["warning OF741"]),
        (["Audit"], ["note OF742"]),
    ],
)
def test_the_binding_says_how_much_a_refusal_weighs(project: Project, actions: list[str], codes: list[str]):
    only = {"matchResources": {"objectSelector": {"matchLabels": {"spark-role": "driver"}}}}

    found = findings(project, "{}\n", given("false", binding={"validationActions": actions, **only}), "1.34")

    assert [f"{each['severity']} {each['code']}" for each in found] == codes


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"expression": "false"}, "`false` does not hold"),
        ({"expression": "false", "message": "never"}, "never"),
        ({"expression": "false", "message": "never", "messageExpression": "'not ' + object.kind"}, "not Pod"),
        ({"expression": "false", "message": "never", "messageExpression": "object.nothing"}, "never"),
        ({"expression": "false", "message": "never", "messageExpression": "'a\\nb'"}, "never"),
        ({"expression": "object.nothing == 1"}, "`object.nothing == 1` fails: no such key: nothing"),
        ({"expression": "object.spec.containers[7].name == ''"}, "`object.spec.containers[7].name == ''` fails: index"),
    ],
)
def test_a_refusal_says_what_the_policy_says(project: Project, validation: dict[str, str], message: str):
    found = messages(project, given=given(validations=[validation]))

    assert found
    assert all(message in each for each in found)


def test_failures_are_ignored_if_the_policy_says_so(project: Project):
    assert told(project, given=given("object.nothing == 1", failurePolicy="Ignore")) == []


# --- what cannot be told ---


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("quantity('1Gi').isGreaterThan(quantity('1Mi'))", "it uses `quantity`, which is not known here"),
        ("object.metadata.name.find('[0-9]+') != ''", "it uses `find`, which is not known here"),
        ("url('https://a/b').getHost() == 'a'", "it uses `url`, which is not known here"),
        (
            "authorizer.group('').resource('pods').check('get').allowed()",
            "it uses `authorizer`, which is not known here",
        ),
        ("object.metadata.?labels.hasValue()", "its syntax is not known here"),
        ("request.userInfo.username == 'a'", "it asks who makes the object, and how"),
        ("has(request.dryRun)", "it asks who makes the object, and how"),
        ("has(object.spec.__namespace__)", "it uses escaped names, which are not known here"),
        ("object.spec.restartPolicy > 1", "it uses types or texts in a way not known here"),
        ("namespaceObject.metadata.name == 'a'", "it uses `namespaceObject`, which is not known here"),
        (" && ".join(["true"] * 2000), "it is too long"),
        (
            "object.spec.containers"
            + "".join(f".all(a{n}, [{'1,' * 30}1]" for n in range(5))
            + ".size() > 0"
            + ")" * 5,
            "it takes too many steps",
        ),
    ],
    ids=lambda each: each[:24],
)
def test_what_is_not_evaluated_is_told_once_with_the_reason_and_never_passed(
    project: Project, expression: str, why: str
):
    [found] = findings(project, "{}\n", given(expression), "1.34")

    assert (found["severity"], found["code"]) == ("note", "OF743")
    assert found["file"] == "cluster.yaml"
    assert found["message"].endswith(f"of ValidatingAdmissionPolicy/house was not evaluated: {why}")


def test_a_variable_that_is_not_evaluated_matters_to_those_that_ask_for_it(project: Project):
    variables = [
        {"name": "size", "expression": "quantity('1Gi')"},
        {"name": "name", "expression": "object.metadata.name"},
    ]

    found = messages(project, given=given("variables.name != ''", "variables.size != null", variables=variables))

    assert found == [
        (
            "`variables.size != null` of ValidatingAdmissionPolicy/house was not evaluated: "
            "of `variables.size`: it uses `quantity`, which is not known here"
        )
    ]


def test_variables_cannot_grow_without_end():
    scope = Scope()
    scope.set("a", "x" * 600_000)

    with pytest.raises(NotEvaluatedError, match="too large"):
        scope.set("b", scope.value("a + a"))


def test_errors_of_an_expression_are_told_from_what_is_not_known():
    scope = Scope()
    scope.set("a", {"b": [1]})

    with pytest.raises(FailedError, match="no such key: c"):
        scope.value("a.c")
    with pytest.raises(FailedError, match="division by zero"):
        scope.value("a.b[0] / 0")
    with pytest.raises(NotEvaluatedError, match="types or texts"):
        scope.value("a.b + 1")


def test_errors_inside_functions_print_nothing(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(NotEvaluatedError):
        Scope().value("[1].indexOf(1) == 0")

    assert capfd.readouterr() == ("", "")


# --- namespaces and parameters ---

STAGE = {"namespaceSelector": {"matchLabels": {"stage": "prod"}}}


@pytest.mark.parametrize(
    ("labels", "codes"),
    [(None, ["OF743"]), ({"stage": "prod"}, ["OF740"]), ({"stage": "test"}, [])],
    ids=["not given", "selected", "another"],
)
def test_namespaces_are_selected_by_the_labels_that_are_given(
    project: Project, labels: dict[str, str] | None, codes: list[str]
):
    there = f"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: data, labels: {labels}}}\n" if labels else ""

    found = told(project, given=given("false", binding={"matchResources": STAGE}) + there)

    assert [each.partition(" ")[0] for each in found] == codes


def test_a_namespace_that_the_job_makes_has_the_labels_of_the_job(project: Project):
    overlay = "job: {metadata: {labels: {stage: prod}}, spec: {createNamespace: true}}\n"

    found = told(project, overlay, given("false", binding={"matchResources": STAGE}))

    assert [each.partition(" ")[0] for each in found] == ["OF740"]


def test_the_name_of_a_namespace_is_always_known(project: Project):
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}

    assert told(project, given=given("false", binding={"matchResources": named})) == []


KIND = {"apiVersion": "v1", "kind": "ConfigMap"}
MOST = "object.spec.containers.all(c, c.image.startsWith(params.data.registry))"


@pytest.mark.parametrize(
    ("reference", "codes"),
    [
        ({"name": "own", "parameterNotFoundAction": "Deny"}, []),
        ({"name": "mirror", "parameterNotFoundAction": "Deny"}, ["OF740", "OF740"]),
        ({"name": "none", "parameterNotFoundAction": "Deny"}, ["OF740"]),
        ({"name": "none", "parameterNotFoundAction": "Allow"}, []),
        ({"selector": {"matchLabels": {"kind": "own"}}, "parameterNotFoundAction": "Deny"}, []),
        ({"selector": {}, "parameterNotFoundAction": "Deny"}, ["OF740", "OF740"]),
        (None, ["OF743"]),
    ],
    ids=["fits", "does not fit", "denied without", "allowed without", "selected", "several", "unnamed"],
)
def test_parameters_are_among_what_is_given(project: Project, reference: dict[str, object] | None, codes: list[str]):
    maps = [("own", "registry.example/"), ("mirror", "mirror.example/")]
    stated = "".join(
        document("ConfigMap", name, data={"registry": text}).replace("name:", f"labels: {{kind: {name}}}\n  name:")
        for name, text in maps
    )
    binding: dict[str, object] = {"paramRef": reference} if reference else {}

    found = told(project, given=given(MOST, paramKind=KIND, binding=binding) + stated)

    assert [each.partition(" ")[0] for each in found] == codes


def test_parameters_may_be_of_a_kind_of_ones_own(project: Project):
    own = {"apiVersion": "example.org/v1", "kind": "Limits"}
    stated = f"---\n{yaml.safe_dump({**own, 'metadata': {'name': 'most'}, 'spec': {'cores': 0}})}"
    reference = {"name": "most", "parameterNotFoundAction": "Deny"}
    policy = given("params.spec.cores > 0", paramKind=own, binding={"paramRef": reference})

    assert [each.partition(" ")[0] for each in told(project, given=policy + stated)] == ["OF740"]
    assert [each.partition(" ")[0] for each in told(project, given=policy)] == ["OF743"]
    assert told(project, given=stated) == ["OF178 cluster.yaml:2"]


# --- what others give ---


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"spec": None},
        {"spec": []},
        {"spec": {"matchConstraints": [], "validations": {}}},
        {"spec": {"validations": [None, {"expression": 1}, {}], "variables": [1], "matchConditions": "x"}},
        {"spec": {"matchConstraints": {"resourceRules": [None, {"resources": 1}], "objectSelector": 1}}},
        {"spec": {"paramKind": 1, "policyName": []}},
    ],
)
def test_policies_that_are_none_break_nothing(project: Project, spec: dict[str, object]):
    policy, binding = yaml.safe_load_all(given("true"))
    broken = [{**policy, **spec}, binding, policy | {"metadata": {"name": "b"}}, {**binding, **spec}]
    for index, each in enumerate(broken):
        each["metadata"] = {"name": "house" if index == 0 else f"n{index}"}

    assert {each.partition(" ")[0] for each in told(project, given=yaml.safe_dump_all(broken))} <= {"OF740", "OF743"}


def test_the_library_is_imported_only_when_there_is_something_to_evaluate(project: Project):
    project.write({"job.yaml": JOB, "policy.yaml": given("true")})
    lines = (
        "import sys",
        "from openflow_render.cli.app import run",
        "run(sys.argv[1:])",
        "sys.exit('cel' in sys.modules)",
    )

    def imported(*options: str) -> bool:
        command = [sys.executable, "-c", "\n".join(lines), "validate", "job.yaml", *options]
        return bool(subprocess.run(command, cwd=project.folder, capture_output=True, check=False).returncode)

    assert not imported()
    assert imported("--given", "policy.yaml")


# --- rules of definitions ---


def definition(schema: str, version: str = "v1beta1") -> str:
    return f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: podgroups.scheduling.volcano.sh}}
spec:
  group: scheduling.volcano.sh
  names: {{kind: PodGroup, plural: podgroups}}
  scope: Namespaced
  versions:
    - name: {version}
      served: true
      storage: true
      schema: {{openAPIV3Schema: {{properties: {{spec: {schema}}}}}}}
"""


VOLCANO = "job: {spec: {scheduling: {scheduler: volcano, queue: etl, gang: {}}}}\n"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("{x-kubernetes-validations: [{rule: self.minMember > 1, message: more}]}", "`spec` of {}: more"),
        (
            "{x-kubernetes-validations: [{rule: self.minMember > 1, messageExpression: self.queue}]}",
            "`spec` of {}: etl",
        ),
        (
            "{x-kubernetes-validations: [{rule: self.most > 1}]}",
            "`spec` of {}: `self.most > 1` fails: no such key: most",
        ),
        ("{properties: {most: {default: 2}}, x-kubernetes-validations: [{rule: self.most > 1}]}", ""),
        ("{x-kubernetes-validations: [{rule: self.queue == oldSelf.queue}]}", ""),
        ("{properties: {queue: {x-kubernetes-validations: [{rule: self.size() > 3}]}}}", "`spec.queue` of {}"),
        (
            "{properties: {minResources: {additionalProperties: {x-kubernetes-validations: [{rule: self != '3'}]}}}}",
            "`spec.minResources.cpu` of {}: `self != '3'` does not hold",
        ),
    ],
)
def test_definitions_state_rules_about_objects_of_their_kind(project: Project, schema: str, message: str):
    found = messages(project, VOLCANO, definition(schema))

    [start, _, end] = message.partition("{}")
    assert [each.startswith(start) and each.endswith(end) for each in found] == [True] * bool(message)


def test_what_a_definition_asks_in_vain_is_told(project: Project):
    schema = "{x-kubernetes-validations: [{rule: quantity(self.minResources.memory).isInteger()}]}"

    assert told(project, VOLCANO, definition(schema)) == ["OF743 cluster.yaml:1"]


def test_another_version_of_a_kind_has_rules_of_its_own(project: Project):
    found = told(project, VOLCANO, definition("{x-kubernetes-validations: [{rule: 'false'}]}", version="v1"))

    assert "OF744" not in [each.partition(" ")[0] for each in found]
