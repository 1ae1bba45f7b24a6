"""OF6xx: security, images and secrets."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

AGAINST_STANDARD = Code(
    "OF601",
    ERROR,
    "the Pod Security Standard `{profile}` wants `{field}` of {object} to {wanted}",
    "change the field, or choose another security.profile",
    "`security.profile` asks for a Pod Security Standard; where it is enforced, the pod would be refused.",
    bad="""\
job:
  spec:
    security: {profile: baseline}
    driver:
      hostNetwork: true
""",
    good="""\
job:
  spec:
    security: {profile: baseline}
    driver:
      hostNetwork: false
""",
    source="Kubernetes' Pod Security Standards, as its own admission decides them",
)
PRIVILEGED_CONTRADICTION = Code(
    "OF602",
    ERROR,
    "`{field}` of {object} needs the privilege escalation that the container denies itself",
    "leave it out, or allow it: allowPrivilegeEscalation, or since Spark 4.3 "
    "`spark.kubernetes.securityContext.allowPrivilegeEscalation` for Spark's own containers",
    "The API server refuses `allowPrivilegeEscalation: false` beside `privileged: true` or CAP_SYS_ADMIN.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            securityContext: {privileged: true, allowPrivilegeEscalation: false}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            securityContext: {privileged: true, allowPrivilegeEscalation: true}
""",
    source="Kubernetes' validation of SecurityContext",
)
ROOT_CONTRADICTION = Code(
    "OF603",
    ERROR,
    "`{field}` of {object}: the container must not run as root, and is to run as root",
    "name another user, or leave runAsNonRoot out",
    "With `runAsNonRoot: true` and `runAsUser: 0` the container never starts.",
    bad="""\
job:
  spec:
    driver:
      securityContext: {runAsNonRoot: true, runAsUser: 0}
""",
    good="""\
job:
  spec:
    driver:
      securityContext: {runAsNonRoot: true, runAsUser: 185}
""",
    source="the kubelet, which refuses to start such a container",
)
SECRET_IN_TREE = Code(
    "OF604",
    ERROR,
    "{object} holds secret data in the clear, and would be written into a folder",
    "name a Secret that the cluster has, or one that External Secrets, Sealed Secrets or SOPS bring into it; "
    "`openflow apply --literal-secrets` makes it in a cluster",
    "Folders end in git, where a secret stays for ever. Secrets in the clear are never written to one.",
)
SECRET_IN_CLEAR = Code(
    "OF605",
    ERROR,
    "{object} holds data in the clear, and would be written into a folder",
    "encrypt it by SOPS, seal it, or write an ExternalSecret that names where the data is kept",
    "Folders end in git, where a secret stays for ever. ExternalSecrets, SealedSecrets and Secrets that SOPS has "
    "encrypted are carried along as they are.",
)
PRIVILEGE_RAISES_NO_LIMIT = Code(
    "OF606",
    WARNING,
    "`{field}` of {object} raises no limit: `ulimits` sets soft ones, and the hard ones are the node's",
    "leave it out, unless the job needs it for something else",
    "A process may raise its soft limits without any privilege. Raising a hard one takes CAP_SYS_RESOURCE, which no "
    "user but root gets, and which no Pod Security Standard but `privileged` allows.",
    bad="""\
job:
  spec:
    ulimits: {nofile: 65536}
    executor:
      securityContext: {capabilities: {add: [SYS_RESOURCE]}}
""",
    good="""\
job:
  spec:
    ulimits: {nofile: 65536}
""",
    source="capabilities(7) and setrlimit(2) of Linux",
)
NAMESPACE_ENFORCES = Code(
    "OF607",
    ERROR,
    "the namespace {namespace} enforces the Pod Security Standard `{level}` ({place}), which wants `{field}` of "
    "{object} to {wanted}{more}",
    "set security.profile to {level}, or change the fields",
    "The labels of a namespace say which standard the API server holds its pods to, and in which version.",
    bad="""\
given:
  - apiVersion: v1
    kind: Namespace
    metadata: {name: data, labels: {pod-security.kubernetes.io/enforce: restricted}}
""",
    good="""\
given:
  - apiVersion: v1
    kind: Namespace
    metadata: {name: data, labels: {pod-security.kubernetes.io/enforce: restricted}}
job:
  spec:
    security: {profile: restricted}
""",
    source="Kubernetes' Pod Security admission",
)
FILE_HIDDEN = Code(
    "OF608",
    ERROR,
    "{what} lies in {folder}, where `security.profile: restricted` mounts an empty volume",
    "keep it in another folder of the image, or mount a volume of your own at {folder}",
    "The profile makes the root of Spark's containers read-only, and gives Spark empty folders to write to.",
)
RIGHT_MISSING = Code(
    "OF610",
    ERROR,
    "`{field}` of {object}: the driver cannot work without rights that the account {account} lacks: {rights}",
    "add them to its Role; the Role that openflow makes has all that the job needs and no more",
    "A driver asks the API server for its executors. Where its account may not, no executor starts, and the "
    "application waits or fails.",
    bad="""\
patches:
  - target: {kind: Role}
    json: [{op: replace, path: /rules/0/verbs, value: [get, list, watch]}]
""",
    good="""\
patches:
  - target: {kind: Role}
    json: [{op: add, path: /rules/-, value: {apiGroups: [""], resources: [events], verbs: [create]}}]
""",
    source="the API calls of Spark 4.3's driver, traced",
    ignorable=True,
)
RIGHT_MISSED = Code(
    "OF611",
    WARNING,
    "`{field}` of {object}: the account {account} lacks rights that the driver makes use of: {rights}",
    "add them to its Role, or switch the feature off that uses them",
    "Without them the driver works, but leaves executors and other objects behind, or only logs what failed. That "
    "`delete` is allowed says nothing of `deletecollection`.",
    bad="""\
job:
  spec:
    driver: {serviceAccount: spark-driver}
given:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: spark-driver, namespace: data}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: spark-driver}
    subjects: [{kind: ServiceAccount, name: spark-driver, namespace: data}]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: spark-driver, namespace: data}
    rules:
      - apiGroups: [""]
        resources: [pods, services, configmaps, persistentvolumeclaims]
        verbs: [create, get, list, watch, delete]
""",
    good="""\
job:
  spec:
    driver: {serviceAccount: spark-driver}
given:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: spark-driver, namespace: data}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: spark-driver}
    subjects: [{kind: ServiceAccount, name: spark-driver, namespace: data}]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: spark-driver, namespace: data}
    rules:
      - apiGroups: [""]
        resources: [pods, services, configmaps, persistentvolumeclaims]
        verbs: [create, get, list, watch, delete, deletecollection]
""",
    source="the API calls of Spark 4.3's driver, traced",
)
NO_TOKEN = Code(
    "OF612",
    ERROR,
    "`{field}` of {object}: the driver is given no token of the account {account}, and needs one",
    "let automountServiceAccountToken be true for the driver, or give it a projected token",
    "By the token the API server knows who asks it for executors; without it nobody does.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {automountServiceAccountToken: false}}
""",
    good="""\
patches:
  - target: {kind: ServiceAccount}
    merge: {automountServiceAccountToken: false}
  - target: {kind: Pod}
    merge: {spec: {automountServiceAccountToken: true}}
""",
    source="how Kubernetes gives pods the tokens of their accounts",
    ignorable=True,
)
WILDCARD_RIGHT = Code(
    "OF613",
    WARNING,
    "`{field}` of {object} gives the driver more than it can use: {rights}",
    "name verbs, resources and API groups; the Role that openflow makes names what the job needs",
    "A wildcard also stands for what a later version adds. All code of the application has the driver's rights.",
    bad="""\
patches:
  - target: {kind: Role}
    json: [{op: replace, path: /rules/0/verbs, value: ["*"]}]
""",
    good="""\
patches:
  - target: {kind: Role}
    json: [{op: add, path: /rules/0/verbs/-, value: patch}]
""",
    source="Kubernetes' good practices for RBAC",
)
TAKE_OVER = Code(
    "OF614",
    WARNING,
    "`{field}` of {object} lets the driver take over more than its own: {rights}",
    "leave it out; a driver needs pods, ConfigMaps, Services and claims of its namespace",
    "Who can read Secrets, run commands in pods, act as others or change rights has what these have. All code of "
    "the application has the driver's rights.",
    bad="""\
patches:
  - target: {kind: Role}
    json: [{op: add, path: /rules/-, value: {apiGroups: [""], resources: [secrets], verbs: [get, list]}}]
""",
    good="""\
patches:
  - target: {kind: Role}
    json:
      - op: add
        path: /rules/-
        value: {apiGroups: [""], resources: [secrets], resourceNames: [store], verbs: [get]}
""",
    source="Kubernetes' good practices for RBAC, on privilege escalation",
)
DEFAULT_ACCOUNT = Code(
    "OF615",
    WARNING,
    "`{field}` of {object}: the driver runs as `default`, as whatever names no account does",
    "name an account of the job's or the team's in driver.serviceAccount, or let openflow make one",
    "Rights of the account `default` are those of every pod in the namespace, the executors among them.",
    bad="""\
job:
  spec:
    driver: {serviceAccount: default}
""",
    good="""\
job:
  spec:
    driver: {serviceAccount: spark-driver}
""",
    source="Kubernetes' good practices for RBAC",
)
IMAGE_MOVES = Code(
    "OF620",
    WARNING,
    "`{field}` of {object} is {image}, behind which another image may stand at any time",
    hint="give it a tag that is never moved, or a digest",
    about="An image without a tag is the one tagged latest. What ran yesterday cannot be run again, and as a pull "
    "policy of IfNotPresent keeps what a node has, nodes may run different images at one time.",
    bad="""\
job:
  spec:
    image: registry.example/spark
""",
    good="""\
job:
  spec:
    image: registry.example/spark@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
""",
    source="Kubernetes' documentation of images",
)
BAD_IMAGE = Code(
    "OF621",
    ERROR,
    "`{field}` of {object} is no name of an image: {problem}",
    hint="write registry/name:tag, or registry/name@sha256: and 64 digits",
    about="The kubelet cannot pull what it cannot read: the pod would stay at InvalidImageName.",
    bad="""\
job:
  spec:
    image: registry.example/Spark:4.3.0
""",
    good="""\
job:
  spec:
    image: registry.example:5000/spark:4.3.0
""",
    source="the grammar of `distribution/reference`, which container runtimes read names by",
)
NEVER_PULLED = Code(
    "OF622",
    WARNING,
    "`{field}` of {object} is Never, so the pod starts only where a node has the image already",
    hint="write IfNotPresent, or Always",
    about="Few clusters bring images to every node in another way; elsewhere the pod stays at ErrImageNeverPull.",
    bad="""\
job:
  spec:
    image: {name: "registry.example/spark:4.3.0", pullPolicy: Never}
""",
    good="""\
job:
  spec:
    image: {name: "registry.example/spark:4.3.0", pullPolicy: Always}
""",
    source="the kubelet",
)
BAD_PULL_POLICY = Code(
    "OF623",
    ERROR,
    "`{field}` of {object} is {policy}, which is none of {allowed}",
    hint="take one of those",
    about="The API server refuses other words.",
    bad="""\
job:
  spec:
    driver:
      sidecars: [{name: logs, image: "registry.example/logs:1", imagePullPolicy: OnMiss}]
""",
    good="""\
job:
  spec:
    driver:
      sidecars: [{name: logs, image: "registry.example/logs:1", imagePullPolicy: IfNotPresent}]
""",
    source="Kubernetes' validation of Container",
)
SECRET_BY_FORM = Code(
    "OF630",
    ERROR,
    "{place} holds {what} in the clear ({hidden})",
    hint="keep it in a Secret and name that: env with valueFrom.secretKeyRef, or a mounted file; and change it, as "
    "it has been seen",
    about="Job files lie in git, and ConfigMaps, arguments and variables are shown by `kubectl describe`, in Spark's"
    " UI and in its event log.",
    bad="""\
job:
  spec:
    conf:
      spark.hadoop.fs.s3a.access.key: AKIAIOSFODNN7EXAMPLE
""",
    good="""\
job:
  spec:
    driver:
      env: [{name: AWS_ACCESS_KEY_ID, valueFrom: {secretKeyRef: {name: store, key: id}}}]
""",
    source="what such keys and tokens look like",
    ignorable=True,
)
SECRET_BY_NAME = Code(
    "OF631",
    WARNING,
    "{place} holds {name} in the clear ({hidden})",
    hint="keep it in a Secret and name that: env with valueFrom.secretKeyRef, or a mounted file",
    about="By its name the value is a secret. Job files lie in git, and ConfigMaps, arguments and variables are "
    "shown by `kubectl describe`. References, paths, numbers and class names are not taken for secrets.",
    bad="""\
job:
  spec:
    conf:
      spark.hadoop.javax.jdo.option.ConnectionPassword: hunter2
""",
    good="""\
job:
  spec:
    conf:
      spark.hadoop.javax.jdo.option.ConnectionPassword: ${env:METASTORE_PASSWORD}
""",
    source="`spark.redaction.regex` of Spark, and what other programs call such things",
)
REDACTION_GAP = Code(
    "OF632",
    WARNING,
    "spark.redaction.regex does not match `{property}`, so its value is shown in the UI and the event log",
    hint="extend the pattern, or leave it out: Spark's own matches secret, password, token and access key",
    about="Spark hides the values of properties whose names match this pattern, and of no others.",
    bad="""\
job:
  spec:
    conf:
      spark.redaction.regex: (?i)password
      spark.hadoop.fs.s3a.secret.key: ${env:STORE_KEY}
""",
    good="""\
job:
  spec:
    conf:
      spark.redaction.regex: (?i)password|secret
      spark.hadoop.fs.s3a.secret.key: ${env:STORE_KEY}
""",
    source="`spark.redaction.regex` of Spark",
)
METADATA_ADDRESS = Code(
    "OF633",
    WARNING,
    "{place} names {address}, where a cloud answers its machines",
    hint="let the pod's account have the rights it needs, such as by workload identity, and leave the address out",
    about="Who reads this address gets the rights of the node, not those of the job; many clusters block it.",
    bad="""\
job:
  spec:
    application: {args: ["http://169.254.169.254/latest/meta-data/iam"]}
""",
    good="""\
job:
  spec:
    application: {args: ["http://catalogue.example/latest"]}
""",
    source="the metadata services of AWS, Azure, Google and Alibaba",
)
