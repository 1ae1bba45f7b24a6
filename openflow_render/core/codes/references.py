"""OF5xx: references between objects."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

SAME_OBJECT = Code(
    "OF501",
    ERROR,
    "{object} is made more than once in namespace {namespace}",
    hint="give one of the two another name",
    about="Two objects with the same kind, namespace and name would overwrite each other.",
    bad="""\
job:
  spec:
    conf:
      spark.kubernetes.driver.pod.name: load-exec-1
      spark.kubernetes.executor.podNamePrefix: load
""",
    good="""\
job:
  spec:
    conf:
      spark.kubernetes.driver.pod.name: load-driver
      spark.kubernetes.executor.podNamePrefix: load
""",
    source="what makes an object one and the same to Kubernetes",
)
NO_SUCH_KEY = Code(
    "OF502",
    ERROR,
    "`{field}` of {object}: {target_kind} {name} has no key {key}{near}",
    hint="name a key that is there",
    about="A volume or variable takes a key from a ConfigMap or Secret of the same job that does not hold it.",
    bad="""\
patches:
  - target: {kind: Pod}
    json: [{op: replace, path: /spec/volumes/1/configMap/items/0/key, value: spark.propertys}]
""",
    good="""\
patches:
  - target: {kind: Pod}
    json: [{op: replace, path: /spec/volumes/1/configMap/items/0/key, value: spark.properties}]
""",
    source="the kubelet, which waits for the key",
)
NO_SUCH_OBJECT = Code(
    "OF503",
    ERROR,
    "`{field}` of {object} names {target_kind} {name}, which this run does not make",
    hint="refer to a {target_kind} of this run, or to one whose name does not carry the run's identity",
    about="The name carries the identity of this run, so nobody else can have made the object.",
    bad="""\
patches:
  - target: {kind: Pod}
    json: [{op: copy, from: /metadata/name, path: /spec/volumes/1/configMap/name}]
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {volumes: [{name: site, configMap: {name: site-of-the-team}}]}}
""",
    source="how openflow names what belongs to one run",
)
NO_SUCH_VOLUME = Code(
    "OF504",
    ERROR,
    "`{field}` of {object} mounts the volume {name}, which the pod does not have{near}",
    hint="define the volume, or correct the name",
    about="A container can mount only volumes that its pod defines.",
    bad="""\
job:
  spec:
    driver:
      sidecars:
        - name: logs
          image: registry.example/logs:1
          volumeMounts: [{name: spool, mountPath: /spool}]
""",
    good="""\
job:
  spec:
    driver:
      volumes: [{name: spool, mountPath: /opt/spool, emptyDir: {}}]
      sidecars:
        - name: logs
          image: registry.example/logs:1
          volumeMounts: [{name: spool, mountPath: /spool}]
""",
    source="Kubernetes' validation of PodSpec",
)
SELECTS_NOTHING = Code(
    "OF505",
    ERROR,
    "the selector of {object} matches no pod of this job",
    hint="let the selector name labels that the pod has",
    about="A Service without a pod leaves clients waiting for a connection.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {spec: {selector: {spark-role: drivers}}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {spec: {selector: {spark-role: driver}}}
""",
    source="how Kubernetes finds the endpoints of a Service",
    ignorable=True,
)
SELECTS_MANY = Code(
    "OF506",
    ERROR,
    "the selector of {object} matches several pods of this job: {pods}",
    hint="let the selector name a label that only one of them has",
    about="A Service that stands for one pod must not spread its connections over others.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {spec: {selector: {spark-role: null}}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {spec: {selector: {spark-version: null}}}
""",
    source="how Kubernetes finds the endpoints of a Service",
    ignorable=True,
)
NO_SUCH_ROLE = Code(
    "OF507",
    ERROR,
    "`{field}` of {object} names the Role {name}, which this job does not make",
    hint="make the Role in the same namespace, bind a ClusterRole, or tell by `given` that the cluster has it",
    about="A RoleBinding of the job binds a Role of the job or one that `given` names, or a ClusterRole.",
    bad="""\
patches:
  - target: {kind: RoleBinding}
    merge: {roleRef: {name: spark-driver}}
""",
    good="""\
patches:
  - target: {kind: RoleBinding}
    merge: {roleRef: {name: spark-driver}}
given:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: spark-driver, namespace: data}
    rules:
      - apiGroups: [""]
        resources: [pods, configmaps, services, persistentvolumeclaims]
        verbs: [get, list, watch, create, delete, deletecollection]
""",
    source="Kubernetes' RBAC",
    ignorable=True,
)
SUBJECT_ELSEWHERE = Code(
    "OF508",
    ERROR,
    "`{field}` of {object} is in namespace {namespace}, and the binding in {home}",
    hint="give both the same namespace",
    about="The job's account lives in the job's namespace; rights given to another one have no effect on the job.",
    bad="""\
patches:
  - target: {kind: RoleBinding}
    json: [{op: replace, path: /subjects/0/namespace, value: dev}]
""",
    good="""\
patches:
  - target: {kind: RoleBinding}
    json: [{op: replace, path: /subjects/0/namespace, value: data}]
""",
    source="Kubernetes' RBAC",
    ignorable=True,
)
OBJECT_OF_TWO_JOBS = Code(
    "OF509",
    ERROR,
    "the job {name} makes {object}, which the job {first} at {place} makes too",
    hint="{advice}",
    about="Two jobs of one run make an object of one name, so each would overwrite the other's. Only accounts, Roles, "
    "Namespaces and claims with a fixed name may be shared, if the jobs agree on their content.",
)
NOT_GIVEN = Code(
    "OF510",
    ERROR,
    "`{field}` of {object} names {target_kind} {name}, which neither the job makes nor the cluster has{near}",
    hint="correct the name, make the {target_kind}, or add it to what is given",
    about="Where any objects of a kind are given, all that matter are; a pod that names another waits or is refused.",
    bad="""\
job:
  spec:
    driver: {serviceAccount: spark-drivers}
given:
  - apiVersion: v1
    kind: ServiceAccount
    metadata: {name: spark-driver, namespace: data}
""",
    good="""\
job:
  spec:
    driver: {serviceAccount: spark-driver}
given:
  - apiVersion: v1
    kind: ServiceAccount
    metadata: {name: spark-driver, namespace: data}
""",
    source="Kubernetes' admission of pods, and the kubelet",
    ignorable=True,
)
NO_REGISTRY_SECRET = Code(
    "OF511",
    WARNING,
    "`{field}` of {object}: the Secret {name} holds no credentials of a registry",
    hint="make it by `kubectl create secret docker-registry`; its key is .dockerconfigjson",
    about="The kubelet passes over Secrets of another type, and then pulls the image as nobody.",
    bad="""\
job:
  spec:
    image: {name: "registry.example/spark:4.3.0", pullSecrets: [registry]}
given:
  - apiVersion: v1
    kind: Secret
    metadata: {name: registry, namespace: data}
    data: {password: aHVudGVyMg==}
""",
    good="""\
job:
  spec:
    image: {name: "registry.example/spark:4.3.0", pullSecrets: [registry]}
given:
  - apiVersion: v1
    kind: Secret
    type: kubernetes.io/dockerconfigjson
    metadata: {name: registry, namespace: data}
    data: {.dockerconfigjson: e30=}
""",
    source="the kubelet",
)
HEADLESS_OUTSIDE = Code(
    "OF512",
    ERROR,
    "`{field}` of {object} is {kind}, which the API server refuses without a cluster address",
    hint="leave the driver's Service as it is, and make one of your own for what is to be reached from outside",
    about="A Service with `clusterIP: None` stands for the pods' own addresses and can be no entrance from outside.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {spec: {type: NodePort}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {spec: {type: ClusterIP}}
""",
    source="Kubernetes' validation of ServiceSpec",
)
NOT_HEADLESS = Code(
    "OF513",
    WARNING,
    "`{field}` of {object} is not None: executors would meet an address that stands for the driver, not the driver's",
    hint="let clusterIP be None, and make a Service of your own for other uses",
    about="Executors connect to the driver at the address of its pod; only a Service without one of its own gives it.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {spec: {clusterIP: null}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {spec: {clusterIP: None}}
""",
    source="`DriverServiceFeatureStep` of Spark 4.3",
)
SELECTS_OTHER_RUNS = Code(
    "OF514",
    WARNING,
    "the selector of {object} names nothing that is this run's alone",
    hint="keep the label that holds the run's identity",
    about="Two runs of a job may be under way at once; a name that stands for both drivers sends executors astray.",
    bad="""\
patches:
  - target: {kind: Service}
    merge: {spec: {selector: {spark-app-selector: null}}}
""",
    good="""\
patches:
  - target: {kind: Service}
    merge: {spec: {selector: {spark-app-name: null}}}
""",
    source="how Kubernetes finds the endpoints of a Service",
)
PORTS_DISAGREE = Code(
    "OF515",
    WARNING,
    "`{field}` of {object} has no port {port}, on which the driver listens by `{property}`",
    hint="change ports by their properties, which reach pod, Service and driver alike",
    about="The driver listens where its properties say; a Service that says another number leads past it.",
    bad="""\
patches:
  - target: {kind: Service}
    json: [{op: replace, path: /spec/ports/0/port, value: 7100}]
""",
    good="""\
job:
  spec:
    conf: {spark.driver.port: "7100"}
""",
    source="`DriverServiceFeatureStep` of Spark 4.3",
)
NO_SUCH_PORT = Code(
    "OF516",
    ERROR,
    "`{field}` of {object}: {pod} has no port called {name}",
    hint="name a port that one of its containers declares, or write its number",
    about="A Service finds a port that is called by its name only if the pod declares it; else it leads nowhere.",
    bad="""\
patches:
  - target: {kind: Service}
    json: [{op: replace, path: /spec/ports/0/targetPort, value: driver-rpc}]
""",
    good="""\
patches:
  - target: {kind: Service}
    json: [{op: replace, path: /spec/ports/0/targetPort, value: driver-rpc-port}]
""",
    source="how Kubernetes finds the endpoints of a Service",
    ignorable=True,
)
WAITS_FOR_READINESS = Code(
    "OF517",
    WARNING,
    "`{field}` of {object} is missing: until `{probe}` of {pod} succeeds, executors do not find the driver",
    hint="set publishNotReadyAddresses: true, or leave the probe out",
    about="The name of a Service leads to pods that are ready only. Before Spark 4.3 executors ask for that name, and "
    "the driver asks for executors while it starts.",
    bad="""\
job:
  spec:
    version: "4.0.5"
    image: registry.example/spark:4.0.5
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            readinessProbe: {tcpSocket: {port: 4040}}
""",
    good="""\
job:
  spec:
    version: "4.0.5"
    image: registry.example/spark:4.0.5
patches:
  - target: {kind: Pod}
    merge:
      spec:
        containers:
          - name: spark-kubernetes-driver
            readinessProbe: {tcpSocket: {port: 4040}}
  - target: {kind: Service}
    merge: {spec: {publishNotReadyAddresses: true}}
""",
    source="how Kubernetes publishes the addresses of a Service",
)
PORT_BEYOND = Code(
    "OF518",
    ERROR,
    "`{field}` of {object} is {number}, and ports go from 1 to 65535",
    hint="choose another port",
    about="The API server refuses other numbers.",
    bad="""\
patches:
  - target: {kind: Service}
    json: [{op: replace, path: /spec/ports/0/targetPort, value: 70780}]
""",
    good="""\
patches:
  - target: {kind: Service}
    json: [{op: replace, path: /spec/ports/0/targetPort, value: 7078}]
""",
    source="Kubernetes' validation of ports",
)
PORT_SHARED = Code(
    "OF519",
    WARNING,
    "`{field}` of {object}: the container {first} has the port {port} already",
    hint="give one of the two another port",
    about="The containers of a pod have one address, so only one of them can listen on a port; the other one fails.",
    bad="""\
job:
  spec:
    driver:
      sidecars: [{name: metrics, image: "registry.example/metrics:1", ports: [{containerPort: 4040}]}]
""",
    good="""\
job:
  spec:
    driver:
      sidecars: [{name: metrics, image: "registry.example/metrics:1", ports: [{containerPort: 9404}]}]
""",
    source="how containers of a pod share its network",
)
ONE_A_NODE = Code(
    "OF520",
    NOTE,
    "`{field}` of {object} takes port {number} of the node, so no node holds two of the {count} executors",
    hint="leave hostNetwork and hostPort out, or set `spark.blockManager.port` to 0",
    about="A port of the node can be given once; with hostNetwork each port that a pod declares is the node's.",
    bad="""\
job:
  spec:
    executor: {hostNetwork: true}
""",
    good="""\
job:
  spec:
    driver: {hostNetwork: true}
""",
    source="Kubernetes' scheduler, and its defaults for pods in the node's network",
)
NAMES_OF_THE_NODE = Code(
    "OF521",
    ERROR,
    "`{field}` of {object}: in the node's network the pod asks the node for names, which knows none of the cluster",
    hint="set dnsPolicy: ClusterFirstWithHostNet; the job's own field `hostNetwork` does both",
    about="The driver finds the API server by a name that only the cluster knows.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {hostNetwork: true}}
""",
    good="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet}}
""",
    source="Kubernetes' DNS policies of pods",
    ignorable=True,
)
IP_FAMILIES = Code(
    "OF522",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="set `spark.kubernetes.driver.service.ipFamilyPolicy` and `ipFamilies` so that they agree",
    about="The API server takes one or two families of addresses, and two only with a policy for both.",
    bad="""\
job:
  spec:
    conf: {spark.kubernetes.driver.service.ipFamilies: "IPv4,IPv6"}
""",
    good="""\
job:
  spec:
    conf:
      spark.kubernetes.driver.service.ipFamilies: "IPv4,IPv6"
      spark.kubernetes.driver.service.ipFamilyPolicy: PreferDualStack
""",
    source="Kubernetes' validation of ServiceSpec",
)
PORT_WITHOUT_NAME = Code(
    "OF523",
    ERROR,
    "`{field}` of {object} is missing: a Service with several ports has a name for each",
    hint="give the port a name",
    about="The API server refuses a nameless port beside others.",
    bad="""\
patches:
  - target: {kind: Service}
    json: [{op: remove, path: /spec/ports/0/name}]
""",
    good="""\
patches:
  - target: {kind: Service}
    json: [{op: add, path: /spec/ports/-, value: {name: metrics, port: 9404}}]
""",
    source="Kubernetes' validation of ServiceSpec",
)
POLICY_CUTS = Code(
    "OF524",
    WARNING,
    "`{field}` of {object}: {policies} let the {end} have no connection {what}",
    hint="allow it by a policy of the namespace; a policy can only add to what others allow",
    about="What policies do not allow is dropped in silence, so that driver and executors wait for each other, for "
    "names or for the API server until they time out.",
    bad="""\
given:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny-all, namespace: data}
    spec: {podSelector: {}, policyTypes: [Ingress]}
""",
    good="""\
given:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny-all, namespace: data}
    spec: {podSelector: {}, policyTypes: [Ingress]}
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: spark, namespace: data}
    spec:
      podSelector: {matchLabels: {spark-role: driver}}
      ingress: [{from: [{podSelector: {matchLabels: {spark-role: executor}}}]}]
""",
    source="how Kubernetes defines NetworkPolicies",
)
MESH_PROXY = Code(
    "OF525",
    WARNING,
    "`{field}` of {object}: {mesh} puts a proxy into the pod that does not end when the work does",
    hint='set {off} to "false" or "disabled" on the pods, or {ends} to "true" if your {mesh} knows it',
    about="A pod is done when all its containers are. A proxy that is no sidecar of Kubernetes' own kind keeps the pod "
    "of a batch job running, and stands between driver and executors.",
    bad="""\
job:
  spec:
    driver:
      labels: {sidecar.istio.io/inject: "true"}
""",
    good="""\
job:
  spec:
    driver:
      labels: {sidecar.istio.io/inject: "false"}
""",
    source="the documentation of Istio and of Linkerd on Jobs",
)
CLAIM_NAME_SHARED = Code(
    "OF540",
    ERROR,
    "`{property}` is {name}, so every executor would make a claim of that name",
    hint="write OnDemand, or put SPARK_EXECUTOR_ID into the name; leave class and size out to mount one that is there",
    about="With a class and a size Spark makes the claim for each executor, and the second one fails.",
    bad="""\
job:
  spec:
    conf:
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.mount.path: /data
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.claimName: scratch
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.storageClass: fast
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.sizeLimit: 10Gi
""",
    good="""\
job:
  spec:
    conf:
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.mount.path: /data
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.claimName: scratch-SPARK_EXECUTOR_ID
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.storageClass: fast
      spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.sizeLimit: 10Gi
""",
    source="MountVolumesFeatureStep and ExecutorPodsAllocator of Spark 4.3",
    ignorable=True,
)
NO_STORAGE_CLASS = Code(
    "OF541",
    ERROR,
    "`{field}` of {object} {problem}{near}",
    hint="name a class that the cluster has",
    about="A claim whose class is not there waits for ever, and the pod with it.",
    bad="""\
job: {spec: {executor: {volumes: [{name: data, mountPath: /data, claim: {size: 10Gi, storageClass: fast}}]}}}
given:
  - {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: standard}, provisioner: example.com/disk}
""",
    good="""\
job: {spec: {executor: {volumes: [{name: data, mountPath: /data, claim: {size: 10Gi, storageClass: fast}}]}}}
given:
  - {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: example.com/disk}
""",
    source="Kubernetes' StorageClass",
    ignorable=True,
)
CLAIM_OF_ONE_NODE = Code(
    "OF543",
    WARNING,
    "{count} mount the claim {claim}, which only one node can mount at a time (ReadWriteOnce)",
    hint="give each executor a claim of its own, or take accessMode ReadWriteMany",
    about="Pods on other nodes wait in ContainerCreating.",
    bad="""\
job:
  spec:
    executor:
      volumes:
        - {name: data, mountPath: /data, claim: {size: 10Gi, perExecutor: false, accessMode: ReadWriteOnce}}
""",
    good="""\
job:
  spec:
    executor:
      volumes:
        - {name: data, mountPath: /data, claim: {size: 10Gi, perExecutor: false, accessMode: ReadWriteMany}}
""",
    source="Kubernetes' access modes",
)
CLAIM_OF_ONE_POD = Code(
    "OF544",
    ERROR,
    "{count} mount the claim {claim}, which only one pod can mount at a time (ReadWriteOncePod)",
    hint="give each executor a claim of its own, or take accessMode ReadWriteMany",
    about="The scheduler places one of the pods, and the others wait for it to end.",
    bad="""\
job:
  spec:
    executor:
      volumes:
        - {name: data, mountPath: /data, claim: {size: 10Gi, perExecutor: false, accessMode: ReadWriteOncePod}}
""",
    good="""\
job:
  spec:
    executor:
      volumes:
        - {name: data, mountPath: /data, claim: {size: 10Gi, accessMode: ReadWriteOncePod}}
""",
    source="Kubernetes' access modes",
    ignorable=True,
)
BAD_ACCESS_MODE = Code(
    "OF545",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="write ReadWriteOnce, ReadWriteOncePod, ReadWriteMany or ReadOnlyMany",
    about="The API server refuses short forms, and ReadWriteOncePod beside another mode.",
    bad="""\
job:
  spec:
    driver:
      volumes:
        - {name: d, mountPath: /d, ephemeral: {volumeClaimTemplate: {spec: {
            accessModes: [RWX], resources: {requests: {storage: 1Gi}}}}}}
""",
    good="""\
job:
  spec:
    driver:
      volumes:
        - {name: d, mountPath: /d, ephemeral: {volumeClaimTemplate: {spec: {
            accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}}}
""",
    source="Kubernetes' validation of PersistentVolumeClaimSpec",
)
HOST_PATH = Code(
    "OF546",
    WARNING,
    "`{field}` of {object} is {value}: whoever controls the pod controls the node",
    hint="mount the one folder that is needed, read-only, or use another kind of volume",
    about="Such folders hold the node's own configuration, secrets and sockets.",
    bad="""\
job: {spec: {driver: {volumes: [{name: sock, mountPath: /sock, hostPath: {path: /var/run/docker.sock}}]}}}
""",
    good="""\
job: {spec: {driver: {volumes: [{name: disk, mountPath: /scratch, hostPath: {path: /mnt/disk1}}]}}}
""",
    source="Kubernetes' advice about hostPath",
)
PATH_LEAVES = Code(
    "OF547",
    ERROR,
    "`{field}` of {object} is {value}, and {problem}",
    hint="write a path without `..`, from where it is looked up",
    about="The API server refuses paths that lead out of their volume.",
    bad="""\
job: {spec: {driver: {volumes: [{name: d, mountPath: /d, subPath: ../other, emptyDir: {}}]}}}
""",
    good="""\
job: {spec: {driver: {volumes: [{name: d, mountPath: /d, subPath: other, emptyDir: {}}]}}}
""",
    source="Kubernetes' validation of volumes and mounts",
)
MODE_IN_DECIMAL = Code(
    "OF548",
    WARNING,
    "`{field}` of {object} is {value}, which in octal is {octal}",
    hint="write 0o{value} if that is meant, which is {meant}",
    about="Modes are numbers as any other, so 440 is no short form of 0440.",
    bad="""\
job: {spec: {driver: {volumes: [{name: c, mountPath: /c, configMap: {name: site, defaultMode: 440}}]}}}
""",
    good="""\
job: {spec: {driver: {volumes: [{name: c, mountPath: /c, configMap: {name: site, defaultMode: 0o440}}]}}}
""",
    source="YAML 1.2, in which numbers are decimal",
)
BAD_MODE = Code(
    "OF549",
    ERROR,
    "`{field}` of {object} is {value}, and must be between 0 and 511 (0o777){near}",
    hint="write the mode in octal, for example 0o644",
    about="The API server refuses other modes of files.",
    bad="""\
job: {spec: {driver: {volumes: [{name: c, mountPath: /c, configMap: {name: site, defaultMode: 644}}]}}}
""",
    good="""\
job: {spec: {driver: {volumes: [{name: c, mountPath: /c, configMap: {name: site, defaultMode: 0o644}}]}}}
""",
    source="Kubernetes' validation of volumes",
)
NO_FS_GROUP = Code(
    "OF550",
    WARNING,
    "{object} writes to the claim behind `{field}` as user {user}, and its security context names no fsGroup",
    hint="set fsGroup, and for large volumes fsGroupChangePolicy: OnRootMismatch",
    about="A new volume belongs to root on most storage, so the user may not write there.",
    bad="""\
job:
  spec:
    driver:
      securityContext: {runAsUser: 185}
      volumes: [{name: data, mountPath: /data, persistentVolumeClaim: {claimName: data}}]
""",
    good="""\
job:
  spec:
    driver:
      securityContext: {runAsUser: 185, fsGroup: 185}
      volumes: [{name: data, mountPath: /data, persistentVolumeClaim: {claimName: data}}]
""",
    source="the kubelet, which sets the owner of volumes by fsGroup",
)
NOWHERE_TO_WRITE = Code(
    "OF551",
    WARNING,
    "`{field}` of {object}: the root file system is read-only, and nothing writable is mounted at {folder}",
    hint="mount an emptyDir there",
    about="The JVM and Spark write temporary files to /tmp.",
    bad="""\
job:
  spec:
    driver:
      securityContext: {readOnlyRootFilesystem: true}
""",
    good="""\
job:
  spec:
    driver:
      securityContext: {readOnlyRootFilesystem: true}
      volumes: [{name: tmp, mountPath: /tmp, emptyDir: {}}]
""",
    source="java.io.tmpdir, which Spark uses for what it downloads",
)
SCRATCH_MISNAMED = Code(
    "OF552",
    WARNING,
    "the volume {name} of the {role} is not used for shuffle files: Spark looks for names that begin with "
    "spark-local-dir-",
    hint="call it spark-local-dir-1, or name it under localDirs",
    about="Only volumes with that prefix take the place of the scratch folder that Spark makes.",
    bad="""\
job: {spec: {executor: {volumes: [{name: spark-local-dirs-1, mountPath: /scratch, emptyDir: {}}]}}}
""",
    good="""\
job: {spec: {executor: {volumes: [{name: spark-local-dir-1, mountPath: /scratch, emptyDir: {}}]}}}
""",
    source="LocalDirsFeatureStep of Spark 4.3",
)
LOCAL_DIR_IGNORED = Code(
    "OF553",
    WARNING,
    "`spark.local.dir` has no effect on the {role}, as the volume {name} is there",
    hint="leave one of the two out",
    about="Where a volume's name begins with spark-local-dir-, Spark writes to such volumes alone.",
    bad="""\
job:
  spec:
    driver: {localDirs: {sizeLimit: 10Gi}}
    executor: {localDirs: {sizeLimit: 10Gi}}
    conf: {spark.local.dir: /scratch}
""",
    good="""\
job: {spec: {conf: {spark.local.dir: /scratch}}}
""",
    source="LocalDirsFeatureStep of Spark 4.3",
)
VOLUME_GONE = Code(
    "OF554",
    ERROR,
    "`{field}` of {object}: Kubernetes {minor} no longer mounts such volumes{when}",
    hint="{instead}",
    about="The API server still takes the field, and the pod waits in ContainerCreating.",
    bad="""\
job: {spec: {driver: {volumes: [{name: g, mountPath: /g, glusterfs: {endpoints: e, path: p}}]}}}
""",
    good="""\
job: {spec: {driver: {volumes: [{name: g, mountPath: /g, nfs: {server: nfs.example, path: /p}}]}}}
""",
    source="the release notes of Kubernetes",
    ignorable=True,
)
REUSE_OFF = Code(
    "OF557",
    WARNING,
    "`spark.kubernetes.driver.waitToReusePersistentVolumeClaim` has no effect, as `{property}` is false",
    hint="leave the latter out: it is true by default",
    about="Executors can take over only claims that the driver owns and may give on.",
    bad="""\
job:
  spec:
    conf:
      spark.kubernetes.driver.waitToReusePersistentVolumeClaim: true
      spark.kubernetes.driver.reusePersistentVolumeClaim: false
""",
    good="""\
job: {spec: {conf: {spark.kubernetes.driver.waitToReusePersistentVolumeClaim: true}}}
""",
    source="ExecutorPodsAllocator of Spark 4.3",
)
