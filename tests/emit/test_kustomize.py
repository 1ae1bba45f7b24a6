"""What the real kustomize makes of trees: exactly the objects that a plain render prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import Program, objects
from projects import JOB, Project
from rendered import examples, expected_of

from openflow_render.cli.exits import Exit

ALL = [pytest.param(folder, overlay, id=expected_of(folder, overlay).stem) for folder, overlay in examples()]


Build = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(params=["kustomize build", "kubectl kustomize"])
def build(request: pytest.FixtureRequest, kustomize: Program, kubectl: Program) -> Build:
    """Builds a folder with the real kustomize, the program or that in kubectl, and gives the objects in their order."""
    if request.param == "kustomize build":
        return lambda folder: objects(kustomize("build", folder))
    return lambda folder: objects(kubectl("kustomize", folder))


def rendered(project: Project, *words: str) -> list[dict[str, Any]]:
    """The objects that a render prints, whatever it has to say besides."""
    result = project.openflow("render", *words)
    assert result.exit_code == Exit.DONE, result
    return list(yaml.load_all(result.stdout, yaml.CSafeLoader))


@pytest.mark.parametrize(("folder", "overlay"), ALL)
def test_an_example_is_built_to_what_is_rendered(project: Project, build: Build, folder: Path, overlay: str):
    words = [str(folder / "job.yaml"), *(["-o", str(folder / "overlays" / f"{overlay}.yaml")] if overlay else [])]
    plain = rendered(project, *words)

    rendered(project, *words, "--to", "kustomize", "--out", "out")

    assert build("out") == plain != []


HOSTILE = {
    "yes": "yes",
    "null": "null",
    "tilde": "~",
    "octal": "0755",
    "hex": "0x1F",
    "float": "1e3",
    "date": "2024-01-01",
    "time": "190:20:30",
    "stamp": "2024-01-01T00:00:00Z",
    "empty": "",
    "leading": "  leading",
    "trailing": "trailing \t",
    "comment": "# no comment",
    "unicode": "žluťoučký 🐎 \u2028\u00a0\ufeff",
    "control": "\a\x01",
    "lines": "a\n\n  b\n\n\n",
    "unended": "a\nb",
    "indented": "  a\nb\n",
    "blanks": "a  \n\tb\n",
    "windows": "a\r\nb\r\n",
    "newline": "\n",
    "document": "---\na: b\n...\n",
    "long": "word " * 60 + "end",
}
"""Texts that a reader or writer of YAML may take for something else, or bend."""


def test_texts_that_look_like_something_else_stay_texts(project: Project, build: Build):
    tree = yaml.safe_load(JOB)
    tree["metadata"]["annotations"] = {**{f"example.com/{name}": text for name, text in HOSTILE.items()}, "yes": "no"}
    tree["spec"]["driver"] |= {"env": HOSTILE, "nodeSelector": {"1": "1", "on": "off"}}
    project.write({"etl.yaml": json.dumps(tree)})
    plain = rendered(project, "etl.yaml")

    rendered(project, "etl.yaml", "--to", "kustomize", "--out", "out")

    assert build("out") == plain
    assert tree["metadata"]["annotations"].items() <= plain[0]["metadata"]["annotations"].items()


@pytest.mark.parametrize("by", ["object", "job"])
def test_many_jobs_in_two_namespaces_are_built_in_order(project: Project, build: Build, by: str):
    names = [("data" if number % 2 else "lake", f"job-{number}") for number in range(20)]
    jobs = [JOB.replace("name: etl, namespace: data", f"name: {name}, namespace: {place}") for place, name in names]
    project.write({f"jobs/{index:02}.yaml": text for index, text in enumerate(jobs)})
    plain = rendered(project, "jobs")

    rendered(project, "jobs", "--to", "kustomize", "--by", by, "--out", "out")

    assert build("out") == plain
    assert [each["metadata"]["namespace"] for each in plain if each["kind"] == "Pod"] == ["lake", "data"] * 10


def test_objects_whose_files_would_be_called_the_same_are_all_built(project: Project, build: Build):
    claim = {"options.claimName": "etl-driver-pvc-1", "options.storageClass": "fast", "options.sizeLimit": "1Gi"}
    volume = "spark.kubernetes.driver.volumes.persistentVolumeClaim"
    tree = yaml.safe_load(JOB)
    tree["spec"]["conf"] = {f"{volume}.kept.{name}": text for name, text in {**claim, "mount.path": "/kept"}.items()}
    tree["spec"]["driver"]["volumes"] = [
        {"name": "new", "mountPath": "/new", "claim": {"size": "1Gi", "storageClass": "fast"}}
    ]
    project.write({"etl.yaml": json.dumps(tree)})
    plain = rendered(project, "etl.yaml")

    rendered(project, "etl.yaml", "--to", "kustomize", "--out", "out")

    assert build("out") == plain
    assert [name for name in project.files("out") if "claim" in name] == [
        "data/etl/persistentvolumeclaim-etl-driver-pvc-1-2.yaml",
        "data/etl/persistentvolumeclaim-etl-driver-pvc-1.yaml",
    ]


# --- targets ---------------------------------------------------------------------------------------------------------

OTHER = JOB.replace("name: etl, namespace: data", "name: load, namespace: lake")


def a_project(project: Project, **target: Any) -> None:
    """Two jobs in two namespaces, and a target `prod` for them."""
    spec = {"targets": {"prod": {"out": "deploy", **target}}}
    found = {"apiVersion": "openflow.io/v1", "kind": "Project", "metadata": {"name": "shop"}, "spec": spec}
    project.write({"openflow.yaml": json.dumps(found), "jobs/etl.yaml": JOB, "jobs/load.yaml": OTHER})


def test_a_flux_tree_is_built_to_what_is_rendered_in_two_parts(project: Project, build: Build):
    a_project(project, to="flux", flux={"source": {"git": {"url": "https://git.example/shop"}}})
    plain = rendered(project, "--target", "prod", "--out", "-")

    rendered(project, "--target", "prod")

    accounts, runs = build("deploy/accounts"), build("deploy/runs")
    assert accounts + runs == sorted(plain, key=runs.__contains__)
    assert {each["kind"] for each in accounts} == {"ServiceAccount", "Role", "RoleBinding"}


def test_an_argocd_tree_holds_what_is_rendered_beside_its_application(project: Project):
    a_project(project, to="argocd", argocd={"repoURL": "https://git.example/shop"})
    plain = rendered(project, "--target", "prod", "--out", "-")

    rendered(project, "--target", "prod")

    files = {name: text for name, text in project.files("deploy").items() if name.endswith(".yaml")}
    [application] = yaml.safe_load_all(files.pop("application.yaml"))
    found = [yaml.safe_load(text) for text in files.values()]
    assert application["kind"] == "Application"
    assert sorted(found, key=json.dumps) == sorted(plain, key=json.dumps)


def test_a_tree_of_a_target_is_built_to_what_is_rendered(project: Project, build: Build):
    a_project(project, to="kustomize", namespace="lake", by="job", provenance=True)
    plain = rendered(project, "--target", "prod", "--out", "-")

    rendered(project, "--target", "prod")

    assert build("deploy") == plain
    assert list(project.files("deploy")) == [".openflow.index", "data/etl.yaml", "kustomization.yaml", "lake/load.yaml"]


# --- manifests -------------------------------------------------------------------------------------------------------

EXTERNAL = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: bucket, namespace: data}
spec: {refreshInterval: 1h, target: {name: bucket}}
"""

SEALED = """\
{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "sealed", "namespace": "data"},
 "spec": {"encryptedData": {"password": "AgBy=="}}}
"""

SOPS = """\
# Comments, blanks and quotes stay.
apiVersion: v1
kind: Secret
metadata:
    name:   'database'
    namespace: data
stringData:
    password: ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]
sops:
    mac: ENC[AES256_GCM,data:jkl=,iv:mno=,tag:pqr=,type:str]
    version: 3.9.0
"""

CLEAR = """\
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: data}
stringData: {login: hunter2}
"""


@pytest.mark.parametrize(
    ("form", "below"),
    [("plain", ""), ("kustomize", ""), ("argocd", ""), ("flux", "accounts/")],
)
def test_manifests_go_into_a_tree_byte_for_byte(project: Project, form: str, below: str):
    more = {"argocd": {"repoURL": "https://git.example/x"}, "flux": {"source": {"oci": {"url": "oci://x.example/x"}}}}
    a_project(project, to=form, manifests=["secrets", "more.yaml"], **{form: more[form] for form in more})
    manifests = {
        "secrets/deep/external.yml": EXTERNAL + "---\n",
        "secrets/sealed.json": SEALED,
        "secrets/sops.yaml": SOPS,
        "more.yaml": "---\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: more}\r\n",
    }
    project.write({**manifests, "secrets/README.md": "# not read\n"})

    rendered(project, "--target", "prod")

    folder = project.folder / "deploy" / below / "_manifests"
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == {name: text.encode() for name, text in manifests.items()}


def test_manifests_are_built_after_the_objects_of_jobs(project: Project, build: Build):
    a_project(project, to="kustomize", manifests=["secrets"])
    project.write({"secrets/external.yaml": f"{EXTERNAL}---\n{SEALED}", "secrets/sops.yaml": SOPS})
    plain = rendered(project, "jobs", "--target", "prod")

    rendered(project, "--target", "prod")

    assert build("deploy") == [*plain, *(yaml.safe_load(text) for text in (EXTERNAL, SEALED, SOPS))]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        pytest.param(
            CLEAR, "4: error OF605: Secret/database holds data in the clear, and would be written", id="clear"
        ),
        pytest.param(
            CLEAR.replace("stringData: {login: hunter2}", "data: {login: aHVudGVyMg==}"),
            "4: error OF605: Secret/database holds data in the clear",
            id="encoded",
        ),
        pytest.param(
            SOPS.replace("stringData:\n", "stringData:\n    user: root\n"),
            "8: error OF605: Secret/database holds data in the clear",
            id="half-encrypted",
        ),
        pytest.param(
            SOPS.replace("sops:", "sops_was:"), "8: error OF605: Secret/database holds data in the clear", id="no-mac"
        ),
        pytest.param(
            SOPS.replace(
                "    namespace",
                "    annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}\n    namespace",
            ),
            "6: error OF605: Secret/database holds data in the clear",
            id="last-applied",
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nmetadata: {name: all}\nitems: []\n",
            "1:1: error OF148: this is not one Kubernetes object",
            id="list",
        ),
        pytest.param("resources: [a.yaml]\n", "1:1: error OF148: this is not one Kubernetes object", id="no-object"),
        pytest.param("# nothing\n", " error OF147: there is no manifest here", id="nothing"),
        pytest.param(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: etl, namespace: data}\n",
            "3:18: error OF149: ServiceAccount/etl is in the tree already: a job makes it",
            id="of-a-job",
        ),
        pytest.param(
            f"{EXTERNAL}---\n{EXTERNAL}",
            "8:18: error OF149: ExternalSecret/bucket is in the tree already: it stands at secrets/it.yaml:3:",
            id="twice",
        ),
        pytest.param("a: [", "2:1: error OF112: this is not YAML", id="no-yaml"),
    ],
)
def test_a_manifest_that_may_not_stand_in_a_tree_is_refused(project: Project, text: str, finding: str):
    a_project(project, manifests=["secrets"])
    project.write({"secrets/it.yaml": text})

    result = project.openflow("render", "--target", "prod")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert f"\nsecrets/it.yaml:{finding}" in f"\n{result.stderr}"
    assert "hunter2" not in result.stderr
    assert not (project.folder / "deploy").exists()


def test_manifests_that_are_not_there_are_refused(project: Project):
    a_project(project, manifests=["empty", "missing.yaml"])
    (project.folder / "empty").mkdir()

    result = project.openflow("render", "--target", "prod")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert [line for line in result.stderr.splitlines() if "error" in line] == [
        "empty: error OF147: there is no manifest here",
        "missing.yaml: error OF101: missing.yaml cannot be read: No such file or directory",
    ]


def test_a_manifest_that_leads_out_of_the_project_is_refused(project: Project):
    a_project(project, manifests=["secrets"])
    project.write({"secrets/sops.yaml": SOPS})
    (project.folder / "secrets" / "link.yaml").symlink_to("/etc/hostname")

    result = project.openflow("render", "--target", "prod")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith(
        "secrets/link.yaml: error OF101: secrets/link.yaml cannot be read: it is no regular"
    )
    assert not (project.folder / "deploy").exists()


def test_no_namespace_can_be_called_as_the_folder_of_manifests(project: Project):
    project.write({"etl.yaml": JOB.replace("namespace: data", "namespace: _manifests")})

    result = project.openflow("render", "etl.yaml", "--to", "kustomize", "--out", "out")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith("etl.yaml:3:")
    assert not (project.folder / "out").exists()
