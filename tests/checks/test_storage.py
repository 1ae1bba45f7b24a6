"""Claims and volumes: who may mount them, what they are called, and what kinds there still are."""

from __future__ import annotations

import pytest
from projects import Project
from told import messages, told


def mounting(source: str, role: str = "executor", more: str = "") -> str:
    return f"job: {{spec: {{{role}: {{volumes: [{{name: v, mountPath: /v, {source}}}]{more}}}}}}}\n"


def claim(*modes: str) -> str:
    spec = f"{{accessModes: [{', '.join(modes)}]}}"
    return f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: lake, namespace: data}}\nspec: {spec}\n"


LAKE = "persistentVolumeClaim: {claimName: lake}"
_SPEC = "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}"
EPHEMERAL = f"ephemeral: {{volumeClaimTemplate: {{spec: {_SPEC}}}}}"


@pytest.mark.parametrize(
    ("modes", "codes"),
    [
        (["ReadWriteOnce"], ["OF543"]),
        (["ReadWriteOncePod"], ["OF544"]),
        (["ReadWriteMany"], []),
        (["ReadWriteOnce", "ReadWriteMany"], []),
    ],
)
def test_a_claim_that_is_there_is_shared_as_its_modes_allow(project: Project, modes: list[str], codes: list[str]):
    found = told(project, mounting(LAKE), claim(*modes))

    assert [each[:5] for each in found] == codes


def test_one_pod_may_mount_any_claim(project: Project):
    assert told(project, mounting(LAKE, "driver"), claim("ReadWriteOncePod")) == []


def test_executors_that_may_come_later_count_too(project: Project):
    more = ", instances: null, dynamicAllocation: {min: 0, initial: 1, max: 5}"

    assert messages(project, mounting(LAKE, more=more), claim("ReadWriteOnce")) == [
        "5 pods mount the claim lake, which only one node can mount at a time (ReadWriteOnce)"
    ]


@pytest.mark.parametrize(
    ("mode", "told_of"),
    [
        ("RWX", "there is no access mode RWX (did you mean `ReadWriteMany`?)"),
        ("ReadWriteonce", "there is no access mode ReadWriteonce (did you mean `ReadWriteOnce`?)"),
        ("ReadWriteOncePod, ReadWriteMany", "ReadWriteOncePod cannot stand beside another mode"),
    ],
)
def test_access_modes_are_words_of_kubernetes(project: Project, mode: str, told_of: str):
    template = f"{{spec: {{accessModes: [{mode}], resources: {{requests: {{storage: 1Gi}}}}}}}}"

    [found] = messages(project, mounting(f"ephemeral: {{volumeClaimTemplate: {template}}}", "driver"))

    assert found.endswith(told_of)


@pytest.mark.parametrize(
    ("annotation", "storage_class", "codes"),
    [
        ("", "", ["OF541"]),
        ('storageclass.kubernetes.io/is-default-class: "true"', "", []),
        ("", ', storageClass: ""', []),
        ("", ", storageClass: disk", []),
        ("", ", storageClass: disc", ["OF541"]),
    ],
)
def test_the_class_of_a_claim_is_one_that_is_given(
    project: Project, annotation: str, storage_class: str, codes: list[str]
):
    metadata = f"{{name: disk, annotations: {{{annotation}}}}}"
    given = f"apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {metadata}\nprovisioner: example.com/disk\n"

    found = told(project, mounting(f"claim: {{size: 1Gi{storage_class}}}", "driver"), given)

    assert [each[:5] for each in found] == codes


@pytest.mark.parametrize(
    ("mode", "codes"),
    [("0o444", []), ("420", []), ("444", ["OF548"]), ("511", []), ("512", ["OF549"]), ("755", ["OF549"])],
)
def test_modes_of_files_are_what_was_meant(project: Project, mode: str, codes: list[str]):
    source = f"projected: {{sources: [{{configMap: {{name: c, items: [{{key: a, path: b, mode: {mode}}}]}}}}]}}"

    assert [each[:5] for each in told(project, mounting(source, "driver"))] == codes


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/mnt/disk1", []),
        ("/etc/localtime", []),
        ("/etc/", ["OF546"]),
        ("/", ["OF546"]),
        ("/run/containerd/containerd.sock", ["OF546"]),
        ("/runner", []),
        ("/var/lib/kubelet/pods", ["OF546"]),
        ("/mnt/../etc", ["OF547"]),
    ],
)
def test_folders_that_are_the_nodes_own_are_told_of(project: Project, path: str, codes: list[str]):
    assert [each[:5] for each in told(project, mounting(f"hostPath: {{path: {path}}}", "driver"))] == codes


@pytest.mark.parametrize(
    ("kind", "minor", "codes"),
    [
        ("glusterfs: {endpoints: e, path: p}", "1.25", []),
        ("glusterfs: {endpoints: e, path: p}", "1.26", ["OF554"]),
        ("rbd: {monitors: [m], image: i}", "1.30", []),
        ("rbd: {monitors: [m], image: i}", "1.31", ["OF554"]),
        ("gitRepo: {repository: https://git.example/r}", "1.33", ["OF554"]),
        ("awsElasticBlockStore: {volumeID: v}", "1.34", []),
    ],
)
def test_kinds_of_volumes_that_are_gone_are_told_of(project: Project, kind: str, minor: str, codes: list[str]):
    found = told(project, mounting(kind, "driver"), kubernetes=minor)

    assert [each[:5] for each in found if each.startswith("OF554")] == codes


@pytest.mark.parametrize(
    ("security", "source", "codes"),
    [
        ("runAsUser: 185", LAKE, ["OF550"]),
        (
            "runAsUser: 185",
            EPHEMERAL,
            ["OF550"],
        ),
        ("runAsUser: 185", f"readOnly: true, {LAKE}", []),
        ("runAsUser: 185", "emptyDir: {}", []),
        ("runAsUser: 0", LAKE, []),
        ("fsGroup: 185, runAsUser: 185", LAKE, []),
        ("runAsNonRoot: true", LAKE, []),
    ],
)
def test_who_writes_to_a_claim_needs_a_group_of_its_own(project: Project, security: str, source: str, codes: list[str]):
    found = told(project, mounting(source, "driver", f", securityContext: {{{security}}}"))

    assert [each[:5] for each in found] == codes
