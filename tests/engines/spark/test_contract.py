"""What spark-submit makes of each property, beyond the captures: the contract of its feature steps, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from compiling import Compile, Compiled

FEATURES = "org.apache.spark.deploy.k8s.features."
VOLCANO = f"{FEATURES}VolcanoFeatureStep"
EXCLUDED = "spark.kubernetes.driver.pod.excludedFeatureSteps"
CREDENTIALS = "/mnt/secrets/spark-kubernetes-credentials"
JAVA = {"main": "local:///opt/app.jar", "class": "example.Main"}
PYTHON = {"main": "local:///opt/app.py", "class": None}
R = {"main": "local:///opt/app.R", "class": None}

Submit = Callable[..., Compiled]


@pytest.fixture
def submit(compile_spark: Compile) -> Submit:
    """Compiles the baseline job with properties; further arguments stand under ``spec``."""

    def run(
        conf: dict[str, str] | None = None, *, files: dict[str, str | bytes] | None = None, **spec: Any
    ) -> Compiled:
        result = compile_spark(json.dumps({"conf": conf or {}, **spec}), files=files)
        assert result.objects, result.found
        return result

    return run


@pytest.fixture
def refusal(compile_spark: Compile) -> Callable[..., list[str]]:
    """The codes under which a job with properties is refused."""

    def run(conf: dict[str, str], *, files: dict[str, str | bytes] | None = None, **spec: Any) -> list[str]:
        result = compile_spark(json.dumps({"conf": conf, **spec}), files=files)
        assert not result.objects
        return [each.code.id for each in result.findings if str(each.severity) == "error"]

    return run


def main(result: Compiled) -> dict[str, Any]:
    """The driver's main container, which is the last."""
    return dict(result.pod["containers"][-1])


def env(result: Compiled) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in main(result)["env"]}


def named(result: Compiled, field: str) -> list[str]:
    return [each["name"] for each in (result.pod if field == "volumes" else main(result))[field]]


def volume(result: Compiled, name: str) -> dict[str, Any]:
    [found] = [each for each in result.pod["volumes"] if each["name"] == name]
    return {key: value for key, value in found.items() if key != "name"}


def mount(result: Compiled, name: str) -> dict[str, Any]:
    [found] = [each for each in main(result)["volumeMounts"] if each["name"] == name]
    return {key: value for key, value in found.items() if key != "name"}


def kinds(result: Compiled) -> list[str]:
    return [each["kind"] for each in result.objects.values()]


# --- 0. releases ---


@pytest.mark.parametrize(
    ("version", "connect", "protocol", "policy", "escalation", "not_ready", "mode"),
    [
        ("3.5.9", False, None, False, None, None, "ReadWriteOnce"),
        ("4.0.5", False, None, False, None, None, "ReadWriteOncePod"),
        ("4.1.4", True, None, False, None, None, "ReadWriteOncePod"),
        ("4.2.1", True, "grpc", True, None, None, "ReadWriteOncePod"),
        ("4.3.0", True, "grpc", True, False, False, "ReadWriteOncePod"),
    ],
)
def test_each_release_writes_what_it_knows(
    submit: Submit,
    version: str,
    connect: bool,
    protocol: str | None,
    policy: bool,
    escalation: bool | None,
    not_ready: bool | None,
    mode: str,
):
    claim = "spark.kubernetes.driver.volumes.persistentVolumeClaim.v."
    options = {"claimName": "OnDemand", "storageClass": "gp", "sizeLimit": "5Gi"}
    conf = {f"{claim}options.{name}": value for name, value in options.items()}

    result = submit({f"{claim}mount.path": "/x", **conf}, version=version)

    service = result.one("Service")["spec"]
    ports = {each["name"]: each for each in service["ports"]}
    assert ("spark-connect" in ports, "spark-connect" in named(result, "ports")) == (connect, connect)
    assert ports.get("spark-connect", {}).get("appProtocol") == protocol
    assert service.get("publishNotReadyAddresses") == not_ready
    assert ("NetworkPolicy" in kinds(result)) == policy
    assert main(result).get("securityContext", {}).get("allowPrivilegeEscalation") == escalation
    assert result.one("PersistentVolumeClaim")["spec"]["accessModes"] == [mode]


@pytest.mark.parametrize("version", ["3.5.9", "4.0.5"])
def test_an_image_that_older_releases_would_take_as_it_is_written_is_refused(
    refusal: Callable[..., list[str]], version: str
):
    assert refusal({}, version=version, image="r/s:{{SPARK_VERSION}}") == ["OF621"]


@pytest.mark.parametrize(("version", "image"), [("4.1.4", "r/s:4.1.4"), ("4.3.0", "r/s:4.3.0")])
def test_the_version_is_put_into_images_since_4_1(submit: Submit, version: str, image: str):
    result = submit(version=version, image="r/s:{{SPARK_VERSION}}")

    assert main(result)["image"] == image
    assert result.properties["spark.kubernetes.container.image"] == "r/s:{{SPARK_VERSION}}"


@pytest.mark.parametrize(("version", "written"), [("3.5.9", False), ("4.0.5", True)])
def test_details_of_volumes_are_written_since_4_0(submit: Submit, version: str, written: bool):
    host, claim = (f"spark.kubernetes.driver.volumes.{kind}" for kind in ("hostPath.h", "persistentVolumeClaim.c"))
    conf = {
        f"{host}.mount.path": "/h",
        f"{host}.mount.subPathExpr": "$(POD)",
        f"{host}.options.path": "/host",
        f"{host}.options.type": "Directory",
        f"{claim}.mount.path": "/c",
        f"{claim}.options.claimName": "OnDemand",
        f"{claim}.options.storageClass": "gp",
        f"{claim}.options.sizeLimit": "1Gi",
        f"{claim}.label.team": "x",
        f"{claim}.annotation.note": "y",
    }

    result = submit(conf, version=version)

    metadata = result.one("PersistentVolumeClaim")["metadata"]
    assert volume(result, "h") == {"hostPath": {"path": "/host", **({"type": "Directory"} if written else {})}}
    assert mount(result, "h") == {"mountPath": "/h", **({"subPathExpr": "$(POD)"} if written else {})}
    assert metadata["labels"].get("team") == ("x" if written else None)
    assert metadata.get("annotations", {}).get("note") == ("y" if written else None)


@pytest.mark.parametrize(("version", "memory"), [("3.5.9", "1408Mi"), ("4.0.5", "1524Mi"), ("4.3.0", "1524Mi")])
def test_the_least_overhead_can_be_said_since_4_0(submit: Submit, version: str, memory: str):
    result = submit({"spark.driver.minMemoryOverhead": "500m"}, version=version)

    assert main(result)["resources"]["requests"]["memory"] == memory


@pytest.mark.parametrize(("version", "made"), [("4.0.5", True), ("4.1.4", False), ("4.3.0", False)])
def test_steps_can_be_left_out_since_4_1(submit: Submit, version: str, made: bool):
    result = submit({EXCLUDED: f"{FEATURES}DriverServiceFeatureStep"}, version=version)

    assert ("Service" in kinds(result)) == made
    assert ("spark.driver.host" in result.properties) == made


@pytest.mark.parametrize(("version", "spec"), [("4.1.4", {}), ("4.2.1", {"queue": "j"})])
def test_volcanos_group_can_be_said_in_json_since_4_2(submit: Submit, version: str, spec: dict[str, Any]):
    group = json.dumps({"metadata": {"name": "mine", "namespace": "other"}, "spec": {"queue": "j"}})
    conf = {
        "spark.kubernetes.driver.pod.featureSteps": VOLCANO,
        "spark.kubernetes.scheduler.volcano.podGroupTemplateJson": group,
    }

    assert submit(conf, version=version).one("PodGroup")["spec"] == spec


# --- 1. names ---


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("My App.v1", "my-app-v1"),
        ("123 app", "123-app"),
        ("9lives", "9lives"),
        ("--abc__DEF--", "abc-def"),
        ("1", "1"),
        ("ends-", "ends"),
        ("  padded  ", "padded"),
        ("éà", ""),
        ("a" * 70, "a" * 63),
        ("a" * 62 + "-b", "a" * 62),
    ],
)
def test_the_name_of_the_application_becomes_a_label(submit: Submit, name: str, label: str):
    result = submit({"spark.app.name": name})

    assert result.one("Pod")["metadata"]["labels"]["spark-app-name"] == label
    assert result.one("Service")["spec"]["selector"]["spark-app-name"] == label
    assert result.properties["spark.app.name"] == name


@pytest.mark.parametrize(("name", "prefix"), [("etl", "etl"), ("9lives", "xlives"), ("1", "x"), ("12-a", "x2-a")])
def test_one_leading_digit_of_the_prefix_becomes_an_x(compile_spark: Compile, name: str, prefix: str):
    result = compile_spark(job=json.dumps({"metadata": {"name": name}}))

    assert result.one("Pod")["metadata"]["name"] == f"{prefix}-driver"
    assert result.one("Service")["metadata"]["name"] == f"{prefix}-driver-svc"
    assert result.one("NetworkPolicy")["metadata"]["name"] == f"{prefix}-policy"


def test_the_longest_name_still_fits_into_that_of_a_service(compile_spark: Compile):
    result = compile_spark("run: {rerun: on-change}", job=json.dumps({"metadata": {"name": "a" * 40}}))

    assert re.fullmatch(r"a{40}-[0-9a-f]{10}-driver-svc", result.one("Service")["metadata"]["name"])
    assert len(result.one("Service")["metadata"]["name"]) <= 63


def test_a_name_of_ones_own_is_that_of_the_pod_alone(submit: Submit):
    result = submit({"spark.kubernetes.driver.pod.name": "mine"})

    assert result.one("Pod")["metadata"]["name"] == "mine"
    assert result.one("Service")["metadata"]["name"] == "etl-driver-svc"
    assert result.properties["spark.kubernetes.driver.pod.name"] == "mine"
    assert result.properties["spark.driver.host"] == "etl-driver-svc.data.svc"


def test_the_application_id_is_spark_and_32_hex_digits_whatever_was_asked_for(submit: Submit):
    result = submit({"spark.app.id": "mine"})

    assert re.fullmatch(r"spark-[0-9a-f]{32}", env(result)["SPARK_APPLICATION_ID"])
    assert result.properties["spark.app.id"] == env(result)["SPARK_APPLICATION_ID"]


# --- 2. what spark-submit itself does ---


def test_the_main_jar_comes_behind_other_jars(submit: Submit):
    assert submit({"spark.jars": "local:///a.jar,https://h/b.jar"}).properties["spark.jars"] == (
        "local:///a.jar,https://h/b.jar,local:///opt/app.jar"
    )


@pytest.mark.parametrize("application", [{"main": None}, {"main": "spark-internal"}])
def test_without_a_main_resource_jars_are_there_and_empty(submit: Submit, application: dict[str, Any]):
    result = submit(application={**application, "class": "example.Main", "args": ["a"]})

    assert result.properties["spark.jars"] == ""
    assert main(result)["args"][-4:] == ["--class", "example.Main", "spark-internal", "a"]


@pytest.mark.parametrize(
    ("application", "runner", "kind"),
    [
        (JAVA, "example.Main", "java"),
        (PYTHON, "org.apache.spark.deploy.PythonRunner", "python"),
        (R, "org.apache.spark.deploy.RRunner", "r"),
    ],
)
def test_the_language_decides_class_and_jars(submit: Submit, application: dict[str, Any], runner: str, kind: str):
    result = submit(application=application)

    assert main(result)["args"] == [
        *("driver", "--properties-file", "/opt/spark/conf/spark.properties"),
        *("--class", runner, application["main"]),
    ]
    assert result.properties["spark.kubernetes.resource.type"] == kind
    assert ("spark.jars" in result.properties) == (kind == "java")
    assert result.properties["spark.submit.pyFiles"] == ""


def test_python_files_are_kept_as_they_are(submit: Submit):
    result = submit(application={**PYTHON, "pyFiles": ["local:///a.py", "https://h/b.zip"]})

    assert result.properties["spark.submit.pyFiles"] == "local:///a.py,https://h/b.zip"
    assert "spark.jars" not in result.properties


def test_the_drivers_host_is_dropped_and_its_bind_address_refused(submit: Submit, refusal: Callable[..., list[str]]):
    result = submit({"spark.driver.host": "10.0.0.1"})

    assert result.properties["spark.driver.host"] == "etl-driver-svc.data.svc"
    assert refusal({"spark.driver.bindAddress": "0.0.0.0"}) == ["OF316"]


def test_what_only_the_submitter_reads_is_not_passed_on(submit: Submit):
    conf = {
        "spark.kubernetes.submission.waitAppCompletion": "false",
        "spark.kubernetes.authenticate.submission.oauthToken": "secret",
        "spark.kubernetes.context": "prod",
        "spark.app.submitTime": "1",
    }

    assert not set(conf) & set(submit(conf).properties)


def test_every_submission_has_these_properties(submit: Submit):
    properties = submit().properties

    assert re.sub(r"[0-9a-f]{32}", "ID", json.dumps(properties, sort_keys=True)) == json.dumps(
        {
            "spark.app.id": "spark-ID",
            "spark.app.name": "etl",
            "spark.driver.blockManager.port": "7079",
            "spark.driver.host": "etl-driver-svc.data.svc",
            "spark.driver.port": "7078",
            "spark.jars": "local:///opt/app.jar",
            "spark.kubernetes.authenticate.driver.serviceAccountName": "etl",
            "spark.kubernetes.container.image": "registry.example/spark:4.3.0",
            "spark.kubernetes.driver.pod.name": "etl-driver",
            "spark.kubernetes.executor.podNamePrefix": "etl",
            "spark.kubernetes.memoryOverheadFactor": "0.1",
            "spark.kubernetes.namespace": "data",
            "spark.kubernetes.resource.type": "java",
            "spark.kubernetes.submitInDriver": "true",
            "spark.master": "k8s://https://kubernetes.default.svc",
            "spark.submit.deployMode": "cluster",
            "spark.submit.pyFiles": "",
        }
    )


# --- 4.1 metadata, ports, environment ---


def test_placeholders_are_filled_in_labels_and_annotations_of_the_driver_alone(submit: Submit):
    names = ("label.l", "annotation.a", "service.annotation.a")
    conf = {f"spark.kubernetes.driver.{name}": "{{APP_ID}}{{EXECUTOR_ID}}" for name in names}

    result = submit({**conf, "spark.kubernetes.driverEnv.E": "{{APP_ID}}"})

    pod, service = result.one("Pod")["metadata"], result.one("Service")["metadata"]
    filled = result.properties["spark.app.id"]
    assert (pod["labels"]["l"], pod["annotations"]["a"]) == (filled, filled)
    assert service["annotations"]["a"] == "{{APP_ID}}{{EXECUTOR_ID}}"
    assert env(result)["E"] == "{{APP_ID}}"
    assert result.properties["spark.kubernetes.driver.label.l"] == "{{APP_ID}}{{EXECUTOR_ID}}"


def test_the_service_selects_by_every_label_of_the_conf_and_none_of_the_template(submit: Submit):
    template = "{metadata: {labels: {theirs: x}}, spec: {containers: [{name: main}]}}"
    conf = {"spark.kubernetes.driver.podTemplateFile": "t.yaml", "spark.kubernetes.driver.label.mine": "y"}

    result = submit(conf, files={"t.yaml": template})

    labels = result.one("Pod")["metadata"]["labels"]
    assert labels["theirs"] == "x"
    assert set(result.one("Service")["spec"]["selector"]) == {
        *("mine", "spark-app-name", "spark-app-selector", "spark-role", "spark-version")
    }


def test_a_label_of_the_service_may_replace_the_applications(submit: Submit):
    result = submit({"spark.kubernetes.driver.service.label.spark-app-selector": "x"})

    assert result.one("Service")["metadata"]["labels"]["spark-app-selector"] == "x"


@pytest.mark.parametrize("label", ["spark-version", "spark-app-selector", "spark-app-name", "spark-role"])
def test_spark_s_own_labels_are_refused(refusal: Callable[..., list[str]], label: str):
    assert refusal({f"spark.kubernetes.driver.label.{label}": "x"}) == ["OF323"]


def test_node_selectors_of_the_driver_win_over_those_of_both_and_they_over_the_template_s(submit: Submit):
    template = "{spec: {nodeSelector: {a: tmpl, b: tmpl, c: tmpl}, containers: [{name: main}]}}"
    conf = {
        "spark.kubernetes.node.selector.a": "both",
        "spark.kubernetes.node.selector.b": "both",
        "spark.kubernetes.driver.node.selector.a": "driver",
        "spark.kubernetes.driver.podTemplateFile": "t.yaml",
    }

    assert submit(conf, files={"t.yaml": template}).pod["nodeSelector"] == {"a": "driver", "b": "both", "c": "tmpl"}


def test_the_driver_s_scheduler_wins_over_that_of_both(submit: Submit):
    both = {"spark.kubernetes.scheduler.name": "both"}

    assert submit(both).pod["schedulerName"] == "both"
    assert submit({**both, "spark.kubernetes.driver.scheduler.name": "its"}).pod["schedulerName"] == "its"
    assert "schedulerName" not in submit().pod


def test_the_driver_s_image_wins_over_that_of_both(submit: Submit):
    conf = {"spark.kubernetes.driver.container.image": "d", "spark.kubernetes.executor.container.image": "e"}

    assert main(submit(conf))["image"] == "d"
    assert main(submit(conf, image=None))["image"] == "d"


def ports(result: Compiled) -> tuple[list[int], list[int]]:
    of_pod = [each["containerPort"] for each in main(result)["ports"]]
    return of_pod, [each["port"] for each in result.one("Service")["spec"]["ports"]]


@pytest.mark.parametrize(
    ("conf", "of_pod", "of_service"),
    [
        ({}, [7078, 7079, 4040, 15002], [7078, 7079, 4040, 15002]),
        ({"spark.driver.port": "7000"}, [7000, 7079, 4040, 15002], [7000, 7079, 4040, 15002]),
        ({"spark.blockManager.port": "7777"}, [7078, 7777, 4040, 15002], [7078, 7079, 4040, 15002]),
        ({"spark.driver.blockManager.port": "7777"}, [7078, 7777, 4040, 15002], [7078, 7777, 4040, 15002]),
        ({"spark.ui.port": "4050"}, [7078, 7079, 4050, 15002], [7078, 7079, 4050, 15002]),
        ({"spark.connect.grpc.binding.port": "9000"}, [7078, 7079, 4040, 9000], [7078, 7079, 4040, 9000]),
    ],
)
def test_ports_of_pod_and_service(submit: Submit, conf: dict[str, str], of_pod: list[int], of_service: list[int]):
    result = submit(conf)

    assert ports(result) == (of_pod, of_service)
    assert result.properties["spark.driver.blockManager.port"] == str(of_service[1])
    assert result.properties["spark.driver.port"] == str(of_service[0])
    assert all(each["port"] == each["targetPort"] for each in result.one("Service")["spec"]["ports"])
    assert not any("protocol" in each for each in result.one("Service")["spec"]["ports"])


def test_the_order_of_environment_volumes_and_mounts_is_that_of_the_steps(submit: Submit):
    template = """
spec:
  containers:
  - name: main
    env: [{name: FROM_TEMPLATE, value: x}]
    volumeMounts: [{name: tv, mountPath: /tv}]
  volumes: [{name: tv, emptyDir: {}}]
"""
    conf = {
        "spark.kubernetes.driver.podTemplateFile": "t.yaml",
        "spark.kubernetes.executor.podTemplateFile": "t.yaml",
        "spark.kubernetes.driverEnv.OWN": "x",
        "spark.kubernetes.driver.secrets.sec": "/sec",
        "spark.kubernetes.driver.secretKeyRef.PW": "sec:key",
        "spark.kubernetes.driver.volumes.emptyDir.own.mount.path": "/own",
        "spark.pyspark.python": "p3",
        "spark.pyspark.driver.python": "p3d",
        "spark.kubernetes.hadoop.configMapName": "hadoop",
        "spark.kubernetes.kerberos.krb5.configMapName": "krb5",
        "spark.kubernetes.kerberos.tokenSecret.name": "dt",
        "spark.kubernetes.kerberos.tokenSecret.itemKey": "tok",
        "spark.kubernetes.authenticate.driver.oauthToken": "t",
    }

    result = submit(conf, application=PYTHON, files={"t.yaml": template}, driver={"serviceAccount": None})

    assert named(result, "env") == [
        *("FROM_TEMPLATE", "SPARK_USER", "SPARK_APPLICATION_ID", "OWN", "SPARK_DRIVER_BIND_ADDRESS", "PW"),
        *("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "HADOOP_CONF_DIR", "HADOOP_TOKEN_FILE_LOCATION"),
        *("SPARK_LOCAL_DIRS", "SPARK_CONF_DIR"),
    ]
    assert named(result, "volumes") == [
        *("tv", "kubernetes-credentials", "sec-volume", "own", "hadoop-properties", "krb5-file", "hadoop-secret"),
        *("pod-template-volume", "spark-local-dir-1", "spark-conf-volume-driver"),
    ]
    assert named(result, "volumeMounts") == named(result, "volumes")


def test_variables_of_the_user_win_over_some_of_spark_s_and_lose_to_others(submit: Submit):
    names = ("SPARK_USER", "SPARK_APPLICATION_ID", "SPARK_DRIVER_BIND_ADDRESS", "SPARK_CONF_DIR", "EMPTY")
    conf = {f"spark.kubernetes.driverEnv.{name}": "" if name == "EMPTY" else "mine" for name in names}

    result = submit(conf)

    assert (env(result)["SPARK_USER"], env(result)["SPARK_APPLICATION_ID"], env(result)["EMPTY"]) == (
        "mine",
        "mine",
        "",
    )
    assert env(result)["SPARK_DRIVER_BIND_ADDRESS"] == {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    assert env(result)["SPARK_CONF_DIR"] == "/opt/spark/conf"
    assert len(named(result, "env")) == len(set(named(result, "env")))


@pytest.mark.parametrize(
    ("conf", "escalation"),
    [
        ({}, False),
        ({"spark.kubernetes.securityContext.allowPrivilegeEscalation": "true"}, True),
        ({"spark.kubernetes.securityContext.allowPrivilegeEscalation": "TRUE"}, True),
        ({"spark.kubernetes.driver.securityContext.allowPrivilegeEscalation": "true"}, True),
        (
            {
                "spark.kubernetes.securityContext.allowPrivilegeEscalation": "true",
                "spark.kubernetes.driver.securityContext.allowPrivilegeEscalation": "false",
            },
            False,
        ),
    ],
)
def test_privilege_escalation_is_what_the_conf_says(submit: Submit, conf: dict[str, str], escalation: bool):
    assert main(submit(conf))["securityContext"] == {"allowPrivilegeEscalation": escalation}


@pytest.mark.parametrize(
    ("conf", "python", "driver_python"),
    [
        ({}, None, None),
        ({"spark.pyspark.python": "a"}, "a", "a"),
        ({"spark.pyspark.driver.python": "b"}, None, "b"),
        ({"spark.pyspark.python": "a", "spark.pyspark.driver.python": "b"}, "a", "b"),
    ],
)
def test_python_executables(submit: Submit, conf: dict[str, str], python: str | None, driver_python: str | None):
    result, in_java = submit(conf, application=PYTHON), submit(conf)

    found = [env(result).get(name) for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")]
    assert found == [python, driver_python]
    assert not {"PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"} & set(env(in_java))


# --- 4.2 credentials ---


def test_a_token_goes_into_a_secret_takes_the_account_and_is_redacted(submit: Submit):
    conf = {
        "spark.kubernetes.authenticate.driver.oauthToken": "s3cret",
        "spark.some.other.oauthToken": "s3cret",
        "spark.kubernetes.authenticate.driver.serviceAccountName": "etl",
    }

    result = submit(conf)

    secret = result.one("Secret")
    assert secret["metadata"]["name"] == "etl-kubernetes-credentials"
    assert secret["data"] == {"oauth-token": "czNjcmV0"}
    assert volume(result, "kubernetes-credentials") == {"secret": {"secretName": "etl-kubernetes-credentials"}}
    assert mount(result, "kubernetes-credentials") == {"mountPath": CREDENTIALS}
    assert not {"serviceAccount", "serviceAccountName"} & set(result.pod)
    assert "ServiceAccount" not in kinds(result)
    assert result.properties["spark.kubernetes.authenticate.driver.oauthToken"] == "<present_but_redacted>"
    assert result.properties["spark.some.other.oauthToken"] == "<present_but_redacted>"
    mounted = "spark.kubernetes.authenticate.driver.mounted.oauthTokenFile"
    assert result.properties[mounted] == f"{CREDENTIALS}/oauth-token"


def test_credential_files_go_into_the_secret_and_their_mounted_paths_into_the_conf(submit: Submit):
    prefix = "spark.kubernetes.authenticate.driver."
    conf = {f"{prefix}{name}": f"{name}.pem" for name in ("caCertFile", "clientKeyFile", "clientCertFile")}
    files: dict[str, str | bytes] = {path: path for path in conf.values()}

    result = submit({**conf, f"{prefix}mounted.caCertFile": "/own/ca"}, files=files)

    assert sorted(result.one("Secret")["data"]) == ["ca-cert", "client-cert", "client-key"]
    mounted = {
        name: result.properties.get(f"{prefix}mounted.{name}")
        for name in ("caCertFile", "clientKeyFile", "clientCertFile")
    }
    assert mounted == {
        "caCertFile": "/own/ca",
        "clientKeyFile": f"{CREDENTIALS}/client-key",
        "clientCertFile": f"{CREDENTIALS}/client-cert",
    }
    assert f"{prefix}mounted.oauthTokenFile" not in result.properties


def test_a_file_with_a_token_does_nothing(submit: Submit):
    result = submit({"spark.kubernetes.authenticate.driver.oauthTokenFile": "/var/token"})

    assert "Secret" not in kinds(result)
    assert result.pod["serviceAccountName"] == "etl"


def test_the_account_is_written_under_both_names(submit: Submit):
    result = submit()

    assert (result.pod["serviceAccount"], result.pod["serviceAccountName"]) == ("etl", "etl")
    assert "ServiceAccount" not in kinds(result)


# --- 4.3 service, 4.4 network policy ---


def test_the_service_says_which_ip_families_it_wants(submit: Submit):
    prefix = "spark.kubernetes.driver.service."
    conf = {f"{prefix}ipFamilyPolicy": "RequireDualStack", f"{prefix}ipFamilies": "IPv6,IPv4"}

    assert submit().one("Service")["spec"]["ipFamilies"] == ["IPv4"]
    assert submit().one("Service")["spec"]["ipFamilyPolicy"] == "SingleStack"
    assert submit(conf).one("Service")["spec"]["ipFamilies"] == ["IPv6", "IPv4"]
    assert submit(conf).one("Service")["spec"]["ipFamilyPolicy"] == "RequireDualStack"
    assert submit({f"{prefix}ipFamilies": "IPv6"}).one("Service")["spec"]["ipFamilies"] == ["IPv6"]


def test_addresses_may_be_published_before_the_driver_is_ready(submit: Submit):
    result = submit({"spark.kubernetes.driver.service.publishNotReadyAddresses": "true"})

    assert result.one("Service")["spec"]["publishNotReadyAddresses"] is True


def test_only_the_full_name_of_a_step_leaves_it_out(submit: Submit):
    assert "NetworkPolicy" not in kinds(submit({EXCLUDED: f"{FEATURES}NetworkPolicyFeatureStep"}))
    assert "NetworkPolicy" in kinds(submit({EXCLUDED: "NetworkPolicyFeatureStep"}))


def test_steps_that_are_left_out_write_nothing(submit: Submit):
    conf = {
        "spark.kubernetes.driver.secrets.sec": "/sec",
        "spark.kubernetes.driver.secretKeyRef.PW": "sec:key",
        "spark.kubernetes.driver.volumes.emptyDir.spark-local-dir-1.mount.path": "/own",
        "spark.kubernetes.hadoop.configMapName": "hadoop",
        "spark.kubernetes.kerberos.krb5.configMapName": "krb5",
        "spark.kubernetes.executor.podTemplateFile": "t.yaml",
    }
    steps = [
        *("MountSecrets", "EnvSecrets", "MountVolumes", "HadoopConfDriver", "KerberosConfDriver", "LocalDirs"),
        *("NetworkPolicy", "DriverKubernetesCredentials"),
    ]
    names = [f"{FEATURES}{step}FeatureStep" for step in steps]

    result = submit(
        {**conf, EXCLUDED: ",".join([*names, f"{FEATURES}PodTemplateConfigMapStep"])},
        files={"t.yaml": "{spec: {containers: [{name: a}]}}"},
    )

    assert named(result, "volumes") == ["spark-conf-volume-driver"]
    assert named(result, "env") == [
        *("SPARK_USER", "SPARK_APPLICATION_ID", "SPARK_DRIVER_BIND_ADDRESS", "SPARK_CONF_DIR")
    ]
    assert sorted(kinds(result)) == ["ConfigMap", "Pod", "Service"]
    assert not {"serviceAccount", "serviceAccountName"} & set(result.pod)


def test_without_the_step_a_mount_does_not_become_a_local_directory(submit: Submit):
    conf = {
        "spark.kubernetes.driver.volumes.emptyDir.spark-local-dir-1.mount.path": "/own",
        EXCLUDED: f"{FEATURES}LocalDirsFeatureStep",
    }

    assert "SPARK_LOCAL_DIRS" not in env(submit(conf))


# --- 4.5 to 4.10 secrets, Hadoop, Kerberos ---


def test_a_reference_to_a_secret_has_two_parts(submit: Submit, refusal: Callable[..., list[str]]):
    result = submit({"spark.kubernetes.driver.secretKeyRef.PW": "sec:key"})

    assert env(result)["PW"] == {"secretKeyRef": {"name": "sec", "key": "key"}}
    assert refusal({"spark.kubernetes.driver.secretKeyRef.PW": "sec"})
    assert refusal({"spark.kubernetes.driver.secretKeyRef.PW": "sec:key:more"})


def test_hadoop_s_files_go_into_a_config_map_and_its_items(submit: Submit):
    files: dict[str, str | bytes] = {"core-site.xml": "<c/>", "hdfs-site.xml": "<h/>"}

    result = submit(hadoop={"files": ["hdfs-site.xml", "core-site.xml"]}, files=files)

    found = next(each for name, each in result.objects.items() if name.endswith("etl-hadoop-config"))
    assert found["data"] == files
    source = volume(result, "hadoop-properties")["configMap"]
    assert source["name"] == "etl-hadoop-config"
    assert source["items"] == [{"key": name, "path": name} for name in sorted(files)]
    assert mount(result, "hadoop-properties") == {"mountPath": "/opt/hadoop/conf"}
    assert result.properties["spark.kubernetes.executor.hadoopConfigMapName"] == "etl-hadoop-config"


def test_krb5_from_a_file_keeps_its_name_but_not_in_the_mount(submit: Submit):
    result = submit({"spark.kubernetes.kerberos.krb5.path": "my.conf"}, files={"my.conf": "[libdefaults]\n"})

    found = next(each for name, each in result.objects.items() if name.endswith("etl-krb5-file"))
    assert found["data"] == {"my.conf": "[libdefaults]\n"}
    items = [{"key": "my.conf", "path": "my.conf"}]
    assert volume(result, "krb5-file") == {"configMap": {"name": "etl-krb5-file", "items": items}}
    assert mount(result, "krb5-file") == {"mountPath": "/etc/krb5.conf", "subPath": "krb5.conf"}


def test_a_keytab_beside_the_job_becomes_a_secret_and_goes_before_tokens(submit: Submit):
    conf = {
        "spark.kerberos.keytab": "me.keytab",
        "spark.kerberos.principal": "me@REALM",
        "spark.kubernetes.kerberos.tokenSecret.name": "dt",
        "spark.kubernetes.kerberos.tokenSecret.itemKey": "tok",
    }

    result = submit(conf, files={"me.keytab": b"\x05\x02"})

    assert result.one("Secret")["metadata"]["name"] == "etl-kerberos-keytab"
    assert result.one("Secret")["data"] == {"me.keytab": "BQI="}
    assert volume(result, "kerberos-keytab") == {"secret": {"secretName": "etl-kerberos-keytab"}}
    assert mount(result, "kerberos-keytab") == {"mountPath": "/mnt/secrets/kerberos-keytab"}
    assert result.properties["spark.kerberos.keytab"] == "/mnt/secrets/kerberos-keytab/me.keytab"
    assert "hadoop-secret" not in named(result, "volumes")
    assert "HADOOP_TOKEN_FILE_LOCATION" not in env(result)


def test_a_keytab_inside_the_image_stays_there_and_tokens_are_mounted(submit: Submit):
    conf = {
        "spark.kerberos.keytab": "local:///etc/me.keytab",
        "spark.kerberos.principal": "me@REALM",
        "spark.kubernetes.kerberos.tokenSecret.name": "dt",
        "spark.kubernetes.kerberos.tokenSecret.itemKey": "tok",
    }

    result = submit(conf)

    assert "Secret" not in kinds(result)
    assert result.properties["spark.kerberos.keytab"] == "local:///etc/me.keytab"
    assert env(result)["HADOOP_TOKEN_FILE_LOCATION"] == "/mnt/secrets/hadoop-credentials/tok"


@pytest.mark.parametrize(
    "conf",
    [
        {"spark.kerberos.keytab": "local:///k"},
        {"spark.kerberos.principal": "me"},
        {"spark.kubernetes.kerberos.tokenSecret.name": "dt"},
        {"spark.kubernetes.kerberos.tokenSecret.itemKey": "tok"},
        {"spark.kubernetes.kerberos.krb5.path": "k", "spark.kubernetes.kerberos.krb5.configMapName": "c"},
    ],
)
def test_half_a_pair_is_refused(refusal: Callable[..., list[str]], conf: dict[str, str]):
    assert refusal(conf, files={"k": "x"})


# --- 4.11 executors' pod template ---


def test_the_executors_template_is_passed_on_letter_by_letter(submit: Submit):
    text = "# mine\nspec:\n  containers:\n  - {name: main, image: x}   # odd   spaces\n"

    result = submit({"spark.kubernetes.executor.podTemplateFile": "t.yaml"}, files={"t.yaml": text})

    found = next(each for name, each in result.objects.items() if name.endswith("etl-driver-podspec-conf-map"))
    assert found["data"] == {"podspec-configmap-key": text}
    item = {"key": "podspec-configmap-key", "path": "pod-spec-template.yml"}
    assert volume(result, "pod-template-volume") == {"configMap": {"name": found["metadata"]["name"], "items": [item]}}
    assert mount(result, "pod-template-volume") == {"mountPath": "/opt/spark/pod-template"}
    assert result.properties["spark.kubernetes.executor.podTemplateFile"] == (
        "/opt/spark/pod-template/pod-spec-template.yml"
    )


# --- 6. resources ---


@pytest.mark.parametrize(
    ("conf", "application", "memory", "factor"),
    [
        ({}, JAVA, 1408, "0.1"),
        ({"spark.driver.memory": "10g"}, JAVA, 11264, "0.1"),
        ({"spark.driver.memory": "10g", "spark.driver.memoryOverheadFactor": "0.33"}, JAVA, 13619, "0.1"),
        ({"spark.driver.memory": "3001m", "spark.kubernetes.memoryOverheadFactor": "0.199"}, JAVA, 3598, "0.199"),
        ({"spark.driver.memory": "10g", "spark.driver.memoryOverhead": "100"}, JAVA, 10340, "0.1"),
        ({"spark.driver.memoryOverhead": "1g"}, JAVA, 2048, "0.1"),
        ({"spark.driver.minMemoryOverhead": "500m"}, JAVA, 1524, "0.1"),
        ({"spark.driver.memory": "10g"}, PYTHON, 14336, "0.4"),
        ({"spark.driver.memory": "10g"}, R, 14336, "0.4"),
        ({"spark.driver.memory": "10g", "spark.driver.memoryOverheadFactor": "0.1"}, PYTHON, 11264, "0.4"),
        ({"spark.driver.memory": "10g", "spark.kubernetes.memoryOverheadFactor": "0.1"}, PYTHON, 11264, "0.1"),
        ({"spark.driver.memory": "1500000k"}, JAVA, 1848, "0.1"),
        ({"spark.driver.memory": "1t"}, JAVA, 1153433, "0.1"),
        ({"spark.kubernetes.memoryOverheadFactor": "1"}, JAVA, 2048, "1.0"),
        ({"spark.kubernetes.memoryOverheadFactor": "0.30"}, JAVA, 1408, "0.3"),
        ({"spark.kubernetes.memoryOverheadFactor": "0.0005"}, JAVA, 1408, "5.0E-4"),
        ({"spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "1g"}, JAVA, 1408, "0.1"),
        ({"spark.executor.pyspark.memory": "1g"}, PYTHON, 1433, "0.4"),
    ],
)
def test_memory(submit: Submit, conf: dict[str, str], application: dict[str, Any], memory: int, factor: str):
    result = submit(conf, application=application)

    resources = main(result)["resources"]
    assert (resources["requests"]["memory"], resources["limits"]["memory"]) == (f"{memory}Mi", f"{memory}Mi")
    assert result.properties["spark.kubernetes.memoryOverheadFactor"] == factor


@pytest.mark.parametrize("size", ["512", "1GB", "1gib"])
def test_memory_of_the_driver_that_spark_understands_and_the_jvm_does_not_is_refused(
    refusal: Callable[..., list[str]], size: str
):
    assert refusal({"spark.driver.memory": size}) == ["OF397"]


@pytest.mark.parametrize("size", ["1.5g", "lots", "1x", ""])
def test_what_is_no_size_is_refused(refusal: Callable[..., list[str]], size: str):
    assert refusal({"spark.driver.memory": size})


@pytest.mark.parametrize(
    ("conf", "request_", "limit"),
    [
        ({}, "1", None),
        ({"spark.driver.cores": "2"}, "2", None),
        ({"spark.driver.cores": "2", "spark.kubernetes.driver.request.cores": "1500m"}, "1500m", None),
        ({"spark.kubernetes.driver.request.cores": "0.1", "spark.kubernetes.driver.limit.cores": "0.5"}, "0.1", "0.5"),
    ],
)
def test_cpu(submit: Submit, conf: dict[str, str], request_: str, limit: str | None):
    resources = main(submit(conf))["resources"]

    assert (resources["requests"]["cpu"], resources["limits"].get("cpu")) == (request_, limit)


def test_devices_are_limits_and_none_is_none(submit: Submit, refusal: Callable[..., list[str]]):
    gpu = "spark.driver.resource.gpu."

    some = main(submit({f"{gpu}amount": "2", f"{gpu}vendor": "nvidia.com"}))["resources"]
    none = main(submit({f"{gpu}amount": "0"}))["resources"]

    assert some["limits"] == {"memory": "1408Mi", "nvidia.com/gpu": "2"}
    assert "nvidia.com/gpu" not in some["requests"]
    assert none["limits"] == {"memory": "1408Mi"}
    assert refusal({f"{gpu}amount": "2"})
    assert refusal({f"{gpu}vendor": "nvidia.com"})
    assert refusal({f"{gpu}amount": "1.5", f"{gpu}vendor": "nvidia.com"})


# --- 7. the configuration ---


def test_the_config_map_holds_properties_namespace_and_further_files(submit: Submit):
    files: dict[str, str | bytes] = {"log4j2.properties": "rootLogger.level=info\n", "metrics.properties": "a=b\n"}

    result = submit(confFiles=list(files), files=files)

    found = next(each for name, each in result.objects.items() if name.endswith("etl-conf-map"))
    assert {name: text for name, text in found["data"].items() if name != "spark.properties"} == {
        "spark.kubernetes.namespace": "data",
        **files,
    }
    names = ["log4j2.properties", "metrics.properties", "spark.properties"]
    items = [{"key": name, "mode": 420, "path": name} for name in names]
    assert volume(result, "spark-conf-volume-driver") == {"configMap": {"name": "etl-conf-map", "items": items}}
    assert "app.kubernetes.io/name" in found["metadata"]["labels"]


@pytest.mark.parametrize(
    "value", ["a=b:c#d!e", r"back\slash", " leading", "tab\tline\nend", "é漢字", "$(X) ${y} {{Z}}", ""]
)
def test_any_value_arrives_as_it_was_written(submit: Submit, value: str):
    result = submit({"spark.x y=z:": value})

    assert result.properties["spark.x y=z:"] == value


@pytest.mark.parametrize(
    ("conf", "memory"),
    [
        (
            {"spark.driver.memory": "${spark.my.size}", "spark.my.size": "${spark.your.size}", "spark.your.size": "2g"},
            2432,
        ),
        ({"spark.driver.memory": "${spark.executor.memory}"}, 1408),
        ({"spark.driver.memory": "${spark.my.number}g", "spark.my.number": "2"}, 2432),
    ],
)
def test_references_between_properties_are_followed_but_not_in_the_file(
    submit: Submit, conf: dict[str, str], memory: int
):
    result = submit(conf)

    assert main(result)["resources"]["requests"]["memory"] == f"{memory}Mi"
    assert result.properties["spark.driver.memory"] == conf["spark.driver.memory"]


def test_references_in_families_and_raw_properties_stay(submit: Submit):
    conf = {
        "spark.my.value": "x",
        "spark.kubernetes.driver.annotation.a": "${spark.my.value}",
        "spark.kubernetes.driverEnv.E": "${spark.my.value}",
        "spark.app.name": "${spark.my.value}",
        "spark.executor.extraJavaOptions": "-Da=${env:A}",
        "spark.sql.x": "${env:A} ${spark.my.value}",
    }

    result = submit(conf)

    assert result.one("Pod")["metadata"]["annotations"]["a"] == "${spark.my.value}"
    assert env(result)["E"] == "${spark.my.value}"
    assert {name: result.properties[name] for name in conf} == conf


def test_a_reference_to_the_submitting_machine_is_refused_where_it_decides(refusal: Callable[..., list[str]]):
    assert "OF348" in refusal({"spark.kubernetes.container.image": "${env:IMAGE}"}, image=None)
    assert "OF348" in refusal({"spark.driver.memory": "${spark.my.size}", "spark.my.size": "${system:size}"})


def test_a_reference_to_itself_ends(refusal: Callable[..., list[str]]):
    assert refusal({"spark.driver.memory": "${spark.driver.memory}"})


# --- 8. volumes ---


def claimed(options: dict[str, str], **mount_: str) -> dict[str, str]:
    prefix = "spark.kubernetes.driver.volumes.persistentVolumeClaim.v."
    given = {f"{prefix}options.{name}": value for name, value in options.items()}
    return {f"{prefix}mount.path": "/v", **given, **{f"{prefix}mount.{name}": value for name, value in mount_.items()}}


@pytest.mark.parametrize(
    ("options", "name", "made"),
    [
        ({"claimName": "static"}, "static", False),
        ({"claimName": "static", "storageClass": "gp"}, "static", False),
        ({"claimName": "static", "sizeLimit": "1Gi"}, "static", False),
        ({"claimName": "static", "storageClass": "gp", "sizeLimit": "1Gi"}, "static", True),
        ({"claimName": "static", "storageClass": "", "sizeLimit": "1Gi"}, "static", True),
        ({"claimName": "OnDemand"}, "etl-driver-pvc-0", False),
        ({"claimName": "OnDemand", "storageClass": "gp", "sizeLimit": "1Gi"}, "etl-driver-pvc-0", True),
        (
            {"claimName": "pre-OnDemand-post", "storageClass": "gp", "sizeLimit": "1Gi"},
            "pre-etl-driver-pvc-0-post",
            True,
        ),
    ],
)
def test_claims(submit: Submit, options: dict[str, str], name: str, made: bool):
    result = submit(claimed(options))

    assert volume(result, "v") == {"persistentVolumeClaim": {"claimName": name}}
    assert ("PersistentVolumeClaim" in kinds(result)) == made
    if made:
        claim = result.one("PersistentVolumeClaim")
        assert claim["metadata"]["name"] == name
        assert claim["spec"] == {
            "accessModes": ["ReadWriteOncePod"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": options["storageClass"],
        }


def test_the_old_access_mode_can_be_asked_for(submit: Submit):
    conf = claimed({"claimName": "OnDemand", "storageClass": "gp", "sizeLimit": "1Gi"})

    result = submit({**conf, "spark.kubernetes.legacy.useReadWriteOnceAccessMode": "true"})

    assert result.one("PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteOnce"]


@pytest.mark.parametrize("read_only", ["true", "True"])
def test_read_only_reaches_claims_but_no_other_source(submit: Submit, read_only: str):
    nfs = "spark.kubernetes.driver.volumes.nfs.n."
    conf = {
        f"{nfs}mount.path": "/n",
        f"{nfs}mount.readOnly": read_only,
        f"{nfs}options.server": "s",
        f"{nfs}options.path": "/p",
    }

    result = submit({**claimed({"claimName": "c"}, readOnly=read_only), **conf})

    assert volume(result, "v") == {"persistentVolumeClaim": {"claimName": "c", "readOnly": True}}
    assert volume(result, "n") == {"nfs": {"server": "s", "path": "/p"}}
    assert mount(result, "n")["readOnly"] is True


def test_the_number_of_a_claim_counts_every_volume_of_the_role(submit: Submit):
    conf = claimed({"claimName": "OnDemand", "storageClass": "gp", "sizeLimit": "1Gi"})
    conf["spark.kubernetes.driver.volumes.emptyDir.e.mount.path"] = "/e"
    conf["spark.kubernetes.executor.volumes.emptyDir.a.mount.path"] = "/a"

    result = submit(conf)

    assert result.one("PersistentVolumeClaim")["metadata"]["name"] == "etl-driver-pvc-1"


def test_two_claims_have_two_numbers(submit: Submit):
    options = {"claimName": "OnDemand", "storageClass": "gp", "sizeLimit": "1Gi"}
    conf = {**claimed(options), **{name.replace(".v.", ".w."): value for name, value in claimed(options).items()}}
    conf["spark.kubernetes.driver.volumes.persistentVolumeClaim.w.mount.path"] = "/w"

    result = submit(conf)

    made = {each["metadata"]["name"] for each in result.objects.values() if each["kind"] == "PersistentVolumeClaim"}
    used = {volume(result, name)["persistentVolumeClaim"]["claimName"] for name in ("v", "w")}
    assert made == used == {"etl-driver-pvc-0", "etl-driver-pvc-1"}


@pytest.mark.parametrize(
    "conf",
    [
        {"nope.v.mount.path": "/v"},
        {"hostPath.v.mount.path": "/v"},
        {"hostPath.v.options.path": "/v"},
        {"nfs.v.mount.path": "/v", "nfs.v.options.server": "s"},
        {"persistentVolumeClaim.v.mount.path": "/v"},
        {"emptyDir.v.mount.path": "/v", "emptyDir.w.mount.path": "/v"},
        {"emptyDir.v.mount.path": "/v", "emptyDir.v.mount.subPath": "a", "emptyDir.v.mount.subPathExpr": "b"},
        {"emptyDir.v.mount.path": "/v", "emptyDir.v.options.sizeLimit": "5"},
    ],
)
@pytest.mark.parametrize("role", ["driver", "executor"])
def test_volumes_that_spark_submit_refuses(refusal: Callable[..., list[str]], conf: dict[str, str], role: str):
    assert refusal({f"spark.kubernetes.{role}.volumes.{name}": value for name, value in conf.items()})


def test_a_bare_number_is_a_size_before_4_0(submit: Submit):
    size = {"spark.kubernetes.driver.volumes.emptyDir.v.options.sizeLimit": "5"}

    result = submit({"spark.kubernetes.driver.volumes.emptyDir.v.mount.path": "/v", **size}, version="3.5.9")

    assert volume(result, "v") == {"emptyDir": {"sizeLimit": "5"}}


# --- 9. local directories ---


def local(result: Compiled) -> dict[str, Any]:
    mounts = {each["name"]: each["mountPath"] for each in main(result)["volumeMounts"]}
    return {
        path: volume(result, name)["emptyDir"] for name, path in mounts.items() if name.startswith("spark-local-dir-")
    }


@pytest.mark.parametrize(
    ("conf", "directories"),
    [
        ({"spark.local.dir": "/a"}, {"/a": {}}),
        ({"spark.local.dir": "/a,/b"}, {"/a": {}, "/b": {}}),
        ({"spark.local.dir": "/a", "spark.kubernetes.local.dirs.tmpfs": "true"}, {"/a": {"medium": "Memory"}}),
        (
            {
                "spark.kubernetes.driver.volumes.emptyDir.spark-local-dir-x.mount.path": "/own",
                "spark.kubernetes.driver.volumes.emptyDir.spark-local-dir-x.options.sizeLimit": "1Gi",
                "spark.local.dir": "/ignored",
                "spark.kubernetes.local.dirs.tmpfs": "true",
            },
            {"/own": {"sizeLimit": "1Gi"}},
        ),
    ],
)
def test_local_directories(submit: Submit, conf: dict[str, str], directories: dict[str, Any]):
    result = submit(conf)

    assert local(result) == directories
    assert env(result)["SPARK_LOCAL_DIRS"].split(",") == list(directories)


def test_without_a_word_there_is_one_local_directory_with_a_uuid(submit: Submit):
    [path] = local(submit())

    assert re.fullmatch(r"/var/data/spark-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", path)


def test_a_template_s_volume_can_be_the_local_directory(submit: Submit):
    template = """
spec:
  containers:
  - {name: main, volumeMounts: [{name: spark-local-dir-ssd, mountPath: /ssd}]}
  volumes: [{name: spark-local-dir-ssd, hostPath: {path: /ssd}}]
"""
    conf = {"spark.kubernetes.driver.podTemplateFile": "t.yaml", "spark.local.dir": "/ignored"}

    result = submit(conf, files={"t.yaml": template})

    assert env(result)["SPARK_LOCAL_DIRS"] == "/ssd"
    assert named(result, "volumes") == ["spark-local-dir-ssd", "spark-conf-volume-driver"]


# --- 10. pod templates ---


TEMPLATE = """
metadata:
  name: theirs
  namespace: theirs
  labels: {spark-role: theirs, team: theirs, mine: theirs}
  annotations: {a: theirs, b: theirs}
  finalizers: [example.org/keep]
spec:
  restartPolicy: Always
  hostname: theirs
  terminationGracePeriodSeconds: 7
  activeDeadlineSeconds: 60
  serviceAccountName: theirs
  schedulerName: theirs
  imagePullSecrets: [{name: theirs}]
  tolerations: [{key: a, operator: Exists}]
  dnsPolicy: Default
  securityContext: {fsGroup: 7}
  resourceClaims: [{name: device, resourceClaimName: gpu}]
  initContainers: [{name: init, image: i}]
  containers:
  - {name: first, image: one}
  - name: second
    image: theirs
    imagePullPolicy: Always
    command: [run]
    args: [before]
    envFrom: [{secretRef: {name: s}}]
    env: [{name: A, value: theirs}]
    ports: [{name: metrics, containerPort: 9000}]
    lifecycle: {preStop: {exec: {command: [stop]}}}
    livenessProbe: {exec: {command: [live]}}
    resources:
      claims: [{name: device}]
      requests: {cpu: 7, memory: 7Gi, ephemeral-storage: 7Gi}
      limits: {cpu: 7, memory: 7Gi, example.org/dev: 1}
    securityContext: {runAsUser: 7, allowPrivilegeEscalation: true}
  - {name: third, image: three}
"""


@pytest.fixture
def templated(submit: Submit) -> Submit:
    """Compiles with `TEMPLATE`, whose container ``second`` is Spark's, and no account of the job's own."""

    def run(conf: dict[str, str] | None = None, text: str = TEMPLATE, container: str = "second") -> Compiled:
        names = {
            "spark.kubernetes.driver.podTemplateFile": "t.yaml",
            "spark.kubernetes.driver.podTemplateContainerName": container,
        }
        return submit({**names, **(conf or {})}, files={"t.yaml": text}, driver={"serviceAccount": None})

    return run


def test_what_a_template_keeps_of_the_pod_and_what_spark_replaces(templated: Submit):
    conf = {
        "spark.kubernetes.driver.label.mine": "conf",
        "spark.kubernetes.driver.annotation.b": "conf",
        "spark.kubernetes.container.image.pullSecrets": "p1,p2",
    }

    result = templated(conf)

    metadata, pod = result.one("Pod")["metadata"], result.pod
    labels = {name: metadata["labels"][name] for name in ("spark-role", "team", "mine")}
    assert (metadata["name"], metadata["namespace"]) == ("etl-driver", "data")
    assert labels == {"spark-role": "driver", "team": "theirs", "mine": "conf"}
    assert metadata["annotations"] == {"a": "theirs", "b": "conf"}
    assert metadata["finalizers"] == ["example.org/keep"]
    kept = yaml.safe_load(TEMPLATE)["spec"]
    same = ("hostname", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "serviceAccountName", "schedulerName")
    for field in (*same, "tolerations", "dnsPolicy", "securityContext", "resourceClaims", "initContainers"):
        assert pod[field] == kept[field], field
    assert pod["restartPolicy"] == "Never"
    assert pod["imagePullSecrets"] == [{"name": "theirs"}, {"name": "p1"}, {"name": "p2"}]
    assert "serviceAccount" not in pod
    assert "ServiceAccount" not in kinds(result)


def test_the_conf_wins_over_account_and_scheduler_of_the_template(templated: Submit):
    conf = {
        "spark.kubernetes.authenticate.driver.serviceAccountName": "mine",
        "spark.kubernetes.scheduler.name": "mine",
    }

    pod = templated(conf).pod

    assert (pod["serviceAccount"], pod["serviceAccountName"], pod["schedulerName"]) == ("mine", "mine", "mine")


def test_what_a_template_keeps_of_the_container_and_what_spark_replaces(templated: Submit):
    result = templated()

    kept = yaml.safe_load(TEMPLATE)["spec"]["containers"][1]
    found = main(result)
    for field in ("name", "command", "envFrom", "lifecycle", "livenessProbe"):
        assert found[field] == kept[field], field
    assert (found["image"], found["imagePullPolicy"]) == ("registry.example/spark:4.3.0", "IfNotPresent")
    assert found["args"][:2] == ["before", "driver"]
    assert found["env"][0] == {"name": "A", "value": "theirs"}
    assert found["ports"][0] == {"name": "metrics", "containerPort": 9000}
    assert found["securityContext"] == {"runAsUser": 7, "allowPrivilegeEscalation": False}
    assert found["resources"] == {
        "claims": [{"name": "device"}],
        "requests": {"cpu": "1", "memory": "1408Mi", "ephemeral-storage": "7Gi"},
        "limits": {"cpu": 7, "memory": "1408Mi", "example.org/dev": 1},
    }


@pytest.mark.parametrize(
    ("container", "order"),
    [
        ("second", ["first", "third", "second"]),
        ("third", ["first", "second", "third"]),
        ("first", ["second", "third", "first"]),
        ("nobody", ["second", "third", "first"]),
    ],
)
def test_spark_s_container_is_the_named_one_or_the_first_and_goes_last(
    templated: Submit, container: str, order: list[str]
):
    assert named(templated(container=container), "volumeMounts")
    assert [each["name"] for each in templated(container=container).pod["containers"]] == order


@pytest.mark.parametrize(
    "text",
    ["{spec: {containers: [{image: x}]}}", "{spec: {}}", "{metadata: {labels: {a: b}}}", "{kind: Pod}", "{spec: null}"],
)
def test_a_container_without_a_name_gets_spark_s(templated: Submit, text: str):
    assert [each["name"] for each in templated(text=text).pod["containers"]] == ["spark-kubernetes-driver"]


def test_a_cpu_limit_of_the_conf_wins_over_the_template_s(templated: Submit):
    assert main(templated({"spark.kubernetes.driver.limit.cores": "2"}))["resources"]["limits"]["cpu"] == "2"


def test_variables_and_ports_that_template_and_conf_both_have_are_there_once_as_the_conf_says(templated: Submit):
    text = """
spec:
  containers:
  - name: second
    env: [{name: A, value: theirs}, {name: SPARK_USER, value: theirs}]
    ports: [{name: ui, containerPort: 4040}]
"""

    result = templated({"spark.kubernetes.driverEnv.A": "mine"}, text)

    assert env(result)["A"] == "mine"
    assert named(result, "env").count("A") == named(result, "env").count("SPARK_USER") == 1
    assert named(result, "ports") == ["driver-rpc-port", "blockmanager", "spark-ui", "spark-connect"]


# --- 13. Volcano ---


GROUP = "{metadata: {name: theirs, namespace: theirs, labels: {a: b}}, spec: {minMember: 1, queue: q}}"


@pytest.mark.parametrize(
    ("conf", "spec"),
    [
        ({}, {}),
        ({"podGroupTemplateFile": "group.yaml"}, {"minMember": 1, "queue": "q"}),
        ({"podGroupTemplateJson": '{"spec": {"queue": "j"}}'}, {"queue": "j"}),
        (
            {"podGroupTemplateFile": "group.yaml", "podGroupTemplateJson": '{"spec": {}}'},
            {"minMember": 1, "queue": "q"},
        ),
    ],
)
def test_volcano_s_step_makes_a_group(submit: Submit, conf: dict[str, str], spec: dict[str, Any]):
    given = {f"spark.kubernetes.scheduler.volcano.{name}": value for name, value in conf.items()}

    result = submit({"spark.kubernetes.driver.pod.featureSteps": VOLCANO, **given}, files={"group.yaml": GROUP})

    group = result.one("PodGroup")
    name = f"{result.properties['spark.app.id']}-podgroup"
    assert group["spec"] == spec
    assert (group["metadata"]["name"], group["metadata"]["namespace"]) == (name, "data")
    assert result.one("Pod")["metadata"]["annotations"] == {"scheduling.k8s.io/group-name": name}
    assert "schedulerName" not in result.pod


def test_a_template_for_a_group_does_nothing_without_the_step(submit: Submit):
    result = submit({"spark.kubernetes.scheduler.volcano.podGroupTemplateJson": "{}"})

    assert "PodGroup" not in kinds(result)


def test_a_step_of_the_user_s_own_is_refused(refusal: Callable[..., list[str]]):
    assert refusal({"spark.kubernetes.driver.pod.featureSteps": "com.example.Step"}) == ["OF328"]
