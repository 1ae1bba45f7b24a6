from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from openflow_render.core.report import Severity
from openflow_render.importers import Imported, UsageError
from openflow_render.importers.command_line import parse
from openflow_render.importers.job_file import job_name
from openflow_render.importers.spark_submit import import_spark_submit

IMAGE = "spark.kubernetes.container.image=img"
CLUSTER = ["--master", "k8s://http://127.0.0.1:8001", "--deploy-mode", "cluster"]
CLASS = ["--class", "com.example.Main"]
JAR = "local:///opt/app/x.jar"


def submit(*arguments: str, version: str | None = "4.3.0") -> Imported:
    return import_spark_submit([*CLUSTER, *arguments], engine_version=version)


def confs(*properties: str) -> list[str]:
    return [argument for each in (IMAGE, *properties) for argument in ("--conf", each)]


def job(*arguments: str, version: str | None = "4.3.0") -> dict:
    result = submit(*arguments, version=version)
    assert not result.report.failed, list(map(str, result.report))
    return yaml.safe_load(result.text)


def ids(result: Imported) -> list[str]:
    return [finding.code.id for finding in result.report]


def errors(result: Imported) -> list[str]:
    return [f"{finding.origin}: {finding.message}" for finding in result.report if str(finding.severity) == "error"]


def test_a_plain_java_application():
    result = submit("--name", "my-app", *CLASS, *confs(), JAR, "10", "two words")

    assert ids(result) == ["OF371"]
    assert result.text == (
        "# Imported by `openflow import spark-submit`.\n"
        "# The cluster is no part of a job: whoever applies the objects chooses it.\n"
        "# No account is named, so openflow makes one with a minimal Role; spark-submit takes the namespace's own.\n"
        "# spark-defaults.conf was not read\n"
        "apiVersion: openflow.io/v1\n"
        "kind: Job\n"
        "metadata:\n"
        "  name: my-app\n"
        "  namespace: default\n"
        "spec:\n"
        "  engine: spark\n"
        '  version: "4.3.0"\n'
        "  image: img\n"
        "  application:\n"
        "    main: local:///opt/app/x.jar\n"
        "    class: com.example.Main\n"
        '    args: ["10", "two words"]\n'
    )


def test_everything_that_has_a_field_becomes_one():
    result = import_spark_submit(
        [
            "./bin/spark-submit",
            "--master=k8s://https://1.2.3.4:6443",
            "--deploy-mode=cluster",
            "--name=Nightly ETL",
            "--class=com.example.Main",
            "--driver-memory=4g",
            "--driver-cores=2",
            "--executor-memory=8g",
            "--executor-cores=4",
            "--num-executors=5",
            "--jars=local:///opt/a.jar,s3a://b/c.jar",
            "--files=https://h/f.conf",
            "--archives=hdfs:///env.zip#env",
            "--py-files=local:///opt/a.py",
            "--packages=org.a:b:1.0,org.c:d:2.0",
            "--repositories=https://r",
            "--exclude-packages=org.x:y",
            "--driver-java-options=-Da=b",
            "--driver-class-path=/opt/x",
            "--driver-library-path=/opt/lib",
            "--proxy-user=bob",
            "--conf=spark.kubernetes.container.image=apache/spark:4.0.1-scala2.13-java17-ubuntu",
            "-c",
            "spark.kubernetes.container.image.pullPolicy=Always",
            "--conf",
            "spark.kubernetes.container.image.pullSecrets=p1,p2",
            "--conf",
            "spark.kubernetes.namespace=data",
            "--conf",
            "spark.kubernetes.authenticate.driver.serviceAccountName=etl",
            "--conf",
            "spark.sql.shuffle.partitions=400",
            "--verbose",
            JAR,
            "--not-an-option",
            "",
        ]
    )

    assert result.text == (
        "# Imported by `openflow import spark-submit`.\n"
        "# The cluster is no part of a job: whoever applies the objects chooses it.\n"
        "# spark-defaults.conf was not read\n"
        "# Spark 4.0.1 is taken from the tag of apache/spark:4.0.1-scala2.13-java17-ubuntu\n"
        "apiVersion: openflow.io/v1\n"
        "kind: Job\n"
        "metadata:\n"
        "  name: nightly-etl\n"
        "  namespace: data\n"
        "spec:\n"
        "  engine: spark\n"
        '  version: "4.0.1"\n'
        "  image:\n"
        "    name: apache/spark:4.0.1-scala2.13-java17-ubuntu\n"
        "    pullPolicy: Always\n"
        "    pullSecrets: [p1, p2]\n"
        "  application:\n"
        "    main: local:///opt/app/x.jar\n"
        "    class: com.example.Main\n"
        '    args: ["--not-an-option", ""]\n'
        "    jars: [local:///opt/a.jar, s3a://b/c.jar]\n"
        "    pyFiles: [local:///opt/a.py]\n"
        "    files: [https://h/f.conf]\n"
        '    archives: ["hdfs:///env.zip#env"]\n'
        "    packages: [org.a:b:1.0, org.c:d:2.0]\n"
        "  driver:\n"
        "    cores: 2\n"
        "    memory: 4g\n"
        "    serviceAccount: etl\n"
        "  executor:\n"
        "    instances: 5\n"
        "    cores: 4\n"
        "    memory: 8g\n"
        "  conf:\n"
        '    spark.app.name: "Nightly ETL"\n'
        '    spark.sql.shuffle.partitions: "400"\n'
        "    spark.jars.repositories: https://r\n"
        "    spark.jars.excludes: org.x:y\n"
        '    spark.driver.extraJavaOptions: "-Da=b"\n'
        "    spark.driver.extraClassPath: /opt/x\n"
        "    spark.driver.extraLibraryPath: /opt/lib\n"
        "  proxyUser: bob\n"
    )


def test_an_old_command_line_is_brought_to_the_names_of_today():
    result = import_spark_submit(
        [
            "bin/spark-submit",
            *("--deploy-mode", "cluster", "--class", "org.apache.spark.examples.GroupByTest"),
            *("--master", "k8s://1.2.3.4:443", "--kubernetes-namespace", "old"),
            *("--conf", "spark.app.name=group-by-test"),
            *("--conf", "spark.kubernetes.driver.docker.image=kubespark/spark-driver:latest"),
            *("--conf", "spark.kubernetes.driver.labels=team=data"),
            *("--conf", "spark.dynamicAllocation.enabled=true"),
            *("--conf", "spark.shuffle.service.enabled=true"),
            *("--conf", "spark.kubernetes.shuffle.namespace=default"),
            *("--conf", "spark.kubernetes.executor.memoryOverhead=512"),
            *("local:///opt/spark/examples.jar", "10", "400000", "2"),
        ],
        engine_version="3.5.9",
    )

    assert result.text == (
        "# Imported by `openflow import spark-submit`.\n"
        "# The cluster is no part of a job: whoever applies the objects chooses it.\n"
        "# No account is named, so openflow makes one with a minimal Role; spark-submit takes the namespace's own.\n"
        "# spark-defaults.conf was not read\n"
        "# spark.shuffle.service.enabled is left out: there is no external shuffle service on Kubernetes: "
        "dynamic allocation tracks shuffle files instead\n"
        "# spark.kubernetes.shuffle.namespace is left out: there is no external shuffle service on Kubernetes: "
        "dynamic allocation tracks shuffle files instead\n"
        "apiVersion: openflow.io/v1\n"
        "kind: Job\n"
        "metadata:\n"
        "  name: group-by-test\n"
        "  namespace: old\n"
        "spec:\n"
        "  engine: spark\n"
        '  version: "3.5.9"\n'
        "  image: kubespark/spark-driver:latest\n"
        "  application:\n"
        "    main: local:///opt/spark/examples.jar\n"
        "    class: org.apache.spark.examples.GroupByTest\n"
        '    args: ["10", "400000", "2"]\n'
        "  conf:\n"
        "    # spark.kubernetes.driver.docker.image is now called spark.kubernetes.driver.container.image\n"
        "    spark.kubernetes.driver.container.image: kubespark/spark-driver:latest\n"
        "    # spark.kubernetes.driver.labels is now called spark.kubernetes.driver.label.team\n"
        "    spark.kubernetes.driver.label.team: data\n"
        '    spark.dynamicAllocation.enabled: "true"\n'
        "    # spark.kubernetes.executor.memoryOverhead is now called spark.executor.memoryOverhead\n"
        '    spark.executor.memoryOverhead: "512"\n'
    )
    assert "OF375" in ids(result)


def test_the_openflow_submitter_means_the_openflow_engine():
    result = import_spark_submit(
        [
            "./bin/Openflow-submit",
            *("--master", "k8s://https://h:443", "--deploy-mode", "cluster", "--name", "Openflow-pi"),
            *("--class", "org.apache.Openflow.examples.OpenflowPi", "--conf", "Openflow.executor.instances=5"),
            *("--conf", "Openflow.kubernetes.container.image=openflow:4.3.0", "local:///path/to/examples.jar"),
        ]
    )

    spec = yaml.safe_load(result.text)["spec"]
    assert (spec["engine"], spec["version"], spec["executor"]) == ("openflow", "4.3.0", {"instances": 5})
    assert spec["conf"] == {"spark.app.name": "Openflow-pi"}


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["local:///opt/app/x.py", "--a", "b"], {"main": "local:///opt/app/x.py", "args": ["--a", "b"]}),
        (["local:///opt/app/x.R"], {"main": "local:///opt/app/x.R"}),
        ([*CLASS, "spark-internal", "a"], {"class": "com.example.Main", "args": ["a"]}),
        (["--py-files", "local:///a.py, https://h/b.zip", "s3a://b/x.py"], {
            "main": "s3a://b/x.py", "pyFiles": ["local:///a.py", "https://h/b.zip"]
        }),
        ([*CLASS, "https://h/x.jar"], {"main": "https://h/x.jar", "class": "com.example.Main"}),
    ],
)  # fmt: skip
def test_the_primary_resource_decides_what_is_run(arguments: list[str], fields: dict):
    assert job(*confs(), *arguments)["spec"]["application"] == fields


@pytest.mark.parametrize(
    "properties",
    [
        ["spark.driver.blockManager.port=7780", "spark.blockManager.port=7777"],
        ["spark.driver.memoryOverhead=100", "spark.kubernetes.memoryOverheadFactor=0.3"],
        [
            "spark.kubernetes.driver.podTemplateFile=tmpl.yaml",
            "spark.kubernetes.driver.podTemplateContainerName=main",
            "spark.kubernetes.executor.podTemplateFile=exec.yaml",
        ],
        [
            "spark.kubernetes.driver.request.cores=1500m",
            "spark.kubernetes.driver.limit.cores=2",
            "spark.driver.memoryOverheadFactor=0.199",
        ],
        [
            "spark.kubernetes.driverEnv.FOO=bar",
            "spark.kubernetes.driverEnv.EMPTY=",
            "spark.kubernetes.driver.secrets.mysecret=/etc/secrets",
            "spark.kubernetes.driver.secretKeyRef.PW=sec:key",
        ],
        [
            "spark.driver.resource.gpu.amount=2",
            "spark.driver.resource.gpu.vendor=nvidia.com",
            "spark.driver.resource.gpu.discoveryScript=/opt/g.sh",
        ],
        [
            "spark.kubernetes.hadoop.configMapName=hadoop-cm",
            "spark.kubernetes.kerberos.krb5.configMapName=krb-cm",
            "spark.kubernetes.kerberos.tokenSecret.name=dt",
            "spark.kubernetes.kerberos.tokenSecret.itemKey=tok",
        ],
        ["spark.local.dir=/scratch", "spark.kubernetes.local.dirs.tmpfs=true"],
        ["spark.kubernetes.driver.volumes.emptyDir.spark-local-dir-1.mount.path=/sl"],
        [
            "spark.kubernetes.driver.label.id={{APP_ID}}",
            "spark.kubernetes.driver.annotation.a={{APP_ID}}-{{EXECUTOR_ID}}",
            "spark.kubernetes.driver.service.label.s=l",
            "spark.kubernetes.driver.pod.name=custom-driver",
        ],
        ["spark.ui.port=4050", "spark.driver.port=7099", "spark.kubernetes.driver.service.ipFamilies=IPv4,IPv6"],
        [
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.v.mount.path=/x",
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.v.options.claimName=OnDemand",
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.v.mount.readOnly=true",
        ],
        ["spark.pyspark.python=/usr/bin/python3", "spark.pyspark.driver.python=/opt/py/bin/python"],
        [
            "spark.kubernetes.node.selector.zone=z",
            "spark.kubernetes.driver.node.selector.disk=ssd",
            "spark.kubernetes.scheduler.name=volcano",
            "spark.kubernetes.driver.pod.featureSteps=org.apache.spark.deploy.k8s.features.VolcanoFeatureStep",
        ],
        ["spark.x=a=b", "spark.y=yes", "spark.z= 1:30 ", "spark.files=", "spark.driver.memory=512"],
    ],
)
def test_what_has_no_field_stays_in_conf_as_given_and_in_order(properties: list[str]):
    spec = job("--name", "my-app", *CLASS, *confs(*properties), JAR)["spec"]

    assert list(spec["conf"].items()) == [tuple(each.split("=", 1)) for each in properties]
    assert set(spec) == {"engine", "version", "image", "application", "conf"}


def test_a_fixed_number_of_executors_is_no_field_beside_dynamic_allocation():
    spec = job(*CLASS, "--num-executors", "0", *confs("spark.dynamicAllocation.enabled=true"), JAR)["spec"]

    assert "executor" not in spec
    assert spec["conf"]["spark.executor.instances"] == "0"


def test_options_win_over_conf_and_conf_over_the_file(tmp_path: Path):
    file = tmp_path / "my.properties"
    file.write_text(
        "spark.driver.memory 1g\nspark.driver.cores=1\nspark.executor.cores: 1\nother=x\n", encoding="utf-8"
    )

    result = submit(
        *("--driver-memory", "3g", *CLASS, *confs("spark.driver.memory=2g", "spark.driver.cores=2")),
        *("--properties-file", str(file), JAR),
    )

    spec = yaml.safe_load(result.text)["spec"]
    assert spec["driver"] == {"cores": 2, "memory": "3g"}
    assert spec["executor"] == {"cores": 1}
    assert [(str(each.origin), each.message) for each in result.report] == [
        (f"{file}:4", "other is left out: it does not begin with `spark.`")
    ]


def test_of_two_equal_options_the_later_counts():
    assert job(*CLASS, "--driver-memory", "1g", "--driver-memory=2g", *confs(), JAR)["spec"]["driver"] == {
        "memory": "2g"
    }


@pytest.mark.parametrize(
    ("name", "sanitised"),
    [
        ("My App.v1", "my-app-v1"),
        ("9lives", "xlives"),
        ("--abc__DEF--", "abc-def"),
        ("éà", "job"),
        ("a" * 39 + "-b", "a" * 39),
        ("a" * 50, "a" * 40),
    ],
)
def test_the_job_is_named_after_the_application(name: str, sanitised: str):
    document = job("--name", name, *CLASS, *confs(), JAR)

    assert document["metadata"]["name"] == sanitised
    assert document["spec"]["conf"] == {"spark.app.name": name}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([*CLASS, "--conf", "spark.app.name=from conf", JAR], "from conf"),
        ([*CLASS, JAR], "com.example.Main"),
        (["local:///opt/app/My_x.py"], "My_x.py"),
    ],
)
def test_an_application_without_a_name_gets_the_one_spark_would_give(arguments: list[str], name: str):
    document = job(*confs(), *arguments)

    assert document["metadata"]["name"] == job_name(name)
    assert document["spec"]["conf"] == {"spark.app.name": name}


@given(st.text())
def test_any_name_becomes_a_dns_label(name: str):
    label = job_name(name)

    assert 1 <= len(label) <= 40
    assert label.isascii()
    assert label[0].isalpha()
    assert label.replace("-", "a").isalnum()
    assert label == label.lower().strip("-")


@pytest.mark.parametrize(
    ("image", "version", "code"),
    [
        ("apache/spark:4.0.1-java17", "4.0.1", "OF365"),
        ("docker.io:443/apache/spark-py:v3.4.0", "3.4.0", "OF365"),
        ("spark:4.1", "4.1", "OF365"),
        ("apache/spark:4.0.1@sha256:00", "4.0.1", "OF365"),
        ("apache/spark:latest", "4.3.0", "OF364"),
        ("apache/spark@sha256:00", "4.3.0", "OF364"),
        ("registry/etl:1.2.3", "4.3.0", "OF364"),
        ("spark.example.com/etl:1.2.3", "4.3.0", "OF364"),
        ("img", "4.3.0", "OF364"),
    ],
)
def test_the_version_is_that_of_spark_s_own_image_else_the_newest(image: str, version: str, code: str):
    result = submit(*CLASS, "--conf", f"spark.kubernetes.container.image={image}", JAR, version=None)

    assert yaml.safe_load(result.text)["spec"]["version"] == version
    assert code in ids(result)


def test_a_version_that_nothing_tells_is_a_warning():
    command = (*CLASS, "--conf", "spark.kubernetes.container.image=img", JAR)

    warned = [each.code.id for each in submit(*command, version=None).report if each.severity is Severity.WARNING]

    assert warned == ["OF364"]
    assert "OF364" not in ids(submit(*command, version="4.1.0"))


def test_the_driver_s_image_stands_in_for_the_common_one():
    spec = job(*CLASS, "--conf", "spark.kubernetes.driver.container.image=d", JAR)["spec"]

    assert spec["image"] == "d"
    assert spec["conf"]["spark.kubernetes.driver.container.image"] == "d"


def test_what_only_the_client_reads_is_left_out_with_a_note():
    token = "spark.kubernetes.authenticate.submission.oauthToken=s3cret"

    result = submit(*CLASS, "--supervise", "--queue", "q", *confs(token, "spark.driver.host=h"), JAR)

    assert "conf:\n    spark.app.name: com.example.Main\n" in result.text
    assert "s3cret" not in result.text
    assert [each.message for each in result.report] == [
        "--supervise has no effect on Kubernetes",
        "--queue has no effect on Kubernetes",
        "spark-defaults.conf was not read",
        "spark.kubernetes.authenticate.submission.oauthToken is left out: only the submitting client reads it",
        "spark.driver.host is left out: it is set anew at each submission",
    ]
    assert all(f"# {each.message}\n" in result.text for each in result.report)


def test_a_total_of_cores_is_kept_as_spark_submit_does_with_a_remark():
    result = submit(*CLASS, "--name", "a", "--total-executor-cores", "8", *confs(), JAR)

    assert result.text.endswith(
        '  conf:\n    # spark.cores.max has no effect on Kubernetes\n    spark.cores.max: "8"\n'
    )


def test_a_class_for_a_script_only_names_it():
    result = submit("--class", "etl", *confs(), "local:///x.py")

    document = yaml.safe_load(result.text)
    assert document["metadata"]["name"] == "etl"
    assert document["spec"]["application"] == {"main": "local:///x.py"}
    assert "OF376" in ids(result)


def test_the_defaults_of_the_installation_are_not_read_and_that_is_said(tmp_path: Path):
    file = tmp_path / "a.conf"
    file.write_text("", encoding="utf-8")
    named = ["--properties-file", str(file)]

    assert "OF371" not in ids(submit(*CLASS, *named, *confs(), JAR))
    assert "OF371" in ids(submit(*CLASS, *named, "--load-spark-defaults", *confs(), JAR))


def test_without_master_and_mode_a_cluster_is_assumed():
    result = import_spark_submit([*CLASS, *confs(), JAR], engine_version="4.3.0")

    assert result.text
    assert ids(result).count("OF374") == 2


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["--master", "yarn", *CLASS, JAR], "--master: the master `yarn` is not a Kubernetes cluster"),
        (["--master", "local[2]", *CLASS, JAR], "--master: the master `local[2]` is not a Kubernetes cluster"),
        (
            ["--master", "spark://h:7077", *CLASS, JAR],
            "--master: the master `spark://h:7077` is not a Kubernetes cluster",
        ),
        (
            ["--master", "https://h:443", *CLASS, JAR],
            "--master: the master `https://h:443` is not a Kubernetes cluster",
        ),
        (["--deploy-mode", "client", *CLASS, JAR], "--deploy-mode: deploy mode `client` makes no driver pod"),
        (
            ["--deploy-mode=x", "--conf", "spark.submit.deployMode=cluster", *CLASS, JAR],
            "--deploy-mode: deploy mode `x` makes no driver pod",
        ),
        (CLASS, "spark-submit: the command line names no application"),
        (["spark-shell"], "spark-submit: spark-submit does not start a shell in cluster mode"),
        (["pyspark-shell"], "spark-submit: spark-submit does not start a shell in cluster mode"),
        (
            ["--class", "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver", "spark-internal"],
            "spark-submit: spark-submit does not start a shell in cluster mode",
        ),
        (
            ["--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal"],
            "spark-submit: spark-submit does not start the Thrift server in cluster mode",
        ),
        (
            ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"],
            "spark-submit: spark-submit does not start the Spark Connect server in cluster mode",
        ),
        ([JAR], "spark-submit: local:///opt/app/x.jar needs a main class"),
        (["spark-internal"], "spark-submit: spark-internal needs a main class"),
        ([*CLASS, "/opt/x.jar"], "spark-submit: /opt/x.jar is a file of the submitting machine"),
        (["file:///opt/x.py"], "spark-submit: file:///opt/x.py is a file of the submitting machine"),
        ([*CLASS, "--jars", "a.jar,local:///b.jar", JAR], "--jars: a.jar is a file of the submitting machine"),
        ([*CLASS, "--files", "FILE:/a", JAR], "--files: FILE:/a is a file of the submitting machine"),
        ([*CLASS, "--archives", "./a.zip#x", JAR], "--archives: ./a.zip#x is a file of the submitting machine"),
        (["--py-files", "a.py", "s3a://b/x.py"], "--py-files: a.py is a file of the submitting machine"),
        (
            [*CLASS, "--driver-memory", "1.5g", JAR],
            "--driver-memory: spark.driver.memory must be a whole number and a unit, for example 1536m, not `1.5g`",
        ),
        (
            [*CLASS, "--conf", "spark.executor.memory=0g", JAR],
            (
                "--conf spark.executor.memory: "
                "spark.executor.memory must be a whole number and a unit, for example 1536m, not `0g`"
            ),
        ),
        (
            [*CLASS, "--driver-cores", "0.5", JAR],
            "--driver-cores: spark.driver.cores must be a whole number above 0, not `0.5`",
        ),
        (
            [*CLASS, "--executor-cores", "x", JAR],
            "--executor-cores: spark.executor.cores must be a whole number above 0, not `x`",
        ),
        (
            [*CLASS, "--total-executor-cores", "-1", JAR],
            "--total-executor-cores: spark.cores.max must be a whole number above 0, not `-1`",
        ),
        (
            [*CLASS, "--num-executors", "0", JAR],
            "--num-executors: spark.executor.instances must be a whole number above 0, not `0`",
        ),
        (
            [*CLASS, "--proxy-user", "bob", "--principal", "p", JAR],
            "--principal: a proxy user and a Kerberos principal exclude each other",
        ),
        (
            [*CLASS, "--proxy-user", "bob", "--conf", "spark.yarn.principal=p", JAR],
            "--conf spark.yarn.principal: a proxy user and a Kerberos principal exclude each other",
        ),
        (
            [*CLASS, "--conf", "spark.driver.bindAddress=0.0.0.0", JAR],
            "--conf spark.driver.bindAddress: spark.driver.bindAddress must not be given: Spark sets it itself",
        ),
        (
            [*CLASS, "--conf", "spark.kubernetes.driver.label.spark-role=x", JAR],
            (
                "--conf spark.kubernetes.driver.label.spark-role: "
                "spark.kubernetes.driver.label.spark-role must not be given: Spark sets it itself"
            ),
        ),
        (
            [*CLASS, "--conf", "spark.kubernetes.executor.label.spark-exec-id=x", JAR],
            (
                "--conf spark.kubernetes.executor.label.spark-exec-id: "
                "spark.kubernetes.executor.label.spark-exec-id must not be given: Spark sets it itself"
            ),
        ),
        (
            [*CLASS, "--conf", "spark.x=1", "--conf", "Openflow.x=2", JAR],
            "--conf Openflow.x: Openflow.x and spark.x are one property with two values (--conf spark.x)",
        ),
        (
            [*CLASS, "--conf", "spark.kubernetes.shuffle.dir=/x", JAR],
            (
                "--conf spark.kubernetes.shuffle.dir: spark.kubernetes.shuffle.dir has no counterpart: "
                "mount a volume named spark-local-dir-1 where shuffle files belong"
            ),
        ),
        (
            [*CLASS, "--conf", "spark.kubernetes.driver.labels=a", JAR],
            "--conf spark.kubernetes.driver.labels: spark.kubernetes.driver.labels must be a list a=b,c=d, not `a`",
        ),
        (
            [*CLASS, JAR, "{{ vars.x }}"],
            "spark-submit: argument 1 of the application would be read as an expression of openflow",
        ),
    ],
)
def test_what_spark_submit_or_a_static_job_cannot_do_is_refused(arguments: list[str], refusal: str):
    result = submit(*confs(), *arguments)

    assert errors(result) == [refusal]
    assert result.text == ""


def test_without_an_image_there_is_no_job():
    result = submit(*CLASS, "--conf", "spark.kubernetes.executor.container.image=e", JAR)

    assert errors(result) == ["spark-submit: no container image is given"]


@pytest.mark.parametrize(
    ("image", "version"), [("img", "2.4.8"), ("kubespark/spark-driver:v2.2.0-kubernetes-0.5.0", None)]
)
def test_spark_2_is_too_old(image: str, version: str | None):
    result = submit(*CLASS, "--conf", f"spark.kubernetes.container.image={image}", JAR, version=version)

    assert result.text == ""
    assert "OF363" in ids(result)


def test_a_file_of_properties_that_is_missing_is_refused(tmp_path: Path):
    missing = tmp_path / "missing.conf"

    result = submit(*CLASS, *confs(), "--properties-file", str(missing), JAR)

    assert errors(result) == [f"{missing}: {missing} cannot be read: No such file or directory"]


def test_all_refusals_come_at_once():
    result = submit("--driver-memory", "x", "--jars", "a.jar,b.jar", "x.jar")

    assert len(errors(result)) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--drivr-memory", "1g"], "unknown option --drivr-memory (did you mean `--driver-memory`?)"),
        (["--name="], "unknown option --name= (did you mean `--name`?)"),
        (["-x"], "unknown option -x"),
        (["--name"], "--name has no value"),
        (["--conf", "spark.x"], "--conf spark.x has no value: write --conf spark.x=VALUE"),
        (["--kill", "ns:x"], "--kill ends an application: use `openflow kill NAMESPACE:GLOB`"),
        (["--status=ns:x"], "--status asks about an application: use `openflow status NAMESPACE:GLOB`"),
        (["--version"], "--version submits nothing: give the command line of a submission"),
        (["-h"], "--help submits nothing: give the command line of a submission"),
        ([JAR, "\udcff"], "argument 2 is not UTF-8 text"),
    ],
)
def test_a_wrong_command_line_is_an_error_of_use(arguments: list[str], message: str):
    with pytest.raises(UsageError) as raised:
        import_spark_submit(arguments)

    assert str(raised.value) == message


def test_an_engine_version_that_is_none_is_an_error_of_use():
    with pytest.raises(UsageError, match="--engine-version newest is not a version"):
        submit(*CLASS, *confs(), JAR, version="newest")


def test_a_value_may_look_like_an_option():
    command = parse(["--driver-java-options", "--add-opens=x", "-v", JAR, "--name", "x"])

    assert command.options == [("--driver-java-options", "--add-opens=x"), ("--verbose", "")]
    assert (command.resource, command.args) == (JAR, ["--name", "x"])


def test_invisible_characters_are_escaped():
    assert '    args: ["\\u202Ea", "\\xE9"]\n' in submit(*CLASS, *confs(), JAR, "\u202ea", "é").text
    assert '    args: ["é", "\\a"]\n' in submit(*CLASS, *confs(), JAR, "é", "\a").text


def test_braces_that_name_no_vars_are_kept():
    assert job(*CLASS, *confs(), JAR, "{{APP_ID}} vars {{x}}")["spec"]["application"]["args"] == [
        "{{APP_ID}} vars {{x}}"
    ]


def test_the_environment_is_not_read(monkeypatch: pytest.MonkeyPatch):
    plain = submit(*CLASS, *confs(), JAR)
    monkeypatch.setenv("SPARK_CONF_DIR", "/etc/spark")
    monkeypatch.setenv("SPARK_DRIVER_MEMORY", "9g")

    assert submit(*CLASS, *confs(), JAR).text == plain.text


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "yes",
        "No",
        "1_000",
        "1:30",
        "0x1f",
        "1e3",
        "~",
        "null",
        "<<",
        "=",
        "- a",
        "# c",
        "a: b",
        "é",
        "012",
        ".5",
        "1g",
        "!x",
    ]
)


@settings(max_examples=60, deadline=None)
@given(args=st.lists(texts, max_size=4), key=texts, value=texts)
def test_any_text_comes_back_from_the_job_file_as_it_was_given(args: list[str], key: str, value: str):
    from ruamel.yaml import YAML

    name = "spark.x" + key.replace("=", "")
    result = submit("--name", "a", *CLASS, *confs(f"{name}={value}"), JAR, *args)

    for document in (yaml.safe_load(result.text), YAML(typ="safe", pure=True).load(result.text)):
        assert document["spec"]["application"].get("args", []) == args
        assert document["spec"]["conf"] == {name: value}
