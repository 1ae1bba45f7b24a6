"""The kinds of input that openflow reads: sound examples of each, what stands beside it, and the commands that read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from textwrap import indent
from typing import NamedTuple, TypeAlias

from mutations import rearranged, reworded, spoilt
from projects import JOB

from openflow_render.cli.exits import Exit

Mutate: TypeAlias = Callable[[bytes, bytes, Random], bytes]

RENDER = ("render", "job.yaml")
TEMPLATES = Path(__file__).parents[2] / "templates"

RICH = (
    JOB
    + """\
    dynamicAllocation: {min: 1, max: 2}
    volumes: [{name: v, mountPath: /v, emptyDir: {}}, {name: c, mountPath: /c, claim: {size: 1Gi}}]
    env: {A: b}
    secrets: {store: /etc/store}
    localDirs: {count: 2}
    sidecars: [{name: s, image: i}]
    affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [
      {key: zone, operator: In, values: [a]}]}]}}}
  vars: {a: b, n: 3}
  conf:
    spark.a: "{{ vars.a }}"
    spark.kubernetes.driver.label.x: y
    spark.driver.port: 7078
    spark.kubernetes.executor.volumes.nfs.data.mount.path: /data
    spark.kubernetes.executor.volumes.nfs.data.options.server: nfs.example
    spark.kubernetes.executor.volumes.nfs.data.options.path: /x
    spark.kubernetes.driver.secretKeyRef.PASSWORD: store:password
    spark.executor.extraJavaOptions: -Dx=${spark.a} -XX:+UseG1GC
    spark.executor.resource.gpu.amount: "1"
    spark.executor.resource.gpu.vendor: nvidia.com
  run: {as: job, retries: 1, deadline: 2h}
  scheduling: {scheduler: volcano, queue: q, gang: {}}
  security: {profile: restricted}
  hadoop: {configMap: hadoop}
  kerberos: {principal: p, keytab: "local:///k"}
  ignore: [{code: OF381, reason: it is known}]
"""
)
CRON = JOB + '  run: {as: cronjob, schedule: "0 3 * * 1-5", timeZone: Europe/Berlin}\n'
PYTHON = (
    JOB.replace("app.jar\n    class: example.Main", 'app.py\n    args: ["--day", "{{ vars.day }}"]')
    + "  vars: {day: x}\n"
)

OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: o}
spec:
  extends: [base.yaml]
  vars: {a: c}
  job: {spec: {driver: {memory: 2g, env: [{name: A, $patch: delete}]}, executor: {env: {B: c}, nodeSelector: null}}}
  patches:
    - target: {kind: Job, name: "*"}
      merge: {spec: {suspend: true}}
      json: [{op: add, path: /metadata/annotations, value: {x: y}}, {op: test, path: /metadata/annotations/x, value: y}]
      expect: 0..1
    - target: {kind: ConfigMap}
      json: [{op: remove, path: /data/absent}]
      expect: 0..5
"""
BASE = "apiVersion: openflow.io/v1\nkind: Overlay\nmetadata: {name: base}\nspec: {vars: {b: d}}\n"

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
  kubernetes: "1.34"
  jobs: [job.yaml]
  defaults: {spark: {metadata: {labels: {team: data}}, spec: {driver: {cores: 1}}}}
  checks: {OF382: error}
  ignore: [{code: OF381, job: "data/*", object: "Pod/*", reason: it is known}]
  given: [cluster.yaml]
  argocd: {repoURL: "https://git.example/jobs.git", applicationSet: deploy/argocd}
  flux: {source: {git: {url: "ssh://git@git.example/jobs"}}}
  targets:
    t: {out: deploy/t, overlays: [o.yaml], vars: {a: e}, namespace: data, manifests: [more], provenance: true}
    dev: {out: deploy/dev, to: argocd, by: job, cluster: {server: "https://c:6443", context: dev}, oldRun: end}
    prod: {out: deploy/prod, to: flux, kubernetes: "1.33", cluster: {ca: "sha256:%s"}}
    k: {out: deploy/k, to: kustomize, argocd: {destination: {name: c}}}
""" % ("0a" * 32)

ARGOCD = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
  jobs: [job.yaml]
  argocd: {repoURL: "https://git.example/jobs.git", revision: main, namespace: argo, project: data, automated: false}
  targets:
    dev: {out: deploy/dev, to: argocd, by: job, oldRun: end, cluster: {server: "https://c:6443", context: dev}}
    prod:
      out: deploy/prod
      to: argocd
      oldRun: finish
      namespace: data
      argocd: {name: etl-prod, path: there, destination: {name: c}, automated: {prune: true, selfHeal: false}}
"""
ARGOCD_SET = ARGOCD.replace("automated: false}", "applicationSet: deploy/argocd}")
FLUX = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
  jobs: [job.yaml]
  flux:
    namespace: flux
    source: {git: {url: "ssh://git@git.example/jobs", branch: main, secret: s}}
    interval: 1h
    timeout: 90s
    serviceAccount: a
    decryption: keys
  targets:
    dev: {out: deploy/dev, to: flux, by: job, oldRun: end, flux: {name: etl-dev, path: there}}
    prod: {out: deploy/prod, to: flux, namespace: data, flux: {source: {oci: {url: "oci://r.example/jobs", tag: v1}}}}
    test: {out: deploy/test, to: flux, flux: {source: {existing: {kind: Bucket, name: b, namespace: n}}}}
"""

MORE = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: store, namespace: data}
spec: {refreshInterval: 1h, target: {name: store}}
---
apiVersion: v1
kind: Secret
metadata: {name: encrypted, namespace: data}
stringData: {password: "ENC[AES256_GCM,data:x]"}
sops: {mac: x}
"""

WORKLOADS = (Path(__file__).parents[1] / "checks" / "ordinary_manifests.yaml").read_bytes()

GIVEN = """\
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: data}, spec: {hard: {requests.cpu: "4", pods: "9"}},
     status: {used: {pods: "1"}}}
  - {apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: data}, spec: {limits: [
     {type: Container, max: {memory: 8Gi}, default: {cpu: 1}}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: store, namespace: data}
data: {password: aGlkZGVu}
---
apiVersion: v1
kind: Node
metadata: {name: n, labels: {zone: a}}
spec: {taints: [{key: gpu, effect: NoSchedule}]}
status: {allocatable: {cpu: "8", memory: 16Gi, pods: "110"}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: n, namespace: data}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {a: b}}}], ports: [{port: 7078}]}]}
---
apiVersion: scheduling.volcano.sh/v1beta1
kind: Queue
metadata: {name: q}
spec: {capability: {cpu: 4, memory: 8Gi}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: etl, namespace: data}
"""

LIST = (
    "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- "
    + indent(JOB, "  ")[2:]
    + """\
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {config.kubernetes.io/index: '0'}}, data: {a: b}} # x
functionConfig: {apiVersion: openflow.io/v1, kind: Overlay, metadata: {name: o}, spec: {vars: {a: b}}}
"""
)

POD = """\
apiVersion: v1
kind: Pod
metadata: {labels: {x: y}, annotations: {a: b}}
spec:
  nodeSelector: {zone: a}
  tolerations: [{key: gpu, operator: Exists}]
  containers:
    - name: main
      env: [{name: A, value: b}, {name: P, valueFrom: {secretKeyRef: {name: store, key: password}}}]
      resources: {requests: {cpu: 100m}, limits: {memory: 4Gi}}
      volumeMounts: [{name: v, mountPath: /v}]
      ports: [{containerPort: 80, name: web}]
    - {name: side, image: i, securityContext: {runAsUser: 1}}
  volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}]
"""

PROPERTIES = """\
# comment
spark.master k8s://https://c:6443
spark.app.name = my app
spark.kubernetes.container.image: apache/spark:4.1.0
spark.kubernetes.namespace=data
spark.executor.instances 4
spark.executor.memory 4g
spark.driver.extraJavaOptions -Dx=y \\
   -Dz=\\u00e9
spark.kubernetes.driver.docker.image x
spark.kubernetes.driver.volumes.hostPath.v.mount.path /v
spark.jars a.jar,local:///b.jar
spark.kubernetes.driver.podTemplateFile pod.yaml
spark.hadoop.fs.s3a.secret.key hidden
"""

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: dev
clusters:
  - name: c
    cluster: {server: "https://127.0.0.1:1", certificate-authority-data: aGVsbG8=, tls-server-name: x}
  - name: d
    cluster: {server: "http://127.0.0.1:1", insecure-skip-tls-verify: true, proxy-url: "http://127.0.0.1:2"}
contexts:
  - {name: dev, context: {cluster: d, user: u, namespace: data}}
  - {name: other, context: {cluster: c, user: v}}
users:
  - {name: u, user: {token: hidden}}
  - {name: v, user: {client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=, username: a, password: b}}
"""

HADOOP = """\
<?xml version="1.0"?>
<configuration>
  <property><name>fs.defaultFS</name><value>hdfs://n:8020</value></property>
  <property><name>hadoop.security.authentication</name><value>kerberos</value></property>
</configuration>
"""

INDEX = (
    '{\n  "files": {\n    "data/etl/pod-etl-driver.yaml": "data/etl",\n    "data/etl/old.yaml": "data/etl"\n  }\n}\n'
)

SUBMISSION = (
    "spark-submit --master k8s://https://c:6443 --deploy-mode cluster --name my-app --class example.Main "
    "--conf spark.kubernetes.container.image=apache/spark:4.0.1 --conf spark.kubernetes.namespace=data "
    "--driver-memory 2g --executor-memory 4g --num-executors 3 --total-executor-cores 4 --queue q --supervise "
    "--jars local:///a.jar,local:///b.jar --files x.txt --packages a:b:1 --proxy-user p --properties-file s.properties "
    "--conf spark.executor.extraJavaOptions=-Dx=y local:///opt/app.jar 1000 --flag"
).split()

OPTIONS = (
    '--set spec.driver.memory=2g --set spec.driver.env[A].value=x --set-json spec.executor.nodeSelector={"a":"b"} '
    "--var a=c -n data --kubernetes 1.33 --run-id r1 -o o.yaml --given cluster.yaml --strict -q --to plain --by object "
    "--set spec.conf[spark.x]=y --set metadata.labels.a=b --provenance"
).split()

REVISIONS = (
    "--against HEAD --report markdown -n data --set spec.driver.cores=2 -o o.yaml --against HEAD~1 --against main "
    "--against=HEAD^{tree} --against HEAD:job.yaml --against @{-1} --against :/state --against --upload-pack=x "
    "--against --output=x --against=-h --against HEAD..HEAD --report html --report=json job.yaml . --strict -q"
).split()

ENVIRONMENT = [
    *("KUBECONFIG=nowhere", "NO_COLOR=1", "COLUMNS=80", "LINES=20", "TERM=xterm", "XDG_CACHE_HOME=/x"),
    *("HOME=/nowhere", "LANG=C", "LC_ALL=tr_TR.UTF-8", "TZ=UTC", "_OPENFLOW_COMPLETE=complete_bash", "COMP_CWORD=2"),
    *("COMP_WORDS=openflow render j", "_TYPER_COMPLETE_ARGS=openflow render ", "_OPENFLOW_COMPLETE=source_zsh"),
    *(
        "KUBERNETES_SERVICE_HOST=127.0.0.1",
        "KUBERNETES_SERVICE_PORT=1",
        "HTTPS_PROXY=http://127.0.0.1:1",
        "SPARK_HOME=/x",
    ),
    *("TYPER_STANDARD_TRACEBACK=1", "GIT_DIR=/nowhere", "PATH=", "CI=1"),
]


class Kind(NamedTuple):
    """One kind of input: ``place`` is its file in the project, or empty for words that are no file.

    A command in ``commands`` may hold the word ``...``, for which the words of the input stand. The project is a git
    repository where ``past`` is given: those files, in place of what lies there, are committed, and then those of
    ``today`` take the place of what lies there.
    """

    seeds: tuple[bytes, ...]
    commands: tuple[tuple[str, ...], ...]
    place: str = ""
    beside: Mapping[str, str | bytes] = {}
    mutate: tuple[Mutate, ...] = (spoilt, rearranged, rearranged)
    codes: frozenset[int] = frozenset({Exit.DONE, Exit.REFUSED})
    writes: str | None = None
    in_environment: bool = False
    on_stdin: bool = False
    past: Mapping[str, str] | None = None
    today: Mapping[str, str] = {}


def words(given: list[str]) -> bytes:
    return b"".join(word.encode() + b"\0" for word in given)


OUTCOMES = frozenset({Exit.DONE, Exit.USAGE, Exit.REFUSED})
IN_PROJECT: Mapping[str, str | bytes] = {
    "job.yaml": RICH,
    "o.yaml": OVERLAY,
    "base.yaml": BASE,
    "cluster.yaml": GIVEN,
    "more/secret.yaml": MORE,
    "openflow.yaml": PROJECT,
}

WITH_TREES = OUTCOMES | {Exit.DIFFERENT}
AGAINST = ("diff", "job.yaml", "--against", "HEAD")

KINDS: Mapping[str, Kind] = {
    "job": Kind(
        tuple(each.encode() for each in (RICH, CRON, PYTHON, JOB + "---\n" + JOB.replace("etl", "elt"))),
        (
            RENDER,
            (*RENDER, "--out", "out"),
            (*RENDER, "--strict", "--provenance", "--kubernetes", "1.31"),
            ("validate", "job.yaml"),
            *(("validate", "job.yaml", "--report", form) for form in ("json", "sarif", "junit", "github")),
            ("explain", "job.yaml"),
        ),
        "job.yaml",
        writes="out",
    ),
    "overlay": Kind(
        (OVERLAY.encode(), BASE.encode()),
        ((*RENDER, "-o", "o.yaml"), ("validate", "job.yaml", "-o", "o.yaml"), ("explain", "job.yaml", "-o", "o.yaml")),
        "o.yaml",
        {"job.yaml": RICH, "base.yaml": BASE},
    ),
    "template": Kind(
        (
            (TEMPLATES / "spark" / "driver-pod.yaml").read_bytes(),
            (TEMPLATES / "spark" / "executor-pod.yaml").read_bytes(),
        ),
        (RENDER, ("explain", "job.yaml")),
        "templates/spark/driver-pod.yaml",
        {"job.yaml": JOB, ".openflow": ""},
    ),
    "pod-template": Kind(
        (POD.encode(),),
        (RENDER, ("explain", "job.yaml")),
        "pod.yaml",
        {"job.yaml": JOB.replace("memory: 1g", "template: pod.yaml") + "    template: pod.yaml\n"},
    ),
    "project": Kind(
        (PROJECT.encode(),),
        (
            ("render", "--all-targets"),
            ("render", "--target", "prod"),
            ("render", "--target", "t", "--out", "-"),
            ("render", "--target", "k", "--check"),
            ("validate", "--all-targets"),
            ("explain", "job.yaml", "--target", "t"),
        ),
        "openflow.yaml",
        {name: text for name, text in IN_PROJECT.items() if name != "openflow.yaml"},
        codes=OUTCOMES | {Exit.DIFFERENT},
        writes="",
    ),
    "argocd": Kind(
        (ARGOCD.encode(), ARGOCD_SET.encode()),
        (("render", "--all-targets"), ("render", "--target", "prod", "--check"), ("validate", "--all-targets")),
        "openflow.yaml",
        {"job.yaml": CRON},
        codes=WITH_TREES,
        writes="",
    ),
    "flux": Kind(
        (FLUX.encode(),),
        (("render", "--all-targets"), ("render", "--target", "prod", "--check"), ("validate", "--all-targets")),
        "openflow.yaml",
        {"job.yaml": CRON},
        codes=WITH_TREES,
        writes="",
    ),
    "argocd-template": Kind(
        tuple((TEMPLATES / "argocd" / name).read_bytes() for name in ("application.yaml", "app-project.yaml")),
        (("render", "--all-targets"), ("render", "--target", "prod", "--check")),
        "templates/argocd/application.yaml",
        {"job.yaml": JOB, "openflow.yaml": ARGOCD},
        codes=WITH_TREES,
        writes="deploy",
    ),
    "argocd-set-template": Kind(
        tuple((TEMPLATES / "argocd" / name).read_bytes() for name in ("application-set.yaml", "app-project.yaml")),
        (("render", "--all-targets"), ("render", "--all-targets", "--check")),
        "templates/argocd/application-set.yaml",
        {"job.yaml": JOB, "openflow.yaml": ARGOCD_SET},
        codes=WITH_TREES,
        writes="deploy",
    ),
    "flux-template": Kind(
        tuple((TEMPLATES / "flux" / name).read_bytes() for name in ("kustomization.yaml", "git-repository.yaml")),
        (("render", "--all-targets"), ("render", "--target", "prod", "--check")),
        "templates/flux/kustomization.yaml",
        {"job.yaml": JOB, "openflow.yaml": FLUX},
        codes=WITH_TREES,
        writes="deploy",
    ),
    "past": Kind(
        (RICH.encode(), CRON.encode()),
        (AGAINST, *((*AGAINST, "--report", form) for form in ("json", "markdown", "html", "github", "sarif"))),
        "job.yaml",
        codes=WITH_TREES,
        past={},
        today={"job.yaml": RICH.replace("a: b, n: 3", "a: c, n: 3")},
    ),
    "present": Kind(
        (RICH.encode(), CRON.encode()),
        (AGAINST, *((*AGAINST, "--report", form) for form in ("json", "markdown", "html", "junit"))),
        "job.yaml",
        {"openflow.yaml": ARGOCD},
        codes=WITH_TREES,
        past={"job.yaml": RICH},
    ),
    "past-project": Kind(
        (PROJECT.encode(), FLUX.encode()),
        (
            ("diff", "--all-targets", "--against", "HEAD"),
            ("diff", "--all-targets", "--affected", "--against", "HEAD"),
            ("diff", "--target", "prod", "--against", "HEAD", "--report", "html"),
        ),
        "openflow.yaml",
        {name: text for name, text in IN_PROJECT.items() if name != "openflow.yaml"},
        codes=WITH_TREES,
        past={},
        today={"openflow.yaml": PROJECT, "job.yaml": CRON},
    ),
    "revision": Kind(
        (words(REVISIONS),),
        (("diff", "..."), ("diff", "job.yaml", "..."), ("diff", "--against", "...")),
        beside={name: text for name, text in IN_PROJECT.items() if name != "openflow.yaml"},
        mutate=(reworded,),
        codes=WITH_TREES | {Exit.CLUSTER},
        past={},
        today={"job.yaml": JOB},
    ),
    "manifest": Kind(
        (MORE.encode(), GIVEN.encode(), WORKLOADS),
        (
            ("render", "--target", "t"),
            ("validate", "--target", "t"),
            ("render", "--target", "k"),
            ("render", "--target", "t", "--check", "--report", "json"),
        ),
        "more/secret.yaml",
        {**IN_PROJECT, "openflow.yaml": PROJECT.replace("to: kustomize", "to: kustomize, manifests: [more]")},
        codes=OUTCOMES | {Exit.DIFFERENT},
        writes="deploy",
    ),
    "given": Kind(
        (GIVEN.encode(),),
        ((*RENDER, "--given", "cluster.yaml"), ("validate", "job.yaml", "--given", "cluster.yaml", "--report", "json")),
        "cluster.yaml",
        {"job.yaml": RICH},
    ),
    "resource-list": Kind(
        (LIST.encode(),),
        (("render", "--to", "krm"),),
        "list.yaml",
        codes=OUTCOMES,
        on_stdin=True,
    ),
    "properties": Kind(
        (PROPERTIES.encode(),),
        (("import", "properties", "s.properties"),),
        "s.properties",
        mutate=(spoilt,),
    ),
    "conf-file": Kind(
        (HADOOP.encode(), b"rootLogger.level = info\n"),
        (RENDER, ("explain", "job.yaml")),
        "core-site.xml",
        {"job.yaml": JOB + "  confFiles: [core-site.xml]\n  hadoop: {files: [core-site.xml]}\n"},
        mutate=(spoilt,),
    ),
    "index": Kind(
        (INDEX.encode(),),
        (
            (*RENDER, "--out", "out"),
            (*RENDER, "--out", "out", "--check"),
            (*RENDER, "--out", "out", "--check", "--report", "json"),
        ),
        "out/.openflow.index",
        {"job.yaml": JOB, "out/data/etl/old.yaml": "a: b\n", "precious.yaml": "a: b\n"},
        codes=OUTCOMES | {Exit.DIFFERENT},
        writes="out",
    ),
    "rendered": Kind(
        (POD.encode(), MORE.encode()),
        ((*RENDER, "--out", "out", "--check"), (*RENDER, "--out", "out", "--check", "--report", "json")),
        "out/data/etl/pod-etl-driver.yaml",
        {"job.yaml": JOB, "out/.openflow.index": INDEX},
        codes=frozenset({Exit.DIFFERENT, Exit.USAGE, Exit.REFUSED}),
    ),
    "kubeconfig": Kind(
        (KUBECONFIG.encode(),),
        (("list", "data"), ("diff", "job.yaml", "--context", "other"), ("delete", "job.yaml", "--yes")),
        "kubeconfig",
        {"job.yaml": JOB},
        codes=frozenset({Exit.USAGE, Exit.CLUSTER}),
    ),
    "submission": Kind(
        (words(SUBMISSION),),
        (("import", "spark-submit", "--", "..."), ("import", "spark-submit", "...")),
        beside={"s.properties": PROPERTIES},
        mutate=(reworded,),
        codes=OUTCOMES,
    ),
    "options": Kind(
        (words(OPTIONS),),
        ((*RENDER, "..."), ("validate", "job.yaml", "..."), ("explain", "job.yaml", "...")),
        beside={name: text for name, text in IN_PROJECT.items() if name != "openflow.yaml"},
        mutate=(reworded,),
        codes=OUTCOMES | {Exit.DIFFERENT},
        writes="",
    ),
    "environment": Kind(
        (words(ENVIRONMENT),),
        (RENDER, ("list", "data"), ("codes",), ("completion", "bash"), ("import", "--help")),
        beside={"job.yaml": JOB},
        mutate=(reworded,),
        codes=OUTCOMES | {Exit.CLUSTER},
        in_environment=True,
    ),
}
"""Every kind of input, by name."""
