import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: prod}
spec:
  vars: {tier: gold}
  job:
    spec:
      driver:
        memory: 2g
        labels: {tier: "{{ vars.tier }}"}
  patches:
    - target: {kind: Pod}
      merge: {spec: {priorityClassName: high}}
    - target: {kind: Pod}
      json: [{op: add, path: /spec/hostname, value: h}]
"""


@pytest.fixture
def prod(project: Project) -> Project:
    project.write({"job.yaml": JOB, "overlays/prod.yaml": OVERLAY})
    return project


def test_without_an_object_it_lists_objects_and_why_they_exist(prod: Project):
    result = prod.openflow("explain", "job.yaml", "--set", "spec.createNamespace=true")

    lines = [line.split("  ", 1) for line in result.stdout.splitlines()]
    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert [(name, why.strip()) for name, why in lines][:2] == [
        ("object", "why it is there"),
        ("Namespace/data", "createNamespace asks for it."),
    ]
    assert lines[-1] == ["Pod/etl-driver", lines[-1][1]]


OWN = """\
apiVersion: v1
kind: Namespace
metadata:
  name: "{{ app.namespace }}"
  annotations: {ours: a, text: "for {{ app.job.name }}"}
  labels: "{{ driver.own_labels }}"
spec:
  finalizers: [kubernetes]
"""


@pytest.fixture
def own(prod: Project) -> Project:
    """A project whose Namespace comes of a template of its own."""
    prod.write({"templates/spark/namespace.yaml": OWN})
    return prod


ALL = ("-o", "prod", "--set", "spec.createNamespace=true")


def test_with_an_object_it_shows_each_value_and_its_place(own: Project):
    labels = "--set-json", 'metadata.labels={"a": "x"}'

    result = own.openflow("explain", "job.yaml", "Namespace", *ALL, *labels)

    assert result == (
        Exit.DONE,
        """\
Namespace/data
  apiVersion: v1                                           # templates/spark/namespace.yaml:1:13
  kind: Namespace                                          # templates/spark/namespace.yaml:2:7
  metadata.name: data                                      # job.yaml:3:34 metadata.namespace
  metadata.annotations.ours: a                             # templates/spark/namespace.yaml:5:23
  metadata.annotations.text: for etl                       # job.yaml:3:18 metadata.name
  metadata.labels[app.kubernetes.io/name]: etl             # job.yaml:3:18 metadata.name
  metadata.labels[app.kubernetes.io/managed-by]: openflow  # metadata (by default)
  metadata.labels.a: x                                     # --set-json metadata.labels={"a": "x"} metadata.labels.a
  metadata.labels.tier: gold                               # overlays/prod.yaml:10:24 spec.driver.labels.tier
  spec.finalizers[0]: kubernetes                           # templates/spark/namespace.yaml:8:16
""",
        "",
    )


FIELDS = {
    "Namespace.metadata.labels.tier": """\
Namespace/data metadata.labels.tier: gold
  placed by   templates/spark/namespace.yaml:6:11
  rule        DriverPlan.own_labels: Labels from `spark.kubernetes.<role>.label.*`, placeholders put in.
  from        overlays/prod.yaml:10:24 spec.driver.labels.tier: gold
  var         overlays/prod.yaml:5:16
""",
    "Namespace/data.metadata.annotations.ours": """\
Namespace/data metadata.annotations.ours: a
  placed by   templates/spark/namespace.yaml:5:23
""",
    "Namespace.metadata.labels[app.kubernetes.io/name]": """\
Namespace/data metadata.labels[app.kubernetes.io/name]: etl
  rule        metadata: Gives every object, and every pod that an object makes, the job's metadata.
  from        job.yaml:3:18 metadata.name: etl
""",
    "Pod.spec.priorityClassName": """\
Pod/etl-driver spec.priorityClassName: high
  placed by   overlays/prod.yaml:13:41
  rule        patch: One patch.
""",
    "Pod/etl-driver.spec.hostname": """\
Pod/etl-driver spec.hostname: h
  placed by   overlays/prod.yaml:15:53
  rule        patch: One patch.
""",
}


@pytest.mark.parametrize("field", FIELDS)
def test_with_a_field_it_shows_everything_behind_the_value(own: Project, field: str):
    result = own.openflow("explain", "job.yaml", field, *ALL)

    assert result == (Exit.DONE, FIELDS[field], "")


def test_an_image_in_short_is_found_in_its_line(prod: Project):
    result = prod.openflow("explain", "job.yaml", "Pod.spec.containers[spark-kubernetes-driver].image")

    assert "\n  from        job.yaml:7:10 spec.image: registry.example/spark:4.3.0\n" in result.stdout


def test_a_value_that_no_line_gives_names_the_fields_that_could(prod: Project):
    result = prod.openflow("explain", "job.yaml", "Pod.spec.restartPolicy")

    assert result.stdout.splitlines()[-1] == "  not set     spec.run.as"


def test_a_value_of_two_layers_shows_both_lines(prod: Project):
    wanted = "Pod.spec.containers[spark-kubernetes-driver].resources.requests.memory"

    result = prod.openflow("explain", "job.yaml", wanted, "-o", "prod", "--set", "spec.driver.memory=3g")

    assert [line for line in result.stdout.splitlines() if "driver.memory:" in line] == [
        "  from        --set spec.driver.memory=3g spec.driver.memory: 3g",
        "  overrides   overlays/prod.yaml:9:17 spec.driver.memory: 2g",
        "  overrides   job.yaml:12:13 spec.driver.memory: 1g",
    ]


def test_the_content_of_a_secret_is_hidden(prod: Project):
    prod.write({"krb.keytab": "hidden-bytes"})
    sets = ("--set", "spec.kerberos.keytab=krb.keytab", "--set", "spec.kerberos.principal=me")

    result = prod.openflow("explain", "job.yaml", "Secret", *sets)

    assert "***" in result.stdout
    assert "aGlkZGVu" not in result.stdout


UNKNOWN = {
    "Pud": "no object is called `Pud`\n  hint: see them all without OBJECT",
    "pod": "no object is called `pod` (did you mean `Pod`?)\n  hint: see them all without OBJECT",
    "pod.spec.volumes": "no object is called `pod.spec.volumes` (did you mean `Pod`?)\n",
    "Pod.metadata.labelz": "Pod/etl-driver has no field metadata.labelz (did you mean `labels`?)\n  hint: there is ",
    "Pod.spec.containers[9]": "Pod/etl-driver has no field spec.containers[9]\n  hint: there is spark-kubernetes-",
    "Pod.kind.x": "Pod/etl-driver has no field kind.x\n  hint: nothing is below it",
    "Pod.spec[": "spec[",
}


@pytest.mark.parametrize("wanted", UNKNOWN)
def test_an_unknown_object_or_field_is_wrong_use(prod: Project, wanted: str):
    result = prod.openflow("explain", "job.yaml", wanted)

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert result.stderr.startswith(f"error: {UNKNOWN[wanted]}")


def test_an_item_with_a_name_may_be_given_by_its_number(prod: Project):
    by_number = prod.openflow("explain", "job.yaml", "Pod.spec.containers[0].image")
    by_name = prod.openflow("explain", "job.yaml", "Pod.spec.containers[spark-kubernetes-driver].image")

    assert by_number.exit_code == Exit.DONE
    assert by_number == by_name


def test_a_pod_inside_another_object_is_told_where_it_is(prod: Project):
    result = prod.openflow("explain", "job.yaml", "Pod.spec", "--set", "spec.run.as=job")

    assert result == (
        Exit.USAGE,
        "",
        "error: no object is called `Pod.spec`\n  hint: the pod is inside Job/etl.spec.template\n",
    )


def test_a_kind_of_two_objects_is_not_guessed(prod: Project):
    result = prod.openflow("explain", "job.yaml", "ConfigMap", "--set", "spec.executor.priorityClass=x")

    assert result == (
        Exit.USAGE,
        "",
        "error: `ConfigMap` could be ConfigMap/etl-driver-podspec-conf-map, ConfigMap/etl-conf-map\n",
    )


def test_a_refused_job_is_refused(prod: Project):
    result = prod.openflow("explain", "job.yaml", "--set", "spec.driver.memory=12x")

    assert result == (
        Exit.REFUSED,
        "",
        (
            '--set spec.driver.memory=12x: error OF210: driver.memory "12x" is not a memory size\n'
            "  hint: write a whole number and k, m, g or t, for example 12g\n"
        ),
    )
