"""Whatever a file holds, rendering it ends soon, with objects or with a refusal, and never with a crash."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projects import JOB, Project

from openflow_render.cli.exits import Exit

RICH = (
    JOB
    + """\
    dynamicAllocation: {min: 1, max: 2}
    volumes: [{name: v, mountPath: /v, emptyDir: {}}, {name: c, mountPath: /c, claim: {size: 1Gi}}]
    env: {A: b}
    localDirs: {count: 2}
    sidecars: [{name: s, image: i}]
  vars: {a: b}
  conf: {spark.a: "{{ vars.a }}", spark.kubernetes.driver.label.x: y, spark.driver.port: 7078}
  run: {as: job, retries: 1, deadline: 2h}
  scheduling: {scheduler: volcano, queue: q, gang: {}}
  security: {profile: restricted}
  kerberos: {principal: p, keytab: "local:///k"}
"""
)
OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: o}
spec:
  vars: {a: c}
  job: {spec: {driver: {memory: 2g}, executor: {env: {B: c}}}}
  patches:
    - target: {kind: Job, name: "*"}
      merge: {spec: {suspend: true}}
      json: [{op: add, path: /metadata/annotations, value: {x: y}}]
      expect: 0..1
"""
PATIENCE = 5.0

QUICK = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)

Render = Callable[..., None]


@pytest.fixture
def render(project: Project) -> Render:
    """Renders a job, perhaps under an overlay; whatever comes of it is allowed, but for a crash."""

    def run(job: bytes, overlay: bytes | None = None) -> None:
        project.write({"job.yaml": job, **({} if overlay is None else {"o.yaml": overlay})})
        begin = time.monotonic()
        result = project.openflow("render", "job.yaml", *(() if overlay is None else ("-o", "o.yaml")))
        assert time.monotonic() - begin < PATIENCE
        assert result.exit_code in {Exit.DONE, Exit.REFUSED}
        assert (result.exit_code == Exit.REFUSED) == (result.stdout == "")
        assert all(line.isprintable() for line in result.stderr.split("\n"))

    return run


@settings(QUICK, max_examples=150)
@given(content=st.binary(max_size=400))
def test_any_bytes(render: Render, content: bytes) -> None:
    render(content)


@settings(QUICK, max_examples=150)
@given(text=st.text(alphabet="{}[]:,-&*!|>'\"%@`#?<~ \t\nabc01.\u2028\ue000", max_size=60))
def test_any_text_of_the_signs_of_yaml_behind_a_job(render: Render, text: str) -> None:
    render((RICH + "  " + text).encode())


@st.composite
def spoilt(draw: st.DrawFn, text: str) -> bytes:
    """``text`` with some bytes cut out, put in, or doubled."""
    content = text.encode()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        size = draw(st.integers(0, 30))
        new = draw(st.one_of(st.binary(max_size=4), st.just(content[at : at + size] * 2)))
        content = content[:at] + new + content[at + size :]
    return content


@settings(QUICK, max_examples=180)
@given(content=spoilt(RICH))
def test_a_job_with_bytes_cut_out_and_put_in(render: Render, content: bytes) -> None:
    render(content)


@settings(QUICK, max_examples=150)
@given(content=spoilt(OVERLAY))
def test_an_overlay_with_bytes_cut_out_and_put_in(render: Render, content: bytes) -> None:
    render(RICH.encode(), content)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**40), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(
            ["", "1g", "a,b", "local:///x.py", "{{ vars.a }}", "{{APP_ID}}", "${spark.a}", "$(X)", "a/b", "-"]
        ),
    ),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "spec", "value", "a", "", "metadata", "containers", "$patch"]), below, max_size=3
        ),
    ),
    max_leaves=5,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*at, key)
        yield from places(below, (*at, key))


@st.composite
def exchanged(draw: st.DrawFn, text: str) -> bytes:
    """The document with some of its values exchanged for others."""
    tree = yaml.safe_load(text)
    for _ in range(draw(st.integers(1, 3))):
        *around, key = draw(st.sampled_from(list(places(tree))))
        at = tree
        for each in around:
            at = at[each]
        at[key] = draw(VALUES)
    return json.dumps(tree).encode()


@settings(QUICK, max_examples=250)
@given(content=exchanged(RICH))
def test_a_job_with_values_exchanged(render: Render, content: bytes) -> None:
    render(content)


@settings(QUICK, max_examples=200)
@given(content=exchanged(OVERLAY))
def test_an_overlay_with_values_exchanged(render: Render, content: bytes) -> None:
    render(RICH.encode(), content)


FIELDS = [
    "spec.driver.template",
    "spec.executor.template",
    "spec.driver.sidecars",
    "spec.driver.volumes",
    "spec.executor.volumes",
    "spec.driver.securityContext",
    "spec.driver.affinity",
    "spec.driver.env",
    "spec.executor.env",
    "spec.driver.localDirs",
    "spec.conf",
    "spec.application",
    "metadata.labels",
]


@settings(QUICK, max_examples=180)
@given(field=st.sampled_from(FIELDS), value=VALUES)
def test_any_value_of_an_open_field(render: Render, field: str, value: Any) -> None:
    tree = yaml.safe_load(JOB)
    *around, key = field.split(".")
    at = tree
    for each in around:
        at = at.setdefault(each, {})
    at[key] = value
    render(json.dumps(tree).encode())


KNOWN = st.sampled_from(
    [
        "spark.driver.memory",
        "spark.driver.port",
        "spark.driver.resource.gpu.amount",
        "spark.kubernetes.driver.secretKeyRef.A",
        "spark.kubernetes.driver.volumes.nfs.a.mount.path",
        "spark.kubernetes.driver.volumes..a.mount.path",
        "spark.kubernetes.driver.volumes.nfs",
        "spark.kubernetes.driver.podTemplateFile",
        "spark.kubernetes.driver.pod.featureSteps",
        "spark.kubernetes.driver.label.",
        "spark.kubernetes.memoryOverheadFactor",
        "spark.kubernetes.scheduler.volcano.podGroupTemplateJson",
        "spark.kubernetes.driver.annotations",
        "spark.executor.instances",
        "spark.memory.offHeap.size",
    ]
)


@settings(QUICK, max_examples=180)
@given(
    conf=st.dictionaries(
        KNOWN,
        st.one_of(st.text(max_size=6), st.sampled_from(["1", "-1", "1e9", "0x1", "nan", "1g", "a:b"])),
        max_size=4,
    )
)
def test_any_value_of_a_property(render: Render, conf: dict[str, str]) -> None:
    tree = yaml.safe_load(
        JOB.replace("    memory: 1g\n", "    cores: 1\n").replace("    instances: 2\n", "    cores: 1\n")
    )
    tree["spec"]["conf"] = conf
    render(json.dumps(tree).encode())
