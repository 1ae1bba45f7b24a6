"""NetworkPolicies, meshes, ports and Services, as rules see them."""

import pytest
from projects import Project
from told import messages, told


def policy(name: str, spec: str) -> str:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    return f"---\n{head}metadata: {{name: {name}, namespace: data}}\nspec: {spec}\n"


APPLICATION = "{podSelector: {matchExpressions: [{key: spark-role, operator: In, values: [driver, executor]}]}}"
DENY_OUT = "{podSelector: {}, policyTypes: [Egress]}"
DNS = "{ports: [{port: 53, protocol: UDP}], to: [{namespaceSelector: {}}]}"
API = "{ports: [{port: 6443}], to: [{ipBlock: {cidr: 10.0.0.1/32}}]}"


def cut(project: Project, *policies: str) -> list[str]:
    """What policies let pods have no connection to, and which pods."""
    found = messages(project, given="".join(policy(f"p{number}", spec) for number, spec in enumerate(policies)))
    return sorted(each.partition(" let the ")[2] for each in found)


def test_a_policy_that_lets_nothing_out_cuts_off_everything(project: Project):
    own, others = "the driver at port 7078, the driver at port 7079", "executors at port 7079"

    assert cut(project, DENY_OUT) == [
        f"driver have no connection to {others}, names (DNS, port 53), the API server",
        f"executors have no connection to {others}, {own}, names (DNS, port 53)",
    ]


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        (f"{{to: [{APPLICATION}]}}, {DNS}, {API}", []),
        (f"{{to: [{APPLICATION}]}}, {API}", ["names (DNS, port 53)"] * 2),
        (f"{{to: [{APPLICATION}]}}, {DNS}", ["the API server"]),
        ("{}", []),
        ("{ports: [{port: 1, endPort: 65535}, {port: 1, endPort: 65535, protocol: UDP}]}", []),
        (f"{{to: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}]}}, {DNS}", []),
        (f"{{to: [{APPLICATION}], ports: [{{port: blockmanager}}, {{port: driver-rpc-port}}]}}, {DNS}, {API}", []),
        (f"{{to: [{{namespaceSelector: {{matchLabels: {{team: a}}}}}}]}}, {DNS}, {API}", []),
        (
            f"{{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: other}}}}}}]}}, {API}",
            ["executors at port 7079", "executors at port 7079, the driver at port 7078, the driver at port 7079"],
        ),
    ],
)
def test_what_policies_allow_is_not_missed(project: Project, rules: str, missing: list[str]):
    found = cut(project, DENY_OUT, f"{{podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]}}")

    assert [each.partition(" to ")[2] for each in found] == missing


def test_a_policy_for_other_pods_is_left_alone(project: Project):
    assert cut(project, "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]}") == []


def test_the_jobs_own_policy_is_told_by_its_patch(project: Project):
    patch = """\
patches:
  - target: {kind: NetworkPolicy}
    json: [{op: replace, path: /spec/ingress/0/from/0/podSelector/matchLabels, value: {app: web}}]
"""

    assert [each[:5] for each in told(project, patch)] == ["OF524"]


def namespace(metadata: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: data, {metadata}}}\n"


ISTIO = namespace("labels: {istio-injection: enabled}")


@pytest.mark.parametrize("given", [ISTIO, namespace("annotations: {linkerd.io/inject: enabled}")])
def test_a_namespace_may_put_proxies_into_batch_pods(project: Project, given: str):
    assert [each[:5] for each in told(project, given=given)] == ["OF525"]


def test_a_proxy_does_not_keep_a_server_from_ending(project: Project):
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    overlay = f"job: {{spec: {{run: {{as: deployment}}, application: {{main: null, class: {server}}}}}}}\n"

    assert told(project, overlay, ISTIO) == []


@pytest.mark.parametrize(
    "driver",
    ['labels: {sidecar.istio.io/inject: "false"}', 'annotations: {sidecar.istio.io/nativeSidecar: "true"}'],
)
def test_pods_may_have_no_proxy_or_one_that_ends(project: Project, driver: str):
    both = f"job: {{spec: {{driver: {{{driver}}}, executor: {{{driver}}}}}}}\n"

    assert told(project, both, ISTIO) == []


def service(patch: str) -> str:
    return f"patches:\n  - target: {{kind: Service}}\n    {patch}\n"


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (service("merge: {spec: {type: LoadBalancer}}"), ["OF512"]),
        (service("merge: {spec: {type: LoadBalancer, clusterIP: null}}"), ["OF513"]),
        (service("merge: {spec: {ipFamilies: [IPv4, IPv4], ipFamilyPolicy: PreferDualStack}}"), ["OF522"]),
        (service("merge: {spec: {ipFamilies: [IPv5]}}"), ["OF522"]),
        (service("merge: {spec: {selector: {spark-app-selector: null}}}"), ["OF514"]),
        (service("json: [{op: replace, path: /spec/ports/1/targetPort, value: -1}]"), ["OF518"]),
        (service("json: [{op: replace, path: /spec/ports/1/targetPort, value: 0}]"), []),
    ],
)
def test_a_service_that_is_patched_gives_one_finding(project: Project, overlay: str, expected: list[str]):
    assert [each[:5] for each in told(project, overlay)] == expected


def test_an_init_container_has_given_its_ports_back(project: Project):
    def init(more: str) -> str:
        ports = "ports: [{containerPort: 4040}]"
        return f"job: {{spec: {{driver: {{initContainers: [{{name: a, image: 'a:1', {ports}{more}}}]}}}}}}\n"

    assert told(project, init("")) == []
    assert [each[:5] for each in told(project, init(", restartPolicy: Always"))] == ["OF519"]


def test_a_run_that_is_never_repeated_needs_no_selector_of_its_own(project: Project):
    once = "job: {spec: {run: {rerun: never}}}\n" + service("merge: {spec: {selector: {spark-app-selector: null}}}")

    assert told(project, once) == []


@pytest.mark.parametrize("spec", ["1", "{podSelector: 1, ingress: [1, {from: a, ports: [{port: {}}]}], egress: {}}"])
def test_a_given_policy_that_makes_no_sense_harms_nobody(project: Project, spec: str):
    result = told(project, given=policy("broken", spec))

    assert {each[:5] for each in result} <= {"OF524"}
