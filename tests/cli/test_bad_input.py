"""A corpus of bad input: each is refused with its code, at its place, and nothing ever crashes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import JOB, Project

from openflow_render.cli.exits import Exit
from openflow_render.core.codes import catalogue
from openflow_render.core.merge import merge

Tree = dict[str, Any]

FILES: dict[str, bytes] = {
    "OF102 nothing at all": b"",
    "OF102 only a comment": b"# nothing\n",
    "OF103 another kind": b"kind: Pod\napiVersion: v1\n",
    "OF103 a list": b"- a\n",
    "OF103 a number": b"7\n",
    "OF105 another version": JOB.replace("/v1", "/v2").encode(),
    "OF110 Latin-1": JOB.replace("etl", "\xe9tl").encode("latin-1"),
    "OF110 UTF-16": JOB.encode("utf-16"),
    "OF111 an escape character": JOB.replace("etl", "e\x1btl").encode(),
    "OF111 a character that turns the direction": JOB.replace("etl", "e\u202etl").encode(),
    "OF111 a line separator": JOB.replace("etl", "e\u2028tl").encode(),
    "OF111 a carriage return": JOB.replace("spec:", "spec:\rx: 1", 1).encode(),
    "OF112 a bracket": (JOB + "  conf: {a: [1}\n").encode(),
    "OF112 a tab": JOB.replace("  engine", "\tengine").encode(),
    "OF112 no colon": (JOB + "what\n").encode(),
    "OF113 too large": JOB.encode() + b"#" * (4 * 1024 * 1024),
    "OF114 too deep": b"[" * 60_000,
    "OF114 too deep a map": b"{a: " * 20_000,
    "OF115 too many documents": b"--- 1\n" * 1001,
    "OF116 too many values": b"[" + b"1," * 100_001 + b"]",
    "OF117 too many anchors": b"".join(b"- &a%d 1\n" % number for number in range(1001)),
    "OF118 a bomb": b"a0: &a0 [xxxxxxxxxx]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
    "OF119 a value inside itself": b"a: &a [*a]\n",
    "OF120 no such anchor": b"a: *b\n",
    "OF121 a key twice": JOB.replace("  engine: spark", "  engine: spark\n  engine: spark").encode(),
    "OF122 a tag": JOB.replace("etl", "!!python/object:os.system x").encode(),
    "OF122 binary": b"a: !!binary aGk=\n",
    "OF123 a key that is a number": (JOB + "1: 2\n").encode(),
    "OF123 a key that is a list": (JOB + "? [a]\n: 2\n").encode(),
    "OF124 a merge key": (JOB + "<<: {a: b}\n").encode(),
    "OF125 an old octal": JOB.replace("instances: 2", "instances: 010").encode(),
    "OF126 infinity": JOB.replace("instances: 2", "instances: .inf").encode(),
    "OF127 a number of 5000 digits": JOB.replace("instances: 2", "instances: " + "9" * 5000).encode(),
    "OF128 NUL": JOB.replace("example.Main", r'"a\0b"').encode(),
    "OF128 a placeholder": JOB.replace("example.Main", r'"a\ue000"').encode(),
    "OF164 vars are a list": (JOB + "  vars: [a]\n").encode(),
    "OF161 no such var": JOB.replace("example.Main", '"{{ vars.nope }}"').encode(),
    "OF160 a call": JOB.replace("example.Main", '"{{ vars.__class__() }}"').encode(),
    "OF160 a loop": JOB.replace("example.Main", '"{{ [vars for x in y] }}"').encode(),
    "OF201 a misspelt section": JOB.replace("executor:", "executors:").encode(),
    "OF202 no version": JOB.replace('  version: "4.3.0"\n', "").encode(),
    "OF203 a number for text": JOB.replace('"4.3.0"', "4.3").encode(),
    "OF203 nothing in it": b"apiVersion: openflow.io/v1\nkind: Job\nmetadata: []\nspec: x\n",
    "OF204 an engine that is none": JOB.replace("engine: spark", "engine: sparc").encode(),
    "OF205 no executors": JOB.replace("instances: 2", "instances: 0").encode(),
    "OF210 a name with the end of a line": JOB.replace("name: etl,", r'name: "etl\n",').encode(),
    "OF210 a size with the end of a line": JOB.replace("memory: 1g", r'memory: "1g\n"').encode(),
    "OF210 a name in capitals": JOB.replace("etl", "ETL").encode(),
    "OF210 a name that is too long": JOB.replace("etl", "e" * 41).encode(),
}
"""Files that cannot be a job, each under the code that it must be refused with."""


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_refused(project: Project, case: str):
    project.write({"job.yaml": FILES[case]})

    result = project.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert case[:5] in codes_in(result.stderr)
    assert all(line.startswith("job.yaml") for line in heads(result.stderr))
    assert all(line.isprintable() for line in result.stderr.splitlines())


def codes_in(text: str) -> list[str]:
    return re.findall(r": (?:error|warning|note) (OF\d{3}):", text)


def heads(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.search(r": (error|warning|note) OF\d{3}:", line)]


def conf(**properties: object) -> Tree:
    return {"spec": {"conf": {name.replace("_", "."): value for name, value in properties.items()}}}


def named(name: str, value: object) -> Tree:
    return {"spec": {"conf": {name: value}}}


KUBERNETES = "spark.kubernetes."
VOLUME = "spark.kubernetes.driver.volumes."
VOLCANO = "org.apache.spark.deploy.k8s.features.VolcanoFeatureStep"

JOBS: dict[str, Tree] = {
    "OF220 a field and its property": named("spark.driver.memory", "2g"),
    "OF221 retries of a pod": {"spec": {"run": {"retries": 2}}},
    "OF222 no schedule": {"spec": {"run": {"as": "cronjob"}}},
    "OF223 a schedule that is none": {"spec": {"run": {"as": "cronjob", "schedule": "61 * * * *"}}},
    "OF224 rerun of a cron job": {"spec": {"run": {"as": "cronjob", "schedule": "0 * * * *", "rerun": "always"}}},
    "OF225 no run id": {"spec": {"run": {"rerun": "always"}}},
    "OF234 a gang that nobody reads": {"spec": {"scheduling": {"gang": {}}}},
    "OF235 a queue that nobody reads": {"spec": {"scheduling": {"queue": "a"}}},
    "OF236 no queue": {"spec": {"scheduling": {"scheduler": "kueue"}}},
    "OF237 a group of many runs": {
        "spec": {"scheduling": {"scheduler": "volcano"}, "run": {"as": "cronjob", "schedule": "@daily"}}
    },
    "OF238 a volume of nothing": {"spec": {"driver": {"volumes": [{"name": "a", "mountPath": "/a"}]}}},
    "OF239 no such scratch volume": {"spec": {"driver": {"localDirs": ["x"]}}},
    "OF242 a city for a time zone": {
        "spec": {"run": {"as": "cronjob", "schedule": "@daily", "timeZone": "Berlin"}},
    },
    "OF380 a heap of one's own": {"spec": {"executor": {"javaOptions": "-Xmx4g"}}},
    "OF601 against the profile": {"spec": {"security": {"profile": "baseline"}, "driver": {"hostNetwork": True}}},
    "OF602 privileges denied": {"spec": {"driver": {"securityContext": {"privileged": True}}}},
    "OF603 root that is not": {"spec": {"driver": {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}}},
    "OF130 a file that is a URL": {"spec": {"confFiles": ["https://example.org/x"]}},
    "OF131 a file that is not there": {"spec": {"confFiles": ["gone.properties"]}},
    "OF132 a file outside": {"spec": {"confFiles": ["../../etc/passwd"]}},
    "OF133 a folder for a file": {"spec": {"driver": {"template": "."}}},
    "OF303 an ancient release": {"spec": {"version": "2.4.8"}},
    "OF304 a release that never was": {"spec": {"version": "3.9.0"}},
    "OF306 no image": {"spec": {"image": None}},
    "OF308 nothing to run": {"spec": {"application": None}},
    "OF309 no class": {"spec": {"application": {"class": None}}},
    "OF310 a local file": {"spec": {"application": {"main": "target/app.jar"}}},
    "OF315 no truth value": named("spark.eventLog.enabled", "maybe"),
    "OF316 an address to bind": named("spark.driver.bindAddress", "0.0.0.0"),
    "OF318 another master": named("spark.master", "yarn"),
    "OF319 client mode": named("spark.submit.deployMode", "client"),
    "OF320 two users": {
        "spec": {
            "proxyUser": "a",
            "conf": {"spark.kerberos.principal": "b", "spark.kerberos.keytab": "local:///k"},
        }
    },
    "OF321 no cores": named("spark.driver.cores", "0"),
    "OF322 a port of chance": named("spark.driver.port", "0"),
    "OF322 a port that Spark does not open": named("spark.ui.port", "80"),
    "OF323 a label of Spark's": named(f"{KUBERNETES}driver.label.spark-role", "x"),
    "OF324 half a reference": named(f"{KUBERNETES}driver.secretKeyRef.A", "name"),
    "OF325 half a pair": named("spark.kerberos.principal", "x"),
    "OF327 a device of nobody": named("spark.driver.resource.gpu.amount", "1"),
    "OF327 a device without anything of it": named("spark.driver.resource.gpu", "1"),
    "OF328 code of a stranger": named(f"{KUBERNETES}driver.pod.featureSteps", "com.example.Step"),
    "OF329 a step that needs a pod": {
        "spec": {"run": {"as": "job"}, "conf": {f"{KUBERNETES}driver.pod.featureSteps": VOLCANO}}
    },
    "OF330 a name known late": {"spec": {"run": {"as": "job"}, "conf": {f"{KUBERNETES}driver.pod.name": "x"}}},
    "OF332 a volume of no type": named(f"{VOLUME}ceph.a.mount.path", "/a"),
    "OF333 half a volume": named(f"{VOLUME}nfs.a.mount.path", "/a"),
    "OF334 two sub paths": {
        "spec": {
            "conf": {
                f"{VOLUME}emptyDir.a.mount.path": "/a",
                f"{VOLUME}emptyDir.a.mount.subPath": "b",
                f"{VOLUME}emptyDir.a.mount.subPathExpr": "c",
            }
        }
    },
    "OF335 a few bytes": {
        "spec": {
            "conf": {
                f"{VOLUME}persistentVolumeClaim.a.mount.path": "/a",
                f"{VOLUME}persistentVolumeClaim.a.options.claimName": "OnDemand",
                f"{VOLUME}persistentVolumeClaim.a.options.storageClass": "x",
                f"{VOLUME}persistentVolumeClaim.a.options.sizeLimit": "10",
            }
        }
    },
    "OF336 two mounts at one path": {
        "spec": {"conf": {f"{VOLUME}emptyDir.{name}.mount.path": "/a" for name in ("a", "b")}}
    },
    "OF337 a template that is no pod": {"spec": {"driver": {"template": "service.yaml"}}},
    "OF349 a reference to nothing": {"spec": {"driver": None, "conf": {"spark.driver.memory": "${spark.nope}"}}},
    "OF362 a property without a heir": named(f"{KUBERNETES}hadoop.conf.dir", "/x"),
    "OF411 a label that is none": {"metadata": {"labels": {"a": "b c"}}},
    "OF412 a library of annotations": {"metadata": {"annotations": {"a": "x" * 300_000}}},
    "OF401 an unknown field of a sidecar": {
        "spec": {"driver": {"sidecars": [{"name": "a", "image": "b", "imag": "c"}]}}
    },
    "OF403 a wrong type in a toleration": {"spec": {"driver": {"tolerations": [{"key": 7}]}}},
    "OF404 a missing field of an affinity": {
        "spec": {"driver": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}}
    },
    "OF420 a size of another system": {
        "spec": {"driver": {"volumes": [{"name": "a", "mountPath": "/a", "emptyDir": {"sizeLimit": "4GB"}}]}}
    },
    "OF421 more than the limit": {"spec": {"driver": {"cpu": {"request": "3", "limit": "2"}}}},
}
"""What is laid over a good job to spoil it."""


def test_too_many_different_expressions_are_told_of_once(project: Project):
    lines = "".join(f"    spark.a.b{number}: '{{{{ vars.a ~ {number} }}}}'\n" for number in range(2100))
    project.write({"job.yaml": f"{JOB}  vars: {{a: b}}\n  conf:\n{lines}"})

    result = project.openflow("validate", "job.yaml")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr.count("error") == 2
    assert "job.yaml:2017:20: error OF162: " in result.stderr
    assert "the file has more than 2000 different texts with expressions" in result.stderr


@pytest.mark.parametrize("case", JOBS)
def test_a_bad_job_is_refused_at_a_line_of_its_file(project: Project, case: str):
    spoilt = merge(yaml.safe_load(JOB), JOBS[case])
    project.write({"jobs/job.yaml": json.dumps(spoilt, indent=1), "jobs/service.yaml": "kind: Service\n"})

    result = project.openflow("render", "jobs/job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert case[:5] in codes_in(result.stderr)
    assert all(re.match(r"jobs/\S+?:\d+:\d+: ", line) for line in heads(result.stderr)), result.stderr


NINES = "9" * 5000

MEASURELESS: dict[str, Tree] = {
    "a heap": {"spec": {"driver": {"memory": f"{NINES}g"}}},
    "a heap by a property": {"spec": {"driver": None, "conf": {"spark.driver.memory": NINES}}},
    "cores by a property": named("spark.driver.cores", NINES),
    "an amount of devices": named("spark.driver.resource.gpu.amount", NINES),
    "a port": named("spark.ui.port", NINES),
    "a port in Arabic": named("spark.ui.port", "\u0661"),
    "a share of the heap": {"spec": {"driver": {"memoryOverheadFactor": 1e308}}},
    "a share that is no number": named(f"{KUBERNETES}memoryOverheadFactor", "NaN"),
    "a share without end": named(f"{KUBERNETES}memoryOverheadFactor", "1e999"),
    "a request": {"spec": {"driver": {"cpu": {"request": NINES}}}},
    "a claim": {"spec": {"driver": {"volumes": [{"name": "a", "mountPath": "/a", "claim": {"size": f"{NINES}Gi"}}]}}},
    "a volume": {"spec": {"driver": {"volumes": [{"name": "a", "mountPath": "/a", "emptyDir": {"sizeLimit": NINES}}]}}},
    "a scratch volume": {"spec": {"executor": {"localDirs": {"sizeLimit": NINES}}}},
    "a deadline": {"spec": {"run": {"deadline": f"{NINES}s"}}},
    "a minute": {"spec": {"run": {"as": "cronjob", "schedule": f"{NINES} * * * *"}}},
    "a version": {"spec": {"version": f"{NINES}.1"}},
    "a gang": {
        "spec": {"executor": {"instances": 2**62, "cores": 2**62}, "scheduling": {"scheduler": "volcano", "gang": {}}}
    },
}
"""Numbers beyond all measure: taken or refused, but never a crash."""


@pytest.mark.parametrize("case", MEASURELESS)
def test_a_number_beyond_all_measure_is_no_crash(project: Project, case: str):
    project.write({"job.yaml": json.dumps(merge(yaml.safe_load(JOB), MEASURELESS[case]), indent=1)})

    result = project.openflow("render", "job.yaml")

    assert result.exit_code in {Exit.DONE, Exit.REFUSED}


TOLD: dict[str, Tree] = {
    "OF301 a release to come": {"spec": {"version": "4.9.0", "image": "x/spark"}},
    "OF302 a release of old": {"spec": {"version": "3.2.1", "image": "x/spark"}},
    "OF305 another version in the tag": {"spec": {"image": "x/spark:4.0.0"}},
    "OF307 an image that reads no such property": {"spec": {"engine": "openflow", "image": "apache/spark:4.3.0"}},
    "OF311 an unknown property": named(f"{KUBERNETES}driver.podname", "x"),
    "OF312 no property of Spark's": named("fs.s3a.endpoint", "x"),
    "OF313 a property of another version": {
        "spec": {"version": "3.5.9", "image": "x/spark", "conf": {f"{KUBERNETES}driver.pod.excludedFeatureSteps": "x"}}
    },
    "OF314 a property of the client": named(f"{KUBERNETES}submission.waitAppCompletion", "false"),
    "OF317 a property without effect": named("spark.app.id", "x"),
    "OF331 no such container": {
        "spec": {
            "driver": {"template": {"spec": {"containers": [{"name": "a"}]}}},
            "conf": {f"{KUBERNETES}driver.podTemplateContainerName": "b"},
        }
    },
    "OF340 no way to find a device": {"spec": {"driver": {"devices": {"nvidia.com/gpu": 1}}}},
    "OF360 a property with a heir": named(f"{KUBERNETES}driver.docker.image", "x"),
    "OF361 a property that steers nothing": named(f"{KUBERNETES}kerberos.enabled", "true"),
}
"""What is told, and stops nothing."""


@pytest.mark.parametrize("case", TOLD)
def test_an_odd_job_is_rendered_with_a_word_about_it(project: Project, case: str):
    project.write({"job.yaml": json.dumps(merge(yaml.safe_load(JOB), TOLD[case]), indent=1)})

    result = project.openflow("render", "job.yaml")

    assert result.exit_code == Exit.DONE
    assert case[:5] in codes_in(result.stderr)
    assert all(re.match(r"job\.yaml:\d+:\d+: ", line) for line in heads(result.stderr))


OVERLAYS: dict[str, str] = {
    "OF150 no such overlay": "extends: [nope]",
    "OF151 no overlay": "---",
    "OF152 an overlay of itself": "extends: [o.yaml]",
    "OF153 no count": "patches: [{target: {kind: Pod}, merge: {a: b}, expect: 5..2}]",
    "OF154 no pointer": "patches: [{target: {kind: Pod}, json: [{op: add, path: /a~2, value: b}]}]",
    "OF155 a patch of nothing": "patches: [{target: {kind: Pod}, merge: {}}]",
    "OF156 two items of one name": "job: {spec: {driver: {env: [{name: A, value: b}, {name: A, value: c}]}}}",
    "OF157 no such directive": "job: {spec: {driver: {$patch: erase}}}",
    "OF162 sums of text": "vars: {a: b}\n  job: {spec: {executor: {instances: '{{ vars.a * 2 }}'}}}",
    "OF163 a list inside text": "vars: {a: [b]}\n  job: {spec: {image: 'x{{ vars.a }}'}}",
    "OF165 a var of vars": "vars: {a: '{{ vars.b }}', b: c}",
    "OF201 an unknown field": "jobs: {}",
    "OF231 a patch that fits nothing": "patches: [{target: {kind: Pud}, merge: {a: b}}]",
    "OF232 a patch that cannot be": "patches: [{target: {kind: Pod}, json: [{op: remove, path: /spec/nope}]}]",
    "OF233 another name": "patches: [{target: {kind: Pod}, merge: {metadata: {name: x}}}]",
    "OF401 an unknown field of a pod": "patches: [{target: {kind: Pod}, merge: {spec: {nodeSelektor: {a: b}}}}]",
    "OF403 a wrong type": "patches: [{target: {kind: Pod}, merge: {spec: {hostNetwork: 'yes'}}}]",
    "OF408 a field of the server": "patches: [{target: {kind: Pod}, merge: {metadata: {uid: x}}}]",
    "OF504 a mount of nothing": (
        "patches: [{target: {kind: Pod}, merge: {spec: {containers: "
        "[{name: spark-kubernetes-driver, volumeMounts: [{name: nope, mountPath: /x}]}]}}}]"
    ),
    "OF505 a selector of nothing": "patches: [{target: {kind: Service}, merge: {spec: {selector: {a: b}}}}]",
    "OF507 a role of nobody": "patches: [{target: {kind: RoleBinding}, merge: {roleRef: {name: x}}}]",
}


@pytest.mark.parametrize("case", OVERLAYS)
def test_a_bad_overlay_is_refused_at_a_line_of_its_file(project: Project, case: str):
    spec = OVERLAYS[case]
    overlay = "" if spec == "---" else f"apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n  {spec}\n"
    project.write({"job.yaml": JOB, "o.yaml": overlay or "kind: x\n"})

    result = project.openflow("render", "job.yaml", "-o", "o.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert case[:5] in codes_in(result.stderr)
    assert all(line.startswith("o.yaml") for line in heads(result.stderr)), result.stderr


TEMPLATES: dict[str, str] = {
    "OF139 no kind": "apiVersion: v1\nmetadata: {name: x}\n",
    "OF139 no version": "kind: Pod\nmetadata: {name: x}\n",
    "OF139 no name": "apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b}}\n",
    "OF139 a number for a name": "apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\n",
    "OF139 metadata of text": "apiVersion: v1\nkind: Pod\nmetadata: x\n",
    "OF139 labels of text": "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: y}\n",
    "OF139 a pod of text": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: y}\n",
    "OF139 labels of a pod": (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: {metadata: {labels: y}}}\n"
    ),
    "OF162 text laid under": 'apiVersion: v1\nkind: Pod\nmetadata: {name: x, <<: "{{ app.namespace }}"}\n',
    "OF229 plain text laid under": "apiVersion: v1\nkind: Pod\nmetadata: {name: x, <<: y}\n",
}


@pytest.mark.parametrize("case", TEMPLATES)
def test_a_bad_template_is_refused_at_a_line_of_its_file(project: Project, case: str):
    project.write({"job.yaml": JOB, ".openflow/x": "", "templates/spark/driver-pod.yaml": TEMPLATES[case]})

    result = project.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert case[:5] in codes_in(result.stderr)
    assert all(re.match(r"templates/spark/driver-pod\.yaml:\d+:\d+: ", line) for line in heads(result.stderr))


ARGUMENTS: dict[str, tuple[str, ...]] = {
    "OF100 no such file": ("gone.yaml",),
    "OF100 no such folder": ("gone/",),
    "OF101 a device without end": ("/dev/zero",),
    "OF101 a pipe that nobody writes to": ("pipe",),
    "OF101 a name that no file can have": ("x" * 5000,),
    "OF104 a folder without jobs": ("empty",),
    "OF106 one job twice": ("job.yaml", "copy.yaml"),
    "OF150 no such overlay": ("job.yaml", "-o", "nope"),
    "OF150 an overlay of another folder": ("job.yaml", "-o", "../nope.yaml"),
    "OF170 text for a number": ("job.yaml", "--set", "spec.executor.instances=many"),
    "OF171 through a text": ("job.yaml", "--set", "spec.engine.name=x"),
    "OF172 a var": ("job.yaml", "--set", "spec.vars.a=b"),
    "OF201 an unknown field": ("job.yaml", "--set", "spec.executor.instancez=2"),
    "OF203 a list for a map": ("job.yaml", "--set-json", "spec.driver=[]"),
    "OF210 no namespace name": ("job.yaml", "--set", "metadata.namespace=A_b"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_bad_arguments_are_refused(project: Project, case: str):
    project.write({"job.yaml": JOB, "copy.yaml": JOB, "empty/note.txt": ""})
    os.mkfifo(project.folder / "pipe")

    result = project.openflow("render", *ARGUMENTS[case])

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert case[:5] in codes_in(result.stderr)


CLUSTER = ("--master", "k8s://x", "--deploy-mode", "cluster")
IMAGE = ("--conf", "spark.kubernetes.container.image=x/spark:4.3.0")
SUBMISSION = (*CLUSTER, *IMAGE, "--class", "a.B")
JAR = "local:///a.jar"

SUBMISSIONS: dict[str, tuple[str, ...]] = {
    "OF350": ("--master", "yarn", JAR),
    "OF351": ("--master", "k8s://x", "--deploy-mode", "client", JAR),
    "OF352": (*CLUSTER, "pyspark-shell"),
    "OF353": CLUSTER,
    "OF354": (*CLUSTER, *IMAGE, JAR),
    "OF355": (*SUBMISSION, "a.jar"),
    "OF357": (*CLUSTER, "--class", "a.B", JAR),
    "OF358": (*SUBMISSION, "--proxy-user", "a", "--principal", "b", "--keytab", "local:///k", JAR),
    "OF359": (*SUBMISSION, "--conf", "spark.kubernetes.driver.label.spark-role=x", JAR),
    "OF370": (*SUBMISSION, "--conf", "spark.a=1", "--conf", "Openflow.a=2", JAR),
    "OF372": (*SUBMISSION, "--properties-file", "gone.conf", JAR),
    "OF377": (*SUBMISSION, JAR, "{{ vars.x }}"),
}


@pytest.mark.parametrize("code", SUBMISSIONS)
def test_a_submission_that_cannot_be_is_refused(project: Project, code: str):
    result = project.openflow("import", "spark-submit", "--", *SUBMISSIONS[code])

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert code in codes_in(result.stderr)


ODD_SUBMISSIONS: dict[str, tuple[str, ...]] = {
    "OF366": (*SUBMISSION, "--conf", "spark.kubernetes.submission.waitAppCompletion=false", JAR),
    "OF367": (*SUBMISSION, "--conf", "spark.app.id=x", JAR),
    "OF368": (*SUBMISSION, "--queue", "x", JAR),
    "OF369": (*SUBMISSION, "--conf", "a=b", JAR),
    "OF371": (*SUBMISSION, JAR),
}


@pytest.mark.parametrize("code", ODD_SUBMISSIONS)
def test_an_odd_submission_becomes_a_job_that_renders(project: Project, code: str):
    result = project.openflow("import", "spark-submit", "--", *ODD_SUBMISSIONS[code])

    assert result.exit_code == Exit.DONE
    assert code in codes_in(result.stderr)
    assert project.openflow("render", "-", stdin=result.stdout).exit_code == Exit.DONE


def test_an_unknown_option_of_spark_submit_is_wrong_use(project: Project):
    result = project.openflow("import", "spark-submit", "--", "--mastre", "x", JAR)

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert result.stderr.startswith("error: ")


def test_a_file_of_properties_becomes_a_job_with_a_gap_to_fill(project: Project):
    project.write({"spark.conf": "spark.kubernetes.container.image x/spark:4.3.0\nspark.executor.instances 3\n"})

    result = project.openflow("import", "properties", "spark.conf")

    assert result.exit_code == Exit.DONE
    assert yaml.safe_load(result.stdout)["spec"]["executor"] == {"instances": 3}
    assert "OF373" in codes_in(result.stderr)


def test_a_file_of_properties_that_is_not_there_is_refused(project: Project):
    result = project.openflow("import", "properties", "gone.conf")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert codes_in(result.stderr) == ["OF372"]

    submitted = project.openflow("import", "spark-submit", "--", "--properties-file", "gone.conf", JAR)

    assert codes_in(submitted.stderr) == ["OF372"]


def test_kubernetes_of_the_future_is_checked_against_the_newest_known(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "job.yaml", "--kubernetes", "1.99")

    assert (result.exit_code, codes_in(result.stderr)) == (Exit.DONE, ["OF407"])


def test_every_code_is_expected_by_a_test():
    """A plain look at the texts of the tests: a code that nothing reaches is dead."""
    tests = Path(__file__).parents[1]
    texts = [file.read_text(encoding="utf-8") for file in tests.rglob("*.py")]
    expected = set(re.findall(r"\bOF\d{3}\b", "".join(texts)))
    names = {name for text in texts for name in re.findall(r"\bcodes\.([A-Z_0-9]+)\b", text)}

    from openflow_render.core import codes

    by_name = {getattr(codes, name).id for name in names if hasattr(codes, name)}
    missing = [code.id for code in catalogue() if code.id not in expected | by_name]

    assert missing == []
