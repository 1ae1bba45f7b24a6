"""Who mounts, selects, runs as, may do and makes what; and where the picture of it is drawn."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from openflow_render.changes.bundles import Side, State, compare
from openflow_render.changes.graph import Edge, Graph, compared, graph
from openflow_render.cli import picture
from openflow_render.core.report import Origin
from openflow_render.core.resource import Bundle, Manifest, Resource

RUN = "0123456789" + "a" * 22
NAME = f"etl-{RUN[:10]}"
LABELS = {"app": "etl"}


def an_object(kind: str, name: str, **fields: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "data"}, **fields}


def a_pod(name: str = f"{NAME}-driver", *, annotations: Any = None, labels: Any = None, **spec: Any) -> Manifest:
    metadata = {"name": name, "labels": {**LABELS, **(labels or {})}, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def a_bundle(*objects: Manifest | Resource) -> Bundle:
    bundle = Bundle("etl", "data", [each if isinstance(each, Resource) else Resource(each) for each in objects])
    bundle.run = RUN
    return bundle


def edges(*objects: Manifest | Resource) -> list[tuple[str, str, str]]:
    return [tuple(each) for each in graph(a_bundle(*objects)).edges]


def externals(found: Graph) -> list[str]:
    return [node.id for node in found.nodes if node.external]


def test_what_a_pod_mounts_reads_and_runs_as():
    volumes = [
        {"name": "a", "configMap": {"name": f"{NAME}-conf"}},
        {"name": "b", "secret": {"secretName": "keys"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "disk"}},
        {"name": "d", "projected": {"sources": [{"secret": {"name": "token"}}, {"configMap": {"name": "ca"}}]}},
        {"name": "e", "emptyDir": {}},
    ]
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "login", "key": "a"}}}, {"name": "B", "value": "1"}]
    container = {"env": env, "envFrom": [{"configMapRef": {"name": "common"}}]}

    found = edges(
        an_object("ConfigMap", f"{NAME}-conf"),
        a_pod(
            volumes=volumes,
            containers=[container],
            serviceAccountName="etl",
            imagePullSecrets=[{"name": "registry"}],
        ),
    )

    assert found == [
        ("Pod/etl-driver", "ConfigMap/etl-conf", "mounts"),
        ("Pod/etl-driver", "Secret/keys", "mounts"),
        ("Pod/etl-driver", "PersistentVolumeClaim/disk", "mounts"),
        ("Pod/etl-driver", "Secret/token", "mounts"),
        ("Pod/etl-driver", "ConfigMap/ca", "mounts"),
        ("Pod/etl-driver", "Secret/login", "reads"),
        ("Pod/etl-driver", "ConfigMap/common", "reads"),
        ("Pod/etl-driver", "Secret/registry", "pulls images with"),
        ("Pod/etl-driver", "ServiceAccount/etl", "runs as"),
    ]


def test_what_the_job_does_not_make_is_external():
    mounts = [{"name": "a", "configMap": {"name": "mine"}}, {"name": "b", "secret": {"secretName": "theirs"}}]

    found = graph(a_bundle(an_object("ConfigMap", "mine"), a_pod(volumes=mounts)))

    assert externals(found) == ["Secret/theirs"]


def test_who_may_do_what():
    role = an_object("Role", "etl", rules=[{"verbs": ["get", "list"], "resources": ["pods"]}])
    binding = an_object(
        "RoleBinding",
        "etl",
        roleRef={"kind": "Role", "name": "etl"},
        subjects=[{"kind": "ServiceAccount", "name": "a"}],
    )

    found = graph(a_bundle(role, binding))

    assert [tuple(each) for each in found.edges] == [
        ("Role/etl", "rights/pods: get, list", "allows"),
        ("RoleBinding/etl", "Role/etl", "grants"),
        ("RoleBinding/etl", "ServiceAccount/a", "to"),
    ]
    assert externals(found) == ["ServiceAccount/a"]


def test_selectors_lead_to_the_pods_that_carry_the_labels():
    executor = Resource(a_pod(f"{NAME}-exec-1", labels={"role": "executor"}), preview=True, copies=4)
    peer = {"from": [{"podSelector": {"matchLabels": LABELS}}]}
    spec = {"podSelector": {"matchLabels": {"role": "executor"}}, "ingress": [peer]}

    found = edges(
        an_object("Service", "svc", spec={"selector": LABELS}),
        an_object("Service", "none", spec={}),
        an_object("NetworkPolicy", "policy", spec=spec),
        a_pod(),
        executor,
    )

    assert found == [
        ("Service/svc", "Pod/etl-driver", "selects"),
        ("Service/svc", "Pod/etl-exec-1", "selects"),
        ("NetworkPolicy/policy", "Pod/etl-exec-1", "guards"),
        ("NetworkPolicy/policy", "Pod/etl-driver", "lets in"),
        ("NetworkPolicy/policy", "Pod/etl-exec-1", "lets in"),
        ("Pod/etl-driver", "Pod/etl-exec-1", "will make"),
    ]


def test_a_workload_runs_the_pod_of_its_template():
    template = {"metadata": {"labels": LABELS}, "spec": {"serviceAccountName": "etl"}}
    job = an_object("CronJob", "etl", spec={"jobTemplate": {"spec": {"template": template}}})

    found = graph(a_bundle(job, an_object("Service", "svc", spec={"selector": LABELS})))

    assert [tuple(each) for each in found.edges] == [
        ("CronJob/etl", "Pod/of CronJob/etl", "runs"),
        ("Service/svc", "Pod/of CronJob/etl", "selects"),
        ("Pod/of CronJob/etl", "ServiceAccount/etl", "runs as"),
    ]


def test_pods_are_members_of_their_gang():
    volcano = a_pod(annotations={"scheduling.k8s.io/group-name": f"{NAME}-gang"})
    kueue = a_pod("other", labels={"kueue.x-k8s.io/queue-name": "q", "scheduling.x-k8s.io/pod-group": "gang"})

    found = edges(an_object("PodGroup", f"{NAME}-gang", spec={"queue": "analytics"}), volcano, kueue)

    assert found == [
        ("PodGroup/etl-gang", "Queue/analytics", "waits in"),
        ("Pod/etl-driver", "PodGroup/etl-gang", "member of"),
        ("Pod/other", "PodGroup/gang", "member of"),
        ("Pod/other", "LocalQueue/q", "waits in"),
    ]


def test_bent_objects_are_no_crash():
    odd = [an_object(kind, "x", spec=5) for kind in ("Service", "NetworkPolicy", "Job", "PodGroup", "Pod")]
    odd += [an_object("Role", "x", rules="all"), an_object("RoleBinding", "x", subjects=[1], roleRef=[])]

    assert graph(a_bundle(*odd)).nodes


def a_side(*objects: Manifest) -> Side:
    return Side(a_bundle(*objects), Origin("x"), lambda *_: Origin("x"))


def test_two_graphs_are_one_with_what_came_and_went():
    before = a_side(a_pod(volumes=[{"name": "a", "configMap": {"name": "old"}}]), an_object("ConfigMap", "old"))
    after = a_side(a_pod(volumes=[{"name": "a", "secret": {"secretName": "new"}}]))

    found = compared(*compare([before], [after]))

    assert [(each.node.id, each.state) for each in found.nodes] == [
        ("Pod/etl-driver", State.CHANGED),
        ("Secret/new", State.NEW),
        ("ConfigMap/old", State.GONE),
    ]
    assert [tuple(each) for each in found.edges] == [
        ("Pod/etl-driver", "Secret/new", ("mounts",), State.NEW),
        ("Pod/etl-driver", "ConfigMap/old", ("mounts",), State.GONE),
    ]


# --- the picture -----------------------------------------------------------------------------------------------------

names = st.sampled_from("abcdefgh")


@given(st.lists(names, unique=True, min_size=1), st.data())
def test_boxes_never_overlap_and_lie_in_the_picture(nodes: list[str], data: st.DataObject):
    ends = st.sampled_from(nodes)
    found = data.draw(st.lists(st.tuples(ends, ends), max_size=12))

    drawn = picture.laid_out(nodes, found)

    assert drawn == picture.laid_out(nodes, found)
    assert [box.node for box in drawn.boxes] == nodes
    assert [line.edge for line in drawn.lines] == [*range(len(found))]
    for box in drawn.boxes:
        assert 0 <= box.x <= drawn.width - picture.WIDTH
        assert 0 <= box.y <= drawn.height - picture.HEIGHT
    places = [(box.x, box.y) for box in drawn.boxes]
    for x, y in places:
        assert [place for place in places if place[0] == x and abs(place[1] - y) < picture.HEIGHT] == [(x, y)]


def test_lines_lead_to_the_right_unless_they_close_a_circle():
    drawn = picture.laid_out(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])

    x = {box.node: box.x for box in drawn.boxes}
    assert x["a"] < x["b"] < x["c"]


def test_nothing_is_a_picture_too():
    assert picture.laid_out([], []).boxes == ()


def test_edges_are_told_once():
    twice = [{"name": name, "configMap": {"name": "x"}} for name in ("a", "b")]

    assert graph(a_bundle(a_pod(volumes=twice))).edges == (Edge("Pod/etl-driver", "ConfigMap/x", "mounts"),)
