"""OF4xx: Kubernetes' schema and versions, and sizes."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

UNKNOWN_FIELD = Code(
    "OF401",
    ERROR,
    "{object} has no field `{field}`{near}",
    hint="correct its name, or remove it",
    about="The API server would drop the field or refuse the object.",
)
OTHER_MINOR = Code(
    "OF402",
    ERROR,
    "`{field}` of {object} {when}, and this is checked for {minor}",
    hint="choose another way for Kubernetes {minor}, or check for the version the cluster has (`--kubernetes`)",
    about="The field exists in other versions of Kubernetes than the one the objects are meant for.",
)
WRONG_TYPE = Code(
    "OF403",
    ERROR,
    "`{field}` of {object} must be {wanted}, and is {found}",
    hint="check the value, and its quotes if it is written in YAML",
    about="The value has another type than the API gives the field. Further checks wait until types are right.",
)
FIELD_MISSING = Code(
    "OF404",
    ERROR,
    "`{field}` of {object} is missing, and required",
    hint="add it",
    about="The API server refuses the object without the field. Further checks wait until it is there.",
)
BAD_VALUE = Code(
    "OF405",
    ERROR,
    "`{field}` of {object} is refused by its schema: {problem}",
    hint="check the value against the kind's documentation",
    about="The schema of a custom resource bounds the value by a pattern, a list or a range.",
)
NO_SCHEMA = Code(
    "OF406",
    WARNING,
    "{object}: openflow has no schema of {kind} in {version}, so its fields were not checked{known}",
    hint="check it against a cluster, with `kubectl apply --dry-run=server`",
    about="Only the kinds that openflow makes or reads, and the custom resources it knows, can be checked offline.",
)
NEWER_KUBERNETES = Code(
    "OF407",
    NOTE,
    "Kubernetes {minor} is newer than this openflow; objects were checked against {newest}",
    hint="a newer openflow may know it",
    about="Schemas ship with openflow; a later version of Kubernetes is checked against the newest known one.",
    bad="""\
target: {kubernetes: "1.99"}
""",
    good="""\
target: {kubernetes: "1.34"}
""",
    source="the schemas of Kubernetes' API, which ship with openflow",
)
SERVER_OWNED = Code(
    "OF408",
    ERROR,
    "`{field}` of {object} belongs to the server",
    hint="remove it",
    about="A status, a uid, a resource version and the like are filled in by the API server.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {metadata: {resourceVersion: "4711"}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {metadata: {annotations: {example.org/version: "4711"}}}
""",
    source="Kubernetes' API conventions",
)
BAD_NAME = Code(
    "OF410",
    ERROR,
    "`{field}` of {object} is not a valid name: {problem}",
    hint="change the name it is made from",
    about="Each kind of object, container, volume and port has its own rule for names.",
    bad="""\
job:
  spec:
    driver:
      sidecars: [{name: Log_Shipper, image: registry.example/logs:1}]
""",
    good="""\
job:
  spec:
    driver:
      sidecars: [{name: log-shipper, image: registry.example/logs:1}]
""",
    source="Kubernetes' validation of each kind",
)
BAD_LABEL = Code(
    "OF411",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="labels hold up to 63 letters, digits, `-`, `_` and `.`; put anything else into an annotation",
    about="Keys and values of labels, and keys of annotations, follow a fixed form.",
    bad="""\
job:
  metadata:
    labels: {owner: Data & AI}
""",
    good="""\
job:
  metadata:
    annotations: {owner: Data & AI}
""",
    source="Kubernetes' validation of ObjectMeta",
)
ANNOTATIONS_TOO_BIG = Code(
    "OF412",
    ERROR,
    "the annotations of {object} take {size} bytes; 262144 are allowed",
    hint="put long text into a ConfigMap",
    about="All annotations of one object together may take 256 KiB.",
    bad="""\
vars: {x: xxxxxxxxxxxxxxxx}
patches:
  - target: {kind: Pod}
    merge:
      metadata:
        annotations:  # 4 times 64 KiB
          example.org/a: &long "{{ vars.x | replace('x', vars.x) | replace('x', vars.x) | replace('x', vars.x) }}"
          example.org/b: *long
          example.org/c: *long
          example.org/d: *long
""",
    good="""\
job:
  metadata:
    annotations: {example.org/lineage: see the data catalogue}
""",
    source="Kubernetes' validation of ObjectMeta",
)
BAD_DATA_KEY = Code(
    "OF413",
    ERROR,
    "`{field}` of {object} is not a valid key: {problem}",
    hint="use letters, digits, `-`, `_` and `.`",
    about="Keys of ConfigMaps and Secrets become file names.",
    bad="""\
patches:
  - target: {kind: ConfigMap}
    merge: {data: {read me: nothing}}
""",
    good="""\
patches:
  - target: {kind: ConfigMap}
    merge: {data: {read-me.txt: nothing}}
""",
    source="Kubernetes' validation of ConfigMap and Secret",
)
DATA_TOO_BIG = Code(
    "OF414",
    ERROR,
    "the data of {object} take {size} bytes; 1048576 are allowed",
    hint="split it, or put large files into the image or a volume",
    about="A ConfigMap or Secret may hold 1 MiB.",
    bad="""\
vars: {x: xxxxxxxxxxxxxxxx}
patches:
  - target: {kind: ConfigMap}
    merge: {data: {a: "{{ vars.x | replace('x', vars.x) | replace('x', vars.x) | replace('x', vars.x) }}"}}  # 64 KiB
    json:
      - {op: copy, from: /data/a, path: /data/b}
      - {op: copy, from: /data/a, path: /data/c}
      - {op: copy, from: /data/a, path: /data/d}
      - {op: copy, from: /data/a, path: /data/e}
      - {op: copy, from: /data/a, path: /data/f}
      - {op: copy, from: /data/a, path: /data/g}
      - {op: copy, from: /data/a, path: /data/h}
      - {op: copy, from: /data/a, path: /data/i}
      - {op: copy, from: /data/a, path: /data/j}
      - {op: copy, from: /data/a, path: /data/k}
      - {op: copy, from: /data/a, path: /data/l}
      - {op: copy, from: /data/a, path: /data/m}
      - {op: copy, from: /data/a, path: /data/n}
      - {op: copy, from: /data/a, path: /data/o}
      - {op: copy, from: /data/a, path: /data/p}
""",
    good="""\
patches:
  - target: {kind: ConfigMap}
    merge: {data: {lookup.csv: "de,Germany"}}
""",
    source="Kubernetes' validation of ConfigMap and Secret",
)
SERVER_REQUIRES = Code(
    "OF415",
    ERROR,
    "`{field}` of {object} is missing or empty, and the API server requires it",
    hint="give it, or take back the patch or template that removes it",
    about="The schema of the kind leaves the field optional, but the API server refuses the object without it: a pod "
    "needs a container, a container an image, a claim an access mode and a size, most Services a port.",
    bad="""\
patches:
  - target: {kind: Pod}
    json: [{op: remove, path: /spec/containers/0/image}]
""",
    good="""\
patches:
  - target: {kind: Pod}
    json: [{op: remove, path: /spec/containers/0/imagePullPolicy}]
""",
    source="Kubernetes' validation of PodSpec, PersistentVolumeClaimSpec and ServiceSpec",
)
RESTART_POLICY = Code(
    "OF416",
    ERROR,
    "`{field}` of {object} is {value}, and the API server takes only {allowed} there",
    hint="take back the patch or template that changes it",
    about="A Job's pods must come to an end, and a Deployment's may not. A pod without the field has Always.",
    bad="""\
job:
  spec:
    run: {as: job}
patches:
  - target: {kind: Job}
    merge: {spec: {template: {spec: {restartPolicy: Always}}}}
""",
    good="""\
job:
  spec:
    run: {as: job}
patches:
  - target: {kind: Job}
    merge: {spec: {template: {spec: {restartPolicy: OnFailure}}}}
""",
    source="Kubernetes' validation of JobSpec and DeploymentSpec",
)
API_REMOVED = Code(
    "OF417",
    ERROR,
    "{object}: Kubernetes serves no {kind} of {version} since {since}",
    hint="write `apiVersion: {now}`, and mind what else has changed in it",
    about="An API version that was given up after a newer one had come; the API server knows nothing of it any more.",
)
OUTDATED = Code(
    "OF418",
    WARNING,
    "`{field}` of {object} is a way of saying it that Kubernetes has given up",
    hint="use {now}",
    about="Labels of nodes and annotations that a proper one, or a field, has replaced; most have no effect any more.",
    bad="""\
job:
  spec:
    driver:
      nodeSelector: {failure-domain.beta.kubernetes.io/zone: eu-1a}
""",
    good="""\
job:
  spec:
    driver:
      nodeSelector: {topology.kubernetes.io/zone: eu-1a}
""",
    source="Kubernetes' list of well-known labels, annotations and taints",
)
NOT_SERVED = Code(
    "OF419",
    ERROR,
    "`{field}` of {object}: the cluster has no such {kind} of {group}: {why}",
    hint="install the definition in this version, or give all that the cluster has",
    about="A custom resource needs its definition in the cluster. Where any definition is given, all that matter are.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano}
given:
  - apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: queues.scheduling.volcano.sh}
    spec:
      group: scheduling.volcano.sh
      names: {kind: Queue, plural: queues}
      scope: Cluster
      versions: [{name: v1beta1, served: true, storage: true}]
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano}
given:
  - apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: podgroups.scheduling.volcano.sh}
    spec:
      group: scheduling.volcano.sh
      names: {kind: PodGroup, plural: podgroups}
      scope: Namespaced
      versions: [{name: v1beta1, served: true, storage: true}]
""",
    source="how the API server serves custom resources",
    ignorable=True,
)
BAD_QUANTITY = Code(
    "OF420",
    ERROR,
    "`{field}` of {object} is not a Kubernetes quantity: {problem}",
    hint="write for example 500m, 2, 1408Mi or 4Gi",
    about="Kubernetes has units of its own: `4Gi` or `4G`, and not `4g` or `4GB`.",
    bad="""\
job:
  spec:
    driver:
      volumes: [{name: scratch, mountPath: /scratch, emptyDir: {sizeLimit: 4GB}}]
""",
    good="""\
job:
  spec:
    driver:
      volumes: [{name: scratch, mountPath: /scratch, emptyDir: {sizeLimit: 4Gi}}]
""",
    source="Kubernetes' resource.Quantity",
)
REQUEST_OVER_LIMIT = Code(
    "OF421",
    ERROR,
    "`{field}` of {object} asks for {request}, more than its limit of {limit}",
    hint="raise the limit, or ask for less",
    about="The API server refuses a container whose request is larger than its limit.",
    bad="""\
job:
  spec:
    executor:
      cpu: {request: 2, limit: 1500m}
""",
    good="""\
job:
  spec:
    executor:
      cpu: {request: 1, limit: 1500m}
""",
    source="Kubernetes' validation of ResourceRequirements",
)
EXTENDED_RESOURCE = Code(
    "OF422",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="devices are counted in whole numbers, and the request equals the limit",
    about="Devices and other extended resources cannot be shared or overcommitted.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            resources: {limits: {example.org/fpga: 500m}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            resources: {limits: {example.org/fpga: 1}}
""",
    source="Kubernetes' validation of ResourceRequirements",
)
GATE_OFF = Code(
    "OF423",
    WARNING,
    "Kubernetes drops `{field}` of {object} in silence up to {last}, unless its feature gate {gate} is on",
    hint="do without it, or have the gate switched on and ignore this finding",
    about="The API server knows the field, but takes it out of objects as long as its feature is not switched on.",
    bad="""\
target: {kubernetes: "1.28"}
job:
  spec:
    driver:
      initContainers: [{name: proxy, image: "registry.example/proxy:1", restartPolicy: Always}]
""",
    good="""\
target: {kubernetes: "1.29"}
job:
  spec:
    driver:
      initContainers: [{name: proxy, image: "registry.example/proxy:1", restartPolicy: Always}]
""",
    source="Kubernetes' feature gates, and the descriptions of fields in its API",
)
EXECUTOR_NAME = Code(
    "OF424",
    ERROR,
    "`{field}` of {object}: executors cannot be called by this prefix: {problem}",
    hint="let `spark.kubernetes.executor.podNamePrefix` be short, and of lower-case letters, digits and `-`",
    about="The driver adds a number to the prefix for the name of an executor, and makes its host name of the last 63 "
    "characters; in a host name no dot may stand, for which Spark writes `_`. The API server refuses such pods, so "
    "the driver would ask in vain for ever.",
    bad="""\
job:
  spec:
    conf: {spark.kubernetes.executor.podNamePrefix: etl.nightly}
""",
    good="""\
job:
  spec:
    conf: {spark.kubernetes.executor.podNamePrefix: etl-nightly}
""",
    source="`BasicExecutorFeatureStep` of Spark 4.3, and Kubernetes' validation of PodSpec",
)
KUBERNETES_NAMESPACE = Code(
    "OF425",
    WARNING,
    "the namespace {namespace} is Kubernetes' own",
    hint="give the job a namespace of its own",
    about="What runs beside the parts of the cluster shares their quota, rights and exceptions from policies.",
    bad="""\
job:
  metadata: {namespace: kube-system}
""",
    good="""\
job:
  metadata: {namespace: data}
""",
    source="the namespaces that every cluster begins with",
)
LABEL_RESERVED = Code(
    "OF426",
    ERROR,
    "the label {label} belongs to {owner}",
    hint="choose another key, such as one with a domain of yours before the slash",
    about="By such labels Services find drivers, engines their executors, and openflow what it has made.",
    bad="""\
job:
  metadata:
    labels: {app.kubernetes.io/managed-by: team-a}
""",
    good="""\
job:
  metadata:
    labels: {app.kubernetes.io/part-of: reports}
""",
    source="Kubernetes' label syntax, which reserves its domains; the labels of Spark and of openflow",
    ignorable=True,
)
LABEL_LOST = Code(
    "OF427",
    WARNING,
    "`{field}` of {object} is not `openflow`, as it is on the job's other objects",
    hint="take back the patch that changes it",
    about="By this label `apply`, `delete --old-runs` and people find what openflow has made; without it, it stays.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {metadata: {labels: {app.kubernetes.io/managed-by: helm}}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {metadata: {labels: {app.kubernetes.io/part-of: reports}}}
""",
    source="Kubernetes' recommended labels, and how openflow finds old runs",
)
OBJECT_TOO_BIG = Code(
    "OF428",
    ERROR,
    "{object} takes {size} bytes or more; etcd takes {most}",
    hint="put long text into ConfigMaps, the image or a volume",
    about="The API server cannot store an object that is larger than a request to etcd may be.",
    bad="""\
vars: {x: xxxxxxxxxxxxxxxx}
patches:
  - target: {kind: Pod}
    json:  # 12 texts of 64 KiB, in two containers
      - op: add
        path: /spec/containers/0/args/0
        value: "{{ vars.x | replace('x', vars.x) | replace('x', vars.x) | replace('x', vars.x) }}"
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0/args/0, path: /spec/containers/0/args/0}
      - {op: copy, from: /spec/containers/0, path: /spec/containers/0}
      - {op: replace, path: /spec/containers/0/name, value: another}
      - {op: remove, path: /spec/containers/0/ports}
""",
    good="""\
job:
  spec:
    driver:
      env: {LOOKUP: /opt/lookup.csv}
""",
    source="etcd's limit of a request",
)
OWNER_WRITTEN = Code(
    "OF429",
    WARNING,
    "`{field}` of {object}: an owner is known by its uid, which one object has once",
    hint="leave it out; what openflow makes for a run it also retires with it",
    about="When the object with this uid is gone, or was never in this cluster, Kubernetes deletes what it owns.",
    bad="""\
patches:
  - target: {kind: ConfigMap}
    merge:
      metadata:
        ownerReferences: [{apiVersion: v1, kind: Pod, name: etl, uid: 6a3f7c1e-0f3e-4d5a-9a56-0c4cbb3f5d11}]
""",
    good="""\
patches:
  - target: {kind: ConfigMap}
    merge: {metadata: {annotations: {example.org/owner: etl}}}
""",
    source="Kubernetes' garbage collection",
)
DUPLICATE_ITEM = Code(
    "OF430",
    ERROR,
    "`{field}` of {object} is there more than once",
    hint="keep one; two fields or overlays may set the same item",
    about="Kubernetes merges these lists by a key, so two items with one key are refused or hide each other.",
    bad="""\
patches:
  - target: {kind: Pod}
    json: [{op: add, path: /spec/containers/0/env/-, value: {name: SPARK_USER, value: etl}}]
""",
    good="""\
patches:
  - target: {kind: Pod}
    json: [{op: add, path: /spec/containers/0/env/-, value: {name: STAGE, value: prod}}]
""",
    source="the merge keys of Kubernetes' API",
)
HAS_NO_NAMESPACE = Code(
    "OF431",
    WARNING,
    "`{field}` of {object}: a {kind} is in no namespace",
    hint="take the field out of the template",
    about="Some kinds belong to the cluster as a whole; a namespace that is written there is passed over.",
    source="the scope of kinds in Kubernetes' API",
    of_template=True,
)
NAMESPACE_UNSAID = Code(
    "OF432",
    WARNING,
    "`{field}` of {object} is missing: it would be that of whoever applies it",
    hint='write `namespace: "{{{{ app.namespace }}}}"` in the template',
    about="All that a job becomes lives in one namespace, whatever the kubeconfig of the moment says.",
    of_template=True,
)
COPIED_FROM_CLUSTER = Code(
    "OF433",
    WARNING,
    "`{field}` of {object} is what a cluster writes into an object that is there",
    hint="leave it out; it came with what was copied from a cluster",
    about="Nodes, hashes, uids and tokens are given to objects by controllers: copied, they tie a pod to a node that "
    "may be full or gone, or make a controller take it for its own.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {nodeName: node-17}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {nodeSelector: {kubernetes.io/hostname: node-17}}}
""",
    source="what Kubernetes' scheduler and controllers write",
)
TINY_SIZE = Code(
    "OF450",
    WARNING,
    "`{field}` of {object} is {value}, no more than {bytes} bytes",
    hint="add the unit that is meant, such as Mi or Gi; a size without a unit is in bytes, and `m` is a thousandth",
    about="No container or volume can do with less than a mebibyte, so the unit was forgotten or mistaken.",
    bad="""\
job: {spec: {driver: {volumes: [{name: scratch, mountPath: /scratch, emptyDir: {sizeLimit: 500m}}]}}}
""",
    good="""\
job: {spec: {driver: {volumes: [{name: scratch, mountPath: /scratch, emptyDir: {sizeLimit: 500Mi}}]}}}
""",
    source="Kubernetes' resource.Quantity",
)
NO_TASK_SLOT = Code(
    "OF451",
    ERROR,
    "an executor has {cores} cores, and a task takes {each}",
    hint="give executors more cores, or lower spark.task.cpus",
    about="Spark refuses to start, as no executor could run a task.",
    bad="""\
job: {spec: {executor: {cores: 2}, conf: {spark.task.cpus: 4}}}
""",
    good="""\
job: {spec: {executor: {cores: 4}, conf: {spark.task.cpus: 4}}}
""",
    source="ResourceUtils.validateTaskCpusLargeEnough of Spark 4.3",
)
MEMORY_TAKEN = Code(
    "OF452",
    WARNING,
    "`{field}` of {object} is {value}, less than the {wanted}Mi of the process: heap, overhead and what else it has",
    hint="raise it, or lower the memory that the job gives the process, which sets the limit by itself",
    about="A process that uses the memory it was promised is ended by the kernel: OOMKilled, exit code 137.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            resources: {requests: {memory: 1Gi}, limits: {memory: 1Gi}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            resources: {limits: {memory: 2Gi}}
""",
    source="how Kubernetes limits memory",
)
SCRATCH_IN_MEMORY = Code(
    "OF453",
    WARNING,
    "volumes of the {role} keep {size} in memory, and beside the heap its pod has {beside}Mi",
    hint="raise `{property}` by what the volumes may hold, or keep them on disk",
    about="What is written to a volume in memory counts as memory of the pod, which is ended when it has too much.",
    bad="""\
job: {spec: {executor: {localDirs: {medium: Memory, sizeLimit: 4Gi}}}}
""",
    good="""\
job: {spec: {executor: {localDirs: {medium: Memory, sizeLimit: 4Gi}, memoryOverhead: 5g}}}
""",
    source="Kubernetes' emptyDir, and Spark's advice for spark.kubernetes.local.dirs.tmpfs",
)
POD_RESOURCES_LESS = Code(
    "OF455",
    ERROR,
    "`{field}` of {object} is {value}, less than the {wanted} that its containers have",
    hint="raise it, or ask for less in the containers",
    about="The API server refuses a pod that asks for less than its containers, or has a lower limit than one of them.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {resources: {requests: {memory: 1Gi}}}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {resources: {requests: {memory: 2Gi}}}}
""",
    source="Kubernetes' validation of PodSpec",
)
GRACE_TOO_SHORT = Code(
    "OF456",
    WARNING,
    "an executor may take {wanted} to hand its blocks on (`{property}`), and is ended after {grace}",
    hint="set spark.kubernetes.executor.terminationGracePeriodSeconds (since 4.1), or the pod template's "
    "terminationGracePeriodSeconds",
    about="When a node is drained, Kubernetes ends a container after its grace period, finished or not.",
    bad="""\
job:
  spec:
    conf: {spark.decommission.enabled: true, spark.executor.decommission.forceKillTimeout: 5min}
""",
    good="""\
job:
  spec:
    conf:
      spark.decommission.enabled: true
      spark.executor.decommission.forceKillTimeout: 5min
      spark.kubernetes.executor.terminationGracePeriodSeconds: 330s
""",
    source="how Kubernetes ends pods",
)
NO_DECOMMISSION = Code(
    "OF457",
    WARNING,
    "`{property}` has no effect without `spark.decommission.enabled`",
    hint="set both",
    about="Blocks are handed on only by executors that are decommissioned.",
    bad="""\
job: {spec: {conf: {spark.storage.decommission.enabled: true}}}
""",
    good="""\
job: {spec: {conf: {spark.storage.decommission.enabled: true, spark.decommission.enabled: true}}}
""",
    source="CoarseGrainedExecutorBackend of Spark 4.3",
)
QUOTA_EXCEEDED = Code(
    "OF460",
    WARNING,
    "the application starts with {wanted} {what}, and the quota {quota} ({place}) allows {hard}",
    hint="ask for less, or have the quota raised",
    about="The driver starts, and then executors are refused for as long as it runs: `exceeded quota`.",
    bad="""\
job: {spec: {executor: {instances: 20}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {requests.memory: 20Gi}}}
""",
    good="""\
job: {spec: {executor: {instances: 10}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {requests.memory: 20Gi}}}
""",
    source="Kubernetes' ResourceQuota",
)
QUOTA_BELOW_MOST = Code(
    "OF461",
    NOTE,
    "the application may grow to {wanted} {what}, and the quota {quota} ({place}) allows {hard}",
    hint="lower the upper bound of dynamic allocation, or let the quota be the bound",
    about="Executors beyond the quota are refused again and again.",
    bad="""\
job: {spec: {executor: {instances: null, dynamicAllocation: {min: 1, max: 50}}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {pods: "20"}}}
""",
    good="""\
job: {spec: {executor: {instances: null, dynamicAllocation: {min: 1, max: 19}}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {pods: "20"}}}
""",
    source="Kubernetes' ResourceQuota",
)
QUOTA_REFUSES = Code(
    "OF462",
    ERROR,
    "{object} counts for {wanted} {what}, and the quota {quota} ({place}) allows {hard}",
    hint="ask for less, or have the quota raised",
    about="One object alone is more than the quota of its namespace, so it can never be made.",
    bad="""\
job: {spec: {driver: {memory: 30g}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {requests.memory: 20Gi}}}
""",
    good="""\
job: {spec: {driver: {memory: 10g}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {requests.memory: 20Gi}}}
""",
    source="Kubernetes' ResourceQuota",
    ignorable=True,
)
QUOTA_NEEDS_VALUE = Code(
    "OF463",
    ERROR,
    "`{field}` of {object} is not said, and the quota {quota} ({place}) counts {what}",
    hint="set it ({advice}), or let a LimitRange of the namespace give a default",
    about="Where a quota counts requests or limits of CPU or memory, a container that states none is refused. Spark "
    "writes no limit of CPU by itself.",
    bad="""\
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {limits.cpu: "40"}}}
""",
    good="""\
job: {spec: {driver: {cpu: {limit: 1}}, executor: {cpu: {limit: 1}}}}
given:
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {limits.cpu: "40"}}}
""",
    source="Kubernetes' ResourceQuota",
    ignorable=True,
)
OUTSIDE_RANGE = Code(
    "OF464",
    ERROR,
    "`{field}` of {object} is {value}, and the LimitRange {range} ({place}) wants {wanted}",
    hint="change it, or ask for another LimitRange",
    about="The API server refuses containers, pods and claims outside the bounds of their namespace.",
    bad="""\
job: {spec: {driver: {memory: 20g}}}
given:
  - apiVersion: v1
    kind: LimitRange
    metadata: {name: team}
    spec: {limits: [{type: Container, max: {memory: 16Gi}}]}
""",
    good="""\
job: {spec: {driver: {memory: 12g}}}
given:
  - apiVersion: v1
    kind: LimitRange
    metadata: {name: team}
    spec: {limits: [{type: Container, max: {memory: 16Gi}}]}
""",
    source="Kubernetes' LimitRange",
    ignorable=True,
)
DEFAULT_BELOW_REQUEST = Code(
    "OF465",
    ERROR,
    "`{field}` of {object} asks for {request}, and the LimitRange {range} ({place}) limits it to {limit} by default",
    hint="set the limit as well ({advice})",
    about="A container without a limit gets the default of its namespace; one that asks for more is then refused.",
    bad="""\
job: {spec: {executor: {cores: 4}}}
given:
  - apiVersion: v1
    kind: LimitRange
    metadata: {name: team}
    spec: {limits: [{type: Container, default: {cpu: "2"}}]}
""",
    good="""\
job: {spec: {executor: {cores: 4, cpu: {limit: 4}}}}
given:
  - apiVersion: v1
    kind: LimitRange
    metadata: {name: team}
    spec: {limits: [{type: Container, default: {cpu: "2"}}]}
""",
    source="Kubernetes' LimitRange",
    ignorable=True,
)
NO_NODE_HOLDS = Code(
    "OF466",
    WARNING,
    "{object} asks for {wanted} {what}, and {node}, the node that comes closest, has {most}",
    hint="ask for less, or for other nodes; daemons take a part of each node besides",
    about="A pod that fits no node waits for ever, unless the cluster makes larger nodes.",
    bad="""\
job: {spec: {executor: {cores: 32}}}
given:
  - {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: "16", memory: 64Gi}}}
""",
    good="""\
job: {spec: {executor: {cores: 15}}}
given:
  - {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: "16", memory: 64Gi}}}
""",
    source="Kubernetes' scheduler",
)
VALUE_REFUSED = Code(
    "OF467",
    ERROR,
    "`{field}` of {object} is {value}: {wanted}",
    hint="write what the API server takes",
    about="The value has the right type, and is none of those that the API server knows, outside their range, or not "
    "of their form. Schemas say nothing of that; the API server refuses the object.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {dnsPolicy: Cluster}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {dnsPolicy: ClusterFirst}}
""",
    source="Kubernetes' validation of each type",
)
ONE_OF = Code(
    "OF468",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="leave the one that is meant",
    about="Such fields are alternatives: what a volume is made of, what a probe asks, where a variable comes from. The "
    "API server refuses more than one of them, and mostly none.",
    bad="""\
job:
  spec:
    driver:
      sidecars:
        - name: logs
          image: registry.example/logs:1
          livenessProbe: {tcpSocket: {port: 9000}, exec: {command: [check]}}
""",
    good="""\
job:
  spec:
    driver:
      sidecars:
        - name: logs
          image: registry.example/logs:1
          livenessProbe: {exec: {command: [check]}}
""",
    source="Kubernetes' validation of each type",
)
CONTRADICTION = Code(
    "OF469",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="change one of the two",
    about="Each of the fields is fine by itself; the API server refuses them beside each other.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {dnsPolicy: None}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.10]}}}
""",
    source="Kubernetes' validation of each type",
)
