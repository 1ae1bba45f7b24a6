"""Names of images, and secrets that are written where all can read them."""

from __future__ import annotations

import pytest
from projects import JOB, Project
from told import messages, told

from openflow_render.checks.rules.images import moves, unreadable
from openflow_render.checks.secrets import secrets

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "image",
    [
        "spark",
        "apache/spark:4.0.1",
        "docker.io/library/spark:3.5",
        "localhost:5000/spark",
        "registry.example/team/spark_base--x.y:4.0.1-java21",
        f"registry.example/spark@{DIGEST}",
        f"registry.example:443/spark:4.0@{DIGEST}",
        "[::1]:5000/spark:1",
        "Registry.Example/spark:1",
    ],
)
def test_names_of_images_can_be_read(image: str):
    assert unreadable(image) == ""


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("registry.example/Spark:1", "names are written in small letters"),
        ("registry.example/spark:", "it is no name, tag and digest"),
        ("registry.example/spark :1", "it holds blanks"),
        ("https://registry.example/spark:1", "it is no name, tag and digest"),
        ("registry.example//spark:1", "it is no name, tag and digest"),
        ("registry.example/spark@sha256:0123", "it is no name, tag and digest"),
        (f"registry.example/spark@{DIGEST[:-1]}", "a sha256 digest has 64 digits of 0 to 9 and a to f"),
        (f"registry.example/{'a' * 250}:1", "its name has 267 characters; 255 are allowed"),
        (f"registry.example/spark:{'1' * 129}", "it is no name, tag and digest"),
    ],
)
def test_names_of_images_that_cannot_be_read_are_explained(image: str, problem: str):
    assert unreadable(image) == problem


@pytest.mark.parametrize(
    ("image", "moving"),
    [
        ("spark", True),
        ("localhost:5000/spark", True),
        ("apache/spark:latest", True),
        ("apache/spark:4.0", False),
        (f"apache/spark:latest@{DIGEST}", False),
    ],
)
def test_an_image_without_a_tag_or_digest_is_another_one_tomorrow(image: str, moving: bool):
    assert moves(image) is moving


def test_an_image_of_driver_and_executors_is_told_of_once(project: Project):
    assert told(project, "job: {spec: {image: registry.example/spark}}\n") == ["OF620 o.yaml:4"]


# --- secrets ---

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("AKIAIOSFODNN7EXAMPLE", "the id of an AWS key"),
        (f"Bearer {JWT}", "a JSON Web Token"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "a private key"),
        (f"ghp_{'a1' * 18}", "a token of GitHub"),
        (f"glpat-{'a1' * 10}", "a token of GitLab"),
        ("xoxb-1234567890-abc", "a token of Slack"),
        (f"AIza{'b' * 35}", "an API key of Google"),
        (f"{'aB3+' * 21}xy==", "an account key of Azure"),
        ("jdbc:postgresql://etl:hunter2@db.example/x", "a password in a URL"),
    ],
)
def test_secrets_are_known_by_their_form(text: str, what: str):
    [found] = secrets("anything", text)

    assert found.what == what


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("spark.hadoop.fs.s3a.secret.key", "wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
        ("spark.ssl.keyStorePassword", "changeit", "changeit"),
        ("spark.driver.extraJavaOptions", "-Xss1m -Djavax.net.ssl.trustStorePassword=changeit", "changeit"),
        ("args", "--db-password=hunter2", "hunter2"),
        ("args", "--db-password hunter2", "hunter2"),
        ("args", "jdbc:sqlserver://db;user=etl;password=hunter2;x=1", "hunter2"),
        ("hive-site.xml", "<name>a.ConnectionPassword</name>\n<value>hunter2</value>", "hunter2"),
        ("settings.yaml", "user: etl\npassword: 'hunter2'\n", "hunter2"),
        ("settings.json", '{"token": "hunter2"}', "hunter2"),
        ("DB_PASSWORD", "hunter2", "hunter2"),
    ],
)
def test_secrets_are_known_by_their_names(name: str, text: str, value: str):
    assert [(each.value, each.what) for each in secrets(name, text)] == [(value, "")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("spark.hadoop.fs.s3a.secret.key", "${env:STORE_KEY}"),
        ("spark.hadoop.fs.s3a.secret.key", "$(STORE_KEY)"),
        ("spark.ssl.keyPassword", "{{ vars.password }}"),
        ("DB_PASSWORD", ""),
        ("PASSWORD_FILE", "db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("DB_PASSWORD", "file:///run/secrets/db"),
        ("DB_PASSWORD", "vault:secret/data/db"),
        ("spark.authenticate.secret", "true"),
        ("spark.kubernetes.kerberos.tokenSecret.name", "kerberos"),
        ("spark.kubernetes.kerberos.tokenSecret.itemKey", "token"),
        ("spark.kubernetes.driver.secretKeyRef.DB_PASSWORD", "store:password"),
        ("spark.kubernetes.driver.secrets.store-secret", "store"),
        ("spark.hadoop.fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"),
        ("spark.authenticate.secretBitLength", "512"),
        ("spark.kafka.token.renewal", "60s"),
        ("spark.redaction.regex", "(?i)secret|password|token"),
        ("spark.kubernetes.container.image.pullSecrets", "registry"),
        ("tls", "keystore.jks"),
        ("truststore.password", "truststore.jks"),
        ("text", "see https://${env:USER}:${env:PASSWORD}@db.example"),
        ("spark.app.name", "password-rotation"),
        ("digest", DIGEST),
    ],
)
def test_references_numbers_and_names_are_no_secrets(name: str, text: str):
    assert list(secrets(name, text)) == []


@pytest.mark.parametrize(
    ("overlay", "place"),
    [
        ("job: {spec: {conf: {spark.ssl.keyPassword: hunter2}}}", "OF631 o.yaml:4"),
        ("job: {spec: {driver: {env: [{name: DB_PASSWORD, value: hunter2}]}}}", "OF631 o.yaml:4"),
        ("job: {spec: {executor: {env: [{name: DB_PASSWORD, value: hunter2}]}}}", "OF631 o.yaml:4"),
        ("job: {spec: {application: {args: [--password, hunter2]}}}", "OF631 o.yaml:4"),
        ("job: {spec: {driver: {javaOptions: -Ddb.password=hunter2}}}", "OF631 o.yaml:4"),
        ("job: {metadata: {annotations: {token: hunter2}}}", "OF631 o.yaml:4"),
        ("patches: [{target: {kind: ConfigMap}, merge: {data: {db.conf: password = hunter2}}}]", "OF631 o.yaml:4"),
        ("job: {spec: {conf: {spark.executorEnv.DB_PASSWORD: hunter2}}}", "OF631 o.yaml:4"),
    ],
    ids=["conf", "driver", "executors", "arguments", "java", "annotation", "config map", "variable in conf"],
)
def test_a_secret_is_told_of_once_where_it_is_written(project: Project, overlay: str, place: str):
    assert told(project, f"{overlay}\n") == [place]


def test_no_more_than_two_characters_of_a_secret_are_shown(project: Project):
    overlay = (
        "job: {spec: {conf: {spark.ssl.keyPassword: hunter2, spark.hadoop.fs.s3a.access.key: AKIAIOSFODNN7EXAMPLE}}}"
    )
    key = "in the clear (20 characters, beginning with AK)"

    found = messages(project, f"{overlay}\n")

    assert sorted(found) == [
        f"`spec.conf[spark.hadoop.fs.s3a.access.key]` holds the id of an AWS key {key}",
        "`spec.conf[spark.ssl.keyPassword]` holds spark.ssl.keyPassword in the clear (7 characters, beginning with hu)",
    ]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_no_report_shows_a_secret(project: Project, form: str):
    conf = "  conf:\n    spark.ssl.keyPassword: hunter2\n    spark.x: https://etl:hunter3@db.example\n"
    project.write({"job.yaml": JOB + conf + "    spark.y: AKIAIOSFODNN7EXAMPLE\n"})

    result = project.openflow("validate", "job.yaml", *([] if form == "text" else ["--report", form]))

    said = result.stdout + result.stderr
    assert "OF630" in said
    assert [each for each in ("hunter2", "hunter3", "AKIAIOSFODNN7EXAMPLE") if each in said] == []


@pytest.mark.parametrize(
    ("pattern", "codes"),
    [("(?<=key)Password", []), ("(", []), ("(a+)+$", []), ("(a+)+b", ["OF632"])],
    ids=["not known here", "none", "it matches", "it takes steps without end in Java"],
)
def test_patterns_of_java_are_tried_in_bounded_time(project: Project, pattern: str, codes: list[str]):
    conf = f"{{spark.redaction.regex: '{pattern}', spark.ssl.keyPassword{'a' * 60}: '${{env:P}}'}}"

    found = told(project, f"job: {{spec: {{conf: {conf}}}}}\n")

    assert [each.partition(" ")[0] for each in found] == codes
