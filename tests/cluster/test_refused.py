"""Objects that the API server refuses: what openflow says of them before they are sent.

A file in ``refused/`` is a list of cases, and a case is a map:

``what``    the defect, in a few words that no other case has
``bad``     a fragment with the defect: the ``spec`` of an overlay over `JOB`, so it may hold ``job`` and ``patches``
``good``    the nearest fragment that the API server takes
``object``  the object that is refused, ``Kind/name`` without the run's identity
``since``   the first minor version that has what the defect is in, if not all have it that are tested
``by``      ``admission``, where an admission plugin refuses it; else it is the server's own validation
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from controlplane import MINOR, Api, ControlPlane, has_account, wait_until
from crds import plural
from jobs_of import KINDS
from projects import JOB, Project

from openflow_render.checks import kubernetes
from openflow_render.compile import Settings, compile_job, explain_job
from openflow_render.core import paths
from openflow_render.core.identity import lasting
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest
from openflow_render.source.load import Source, load
from openflow_render.spec import schema

FOLDER = Path(__file__).parent / "refused"

LEAST_CASES = 300
LEAST_SHARE = 60 / 66

CLUSTER_WIDE: Mapping[str, str] = {"Namespace": "/api/v1/namespaces"}
"""Where objects of the kinds are that have no namespace."""

REFUSALS: Mapping[str, Sequence[int]] = {"validation": (400, 422), "admission": (403,)}
"""The HTTP status by which it is known who refuses an object."""

TAKEN: Sequence[int] = (201, 409)
"""The HTTP status of what is valid: it was made, or is there already, as the account is."""

RUN = re.compile("[0-9a-f]{10}(?:[0-9a-f]{22})?")
"""The identity of a run, inside names and labels."""

NOT_FOUND: Mapping[str, str] = {}
"""The cases that openflow says nothing of, by their ``what``, and why. One that is found may not stay here."""


class Case(NamedTuple):
    """A defect; see above."""

    what: str
    bad: Mapping[str, Any]
    good: Mapping[str, Any]
    object: str
    by: str = "validation"
    since: str = "1.34"


EVERY = [Case(**each) for file in sorted(FOLDER.glob("*.yaml")) for each in yaml.safe_load(file.read_text())]
CASES = [case for case in EVERY if kubernetes.number(case.since) <= kubernetes.number(MINOR)]

each_case = pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])


@pytest.fixture(scope="module")
def shared_namespace(api: Api) -> Iterator[str]:
    """A namespace for all cases, with the account that their pods run as. All else is sent in dry runs."""
    name = f"t-{secrets.token_hex(4)}"
    api.post(CLUSTER_WIDE["Namespace"], {"metadata": {"name": name}})
    wait_until(lambda: has_account(api, name), f"{name} has a ServiceAccount")
    api.post(KINDS["ServiceAccount"].format(name), {"metadata": {"name": "etl"}})
    yield name
    api.delete(f"{CLUSTER_WIDE['Namespace']}/{name}", check=False)


@pytest.fixture(scope="module")
def taken() -> set[str]:
    """The objects that the API server has taken, but for the run: most are the same in every case."""
    return set()


def write(project: Project, fragment: Mapping[str, Any], namespace: str = "data") -> None:
    """`JOB` and the overlay that is to be laid over it."""
    overlay = {"apiVersion": "openflow.io/v1", "kind": "Overlay", "spec": dict(fragment)}
    files = {"job.yaml": JOB, "case.yaml": yaml.safe_dump(overlay)}
    project.write({name: text.replace("namespace: data", f"namespace: {namespace}") for name, text in files.items()})


def loaded(project: Project, fragment: Mapping[str, Any], namespace: str) -> Source:
    write(project, fragment, namespace)
    early = Report(lambda at: Origin(paths.show(at)))
    [source] = load(
        ["job.yaml"], ["./case.yaml"], [], {}, types=schema.types_at, check_overlay=lambda *_: True, report=early
    )
    assert not early.failed, early.findings
    return source


def unchecked(project: Project, fragment: Mapping[str, Any], namespace: str, minor: str) -> dict[str, Manifest]:
    """The objects of the job by their lasting names, before they are checked."""
    source = loaded(project, fragment, namespace)
    report = Report(source.origin)
    explained = explain_job(source, Settings(kubernetes=minor), report)
    assert explained, f"no object is made of it, so write it as a patch: {report.findings}"
    return by_name(explained[0])


def by_name(bundle: Bundle) -> dict[str, Manifest]:
    return {lasting(str(each.key)): each.manifest for each in bundle if not each.literal}


def sent(api: Api, manifest: Manifest, namespace: str) -> tuple[int, str]:
    """What the API server says of an object: the HTTP status, and why it is refused."""
    kind, version = manifest["kind"], manifest["apiVersion"]
    # By the group, as there are two kinds of PodGroup.
    own = f"/{'apis' if '/' in version else 'api'}/{version}/namespaces/{namespace}/{plural(kind)}"
    path = CLUSTER_WIDE.get(kind, own)
    answer = api.post(f"{path}?dryRun=All&fieldValidation=Strict", manifest, check=False)
    return (answer["code"], answer["message"]) if answer["kind"] == "Status" else (201, "")


def findings(project: Project, fragment: Mapping[str, Any], minor: str) -> list[dict[str, Any]]:
    """What `validate` tells of the job."""
    write(project, fragment)
    result = project.openflow("validate", "job.yaml", "-o", "./case.yaml", "--kubernetes", minor, "--report", "json")
    assert result.stderr == ""
    return list(json.loads(result.stdout)["findings"])


def is_found(case: Case, told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of the findings is an error about the object, or about what it is made from."""
    return any(
        each["severity"] == "error" and lasting(each.get("object") or case.object) == case.object for each in told
    )


@each_case
def test_the_api_server_refuses_the_bad_object(
    api: Api, control_plane: ControlPlane, shared_namespace: str, project: Project, case: Case
):
    objects = unchecked(project, case.bad, shared_namespace, control_plane.minor)

    status, message = sent(api, objects[case.object], shared_namespace)

    assert status in REFUSALS[case.by], message


@each_case
def test_what_the_api_server_takes_has_no_finding(
    api: Api, control_plane: ControlPlane, shared_namespace: str, taken: set[str], project: Project, case: Case
):
    source = loaded(project, case.good, shared_namespace)
    report = Report(source.origin)
    bundle = compile_job(source, Settings(kubernetes=control_plane.minor), report)

    assert bundle is not None, report.findings
    objects = by_name(bundle)
    texts = {name: RUN.sub("", json.dumps(manifest)) for name, manifest in objects.items()}
    new = [name for name in objects if texts[name] not in taken]

    answers = {name: sent(api, objects[name], shared_namespace) for name in new}

    assert case.object in objects
    assert {name: answer for name, answer in answers.items() if answer[0] not in TAKEN} == {}
    assert report.findings == []
    taken.update(texts.values())


@each_case
def test_what_is_refused_is_found_offline(control_plane: ControlPlane, project: Project, case: Case):
    told = findings(project, case.bad, control_plane.minor)

    assert is_found(case, told) == (case.what not in NOT_FOUND), told


def test_most_of_what_is_refused_is_found_offline(record_property: Any):
    found = [case for case in CASES if case.what not in NOT_FOUND]

    record_property("found offline", f"{len(found)} of {len(CASES)}")
    assert NOT_FOUND.keys() <= {case.what for case in CASES}
    assert len({case.what for case in CASES}) == len(CASES) >= LEAST_CASES
    assert len(found) / len(CASES) >= LEAST_SHARE
