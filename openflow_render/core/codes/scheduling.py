"""OF7xx: scheduling, quota, and policies."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

GANG_WAITS = Code(
    "OF701",
    ERROR,
    "`{field}` of {object} waits for {wanted} pods, and there is {there} until the driver runs",
    hint="count what is there before the driver runs: 1; let the group hold room for executors by minResources",
    about="Executors are made by the driver. A group that is not let in before they exist never starts, and may "
    "block its queue.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano}
patches:
  - target: {kind: PodGroup}
    merge: {spec: {minMember: 3}}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano}
patches:
  - target: {kind: PodGroup}
    merge: {spec: {minMember: 1}}
""",
    source="Volcano's gang plugin, coscheduling, and Kueue's groups of pods",
    ignorable=True,
)
GANG_HOLDS_LITTLE = Code(
    "OF702",
    WARNING,
    "`{field}` of {object} holds {held} {counted}, and the driver alone asks for {wanted}",
    hint="raise it, or set scheduling.gang, which counts the whole application",
    about="A group is let in when there is room for what it says it needs; with less than its driver needs, that "
    "says nothing.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano}
patches:
  - target: {kind: PodGroup}
    merge: {spec: {minResources: {cpu: 1, memory: 512Mi}}}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano}
patches:
  - target: {kind: PodGroup}
    merge: {spec: {minResources: {cpu: 1, memory: 2Gi}}}
""",
    source="Volcano's queues",
)
QUEUE_TOO_SMALL = Code(
    "OF703",
    ERROR,
    "{what} asks for {wanted} {counted}, and the queue {queue} has {room} at most",
    hint="ask for less, or take another queue",
    about="What asks for more than its queue can ever give is never let in.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl, gang: {}}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    spec: {capability: {cpu: 2}}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl, gang: {}}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    spec: {capability: {cpu: 3}}
""",
    source="Volcano's Queue and Kueue's ClusterQueue",
    ignorable=True,
)
APPLICATION_OVER_QUEUE = Code(
    "OF704",
    WARNING,
    "the driver and its executors ask for {wanted} {counted}, and the queue {queue} has {room} at most",
    hint="ask for less, take another queue, or reserve room for all by scheduling.gang",
    about="Some executors would wait as long as the job runs; and two such jobs whose drivers got in can wait for "
    "each other.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    spec: {capability: {cpu: 2}}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    spec: {capability: {cpu: 3}}
""",
    source="Volcano's Queue and Kueue's ClusterQueue",
)
NO_SUCH_QUEUE = Code(
    "OF705",
    ERROR,
    "`{field}` of {object} leads to the queue {queue}, which is not among those that are given{near}",
    hint="correct its name, or give the queue",
    about="Pods of a queue that is not there wait for ever. A LocalQueue of Kueue is one of the job's namespace.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: elt}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    spec: {capability: {cpu: 9}}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    spec: {capability: {cpu: 9}}
""",
    source="Volcano and Kueue",
    ignorable=True,
)
QUEUE_CLOSED = Code(
    "OF706",
    WARNING,
    "`{field}` of {object} leads to the queue {queue}, which is {state}",
    hint="have it opened, or take another queue",
    about="A queue that is closed or on hold lets nothing in.",
    bad="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    status: {state: Closed}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl}
given:
  - apiVersion: scheduling.volcano.sh/v1beta1
    kind: Queue
    metadata: {name: etl}
    status: {state: Open}
""",
    source="Volcano's Queue, Kueue's LocalQueue and ClusterQueue",
)
GROUP_UNREAD = Code(
    "OF708",
    WARNING,
    "`{field}` of {object} puts the pod into the group {name}, which its scheduler {scheduler} does not read",
    hint="set scheduling.scheduler, or spark.kubernetes.scheduler.name: {wanted}",
    about="Each scheduler knows groups of its own kind; for others the pod is on its own.",
    bad="""\
job:
  spec:
    conf:
      spark.kubernetes.driver.pod.featureSteps: org.apache.spark.deploy.k8s.features.VolcanoFeatureStep
""",
    good="""\
job:
  spec:
    conf:
      spark.kubernetes.driver.pod.featureSteps: org.apache.spark.deploy.k8s.features.VolcanoFeatureStep
      spark.kubernetes.scheduler.name: volcano
""",
    source="Volcano and coscheduling",
)
SYSTEM_PRIORITY = Code(
    "OF710",
    WARNING,
    "`{field}` of {object} is {name}, which is for what the cluster itself needs",
    hint="take a class of your own",
    about="Such pods push others out, the cluster's own among them; most clusters refuse them outside kube-system.",
    bad="""\
job:
  spec:
    scheduling: {priorityClass: system-cluster-critical}
""",
    good="""\
job:
  spec:
    scheduling: {priorityClass: batch}
""",
    source="Kubernetes' documentation of priorities",
)
DRIVER_BELOW = Code(
    "OF711",
    WARNING,
    "the executors have the priority {executors}, and their driver only {driver}",
    hint="give the driver a class that is at least as high",
    about="Where there is no room for an executor, a driver of lower priority, perhaps its own, is ended for it.",
    bad="""\
job:
  spec:
    scheduling: {priorityClass: batch}
patches:
  - target: {kind: Pod}
    merge: {spec: {priorityClassName: low}}
given:
  - apiVersion: scheduling.k8s.io/v1
    kind: PriorityClass
    metadata: {name: batch}
    value: 1000
  - apiVersion: scheduling.k8s.io/v1
    kind: PriorityClass
    metadata: {name: low}
    value: 10
""",
    good="""\
job:
  spec:
    scheduling: {priorityClass: low}
patches:
  - target: {kind: Pod}
    merge: {spec: {priorityClassName: batch}}
given:
  - apiVersion: scheduling.k8s.io/v1
    kind: PriorityClass
    metadata: {name: batch}
    value: 1000
  - apiVersion: scheduling.k8s.io/v1
    kind: PriorityClass
    metadata: {name: low}
    value: 10
""",
    source="preemption by Kubernetes' scheduler",
)
BAD_TOLERATION = Code(
    "OF712",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="a toleration is a key with Equal and a value, or with Exists and none",
    about="The API server refuses tolerations whose parts do not go together.",
    bad="""\
job:
  spec:
    executor:
      tolerations: [{key: spot, operator: Exists, value: "true", effect: NoSchedule}]
""",
    good="""\
job:
  spec:
    executor:
      tolerations: [{key: spot, operator: Equal, value: "true", effect: NoSchedule}]
""",
    source="Kubernetes' validation of Toleration",
)
BAD_CONSTRAINT = Code(
    "OF713",
    ERROR,
    "`{field}` of {object}: {problem}",
    hint="correct it, or leave it out",
    about="The API server refuses affinity and spreading with other operators, values or weights.",
    bad="""\
job:
  spec:
    driver:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Is, values: [ssd]}]}]
""",
    good="""\
job:
  spec:
    driver:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}]
""",
    source="Kubernetes' validation of Affinity and TopologySpreadConstraint",
)
NO_NODE_FITS = Code(
    "OF714",
    WARNING,
    "`{field}` of {object} fits none of the {number} nodes that are given",
    hint="correct the labels, or give the nodes that an autoscaler would add",
    about="A pod that no node fits stays Pending.",
    bad="""\
job:
  spec:
    driver: {nodeSelector: {disk: nvme}}
given:
  - apiVersion: v1
    kind: Node
    metadata: {name: a, labels: {disk: ssd, kubernetes.io/hostname: a}}
""",
    good="""\
job:
  spec:
    driver: {nodeSelector: {disk: ssd}}
given:
  - apiVersion: v1
    kind: Node
    metadata: {name: a, labels: {disk: ssd, kubernetes.io/hostname: a}}
""",
    source="Kubernetes' scheduler",
)
NODES_TAINTED = Code(
    "OF715",
    WARNING,
    "`{field}` of {object} tolerates no taint of the nodes that it fits ({number}: {taints})",
    hint="add a toleration, or choose other nodes",
    about="A taint keeps pods away that do not tolerate it, so the pod stays Pending.",
    bad="""\
job:
  spec:
    driver: {tolerations: [{key: spots, operator: Exists}]}
    executor: {tolerations: [{key: spots, operator: Exists}]}
given:
  - apiVersion: v1
    kind: Node
    metadata: {name: a, labels: {disk: ssd, kubernetes.io/hostname: a}}
    spec: {taints: [{key: spot, effect: NoSchedule}]}
""",
    good="""\
job:
  spec:
    driver: {tolerations: [{key: spot, operator: Exists}]}
    executor: {tolerations: [{key: spot, operator: Exists}]}
given:
  - apiVersion: v1
    kind: Node
    metadata: {name: a, labels: {disk: ssd, kubernetes.io/hostname: a}}
    spec: {taints: [{key: spot, effect: NoSchedule}]}
""",
    source="Kubernetes' scheduler",
)
DRIVER_ON_SPOT = Code(
    "OF716",
    WARNING,
    "`{field}` of {object} puts the driver on nodes that may be taken back at any time ({label})",
    hint="keep the driver on other nodes, and only executors on such ones, as the overlay spot-executors does",
    about="An executor that is lost is made again; with its driver the whole application is lost.",
    bad="""\
job:
  spec:
    driver: {nodeSelector: {karpenter.sh/capacity-type: spot}}
""",
    good="""\
job:
  spec:
    executor: {nodeSelector: {karpenter.sh/capacity-type: spot}}
""",
    source="how clouds mark such nodes",
)
TOO_FEW_PLACES = Code(
    "OF717",
    WARNING,
    "`{field}` of {object} keeps {pods} executors apart, and the nodes that they fit have {places} different {key}",
    hint="prefer it instead of requiring it, or start fewer executors",
    about="Executors that find no place of their own stay Pending.",
    bad="""\
job:
  spec:
    executor:
      instances: 2
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {spark-role: executor}}
given:
  - apiVersion: v1
    kind: Node
    metadata: {name: a, labels: {disk: ssd, kubernetes.io/hostname: a}}
""",
    good="""\
job:
  spec:
    executor:
      instances: 1
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {spark-role: executor}}
given:
  - apiVersion: v1
    kind: Node
    metadata: {name: a, labels: {disk: ssd, kubernetes.io/hostname: a}}
""",
    source="Kubernetes' scheduler",
)
ZONE_FIXED_EARLY = Code(
    "OF718",
    WARNING,
    "`{field}` of {object} is of the class {name}, which chooses a zone before the pod has one",
    hint="take a class with WaitForFirstConsumer, or let the pod be spread with ScheduleAnyway",
    about="Where spreading forbids the zone that the volume is in, the pod stays Pending.",
    bad="""\
job:
  spec:
    driver:
      volumes: [{name: work, mountPath: /work, claim: {storageClass: disks, size: 10Gi}}]
      topologySpread:
        - {topologyKey: topology.kubernetes.io/zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}
given:
  - apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: disks}
    provisioner: disks.example
    volumeBindingMode: Immediate
""",
    good="""\
job:
  spec:
    driver:
      volumes: [{name: work, mountPath: /work, claim: {storageClass: disks, size: 10Gi}}]
      topologySpread:
        - {topologyKey: topology.kubernetes.io/zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}
given:
  - apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: disks}
    provisioner: disks.example
    volumeBindingMode: WaitForFirstConsumer
""",
    source="Kubernetes' scheduler and volume binding",
)
QUOTA_OF_SEVERAL = Code(
    "OF719",
    WARNING,
    "{number} jobs that may run at the same time start with {wanted} {what}, and the quota {quota} ({place}) allows "
    "{hard}: {jobs}",
    hint="run them one after the other, let a queue such as Kueue's admit them, ask for less, or have the quota raised",
    about="Each of them fits alone. Together the pods of one take what another waits for: executors do not come, and "
    "gangs may wait for each other for ever. Jobs that run by a schedule are not counted.",
)
POLICY_REFUSES = Code(
    "OF740",
    ERROR,
    "{policy} refuses {what}: {message}",
    hint="change what it is about, or ask whoever owns the policy",
    about="A policy of the cluster that is given was evaluated as the API server does it, for the objects of the job "
    "and for the pods that are made of them. Its binding denies what it refuses.",
    bad="""\
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: own-registry}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
      validations:
        - expression: object.spec.containers.all(c, c.image.startsWith('mirror.example/'))
          message: images come from mirror.example
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: own-registry}
    spec: {policyName: own-registry, validationActions: [Deny]}
""",
    good="""\
job:
  spec:
    image: mirror.example/spark:4.3.0
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: own-registry}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
      validations:
        - expression: object.spec.containers.all(c, c.image.startsWith('mirror.example/'))
          message: images come from mirror.example
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: own-registry}
    spec: {policyName: own-registry, validationActions: [Deny]}
""",
    source="the policy",
    ignorable=True,
)
POLICY_WARNS = Code(
    "OF741",
    WARNING,
    "{policy} warns of {what}: {message}",
    hint="change what it is about, or ask whoever owns the policy",
    about="As OF740, of a policy whose binding warns.",
    bad="""\
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: owner}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services]}]
      validations: [{expression: "has(object.metadata.labels) && 'team' in object.metadata.labels"}]
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: owner}
    spec: {policyName: owner, validationActions: [Warn]}
""",
    good="""\
job:
  metadata:
    labels: {team: data}
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: owner}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services]}]
      validations: [{expression: "has(object.metadata.labels) && 'team' in object.metadata.labels"}]
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: owner}
    spec: {policyName: owner, validationActions: [Warn]}
""",
    source="the policy",
)
POLICY_AUDITS = Code(
    "OF742",
    NOTE,
    "{policy} records {what}: {message}",
    hint="change what it is about before the policy denies it",
    about="As OF740, of a policy whose binding only writes to the audit log.",
    bad="""\
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: headless}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services]}]
      validations: [{expression: "object.spec.clusterIP != 'None'"}]
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: headless}
    spec: {policyName: headless, validationActions: [Audit]}
""",
    good="""\
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: headless}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services]}]
      validations: [{expression: "object.spec.clusterIP == 'None'"}]
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: headless}
    spec: {policyName: headless, validationActions: [Audit]}
""",
    source="the policy",
)
NOT_EVALUATED = Code(
    "OF743",
    NOTE,
    "{what} was not evaluated: {why}",
    hint="let the API server try it: `openflow apply --dry-run`",
    about="Not all that the API server knows can be known offline: who asks, and Kubernetes' own functions in CEL, "
    "such as quantity(), url() and authorizer. What was not evaluated may still refuse the job.",
    bad="""\
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: small}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
      validations:
        - expression: >-
            object.spec.containers.all(c, quantity(c.resources.requests.memory).isLessThan(quantity('4Gi')))
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: small}
    spec: {policyName: small, validationActions: [Deny]}
""",
    good="""\
given:
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {name: small}
    spec:
      matchConstraints:
        resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
      validations: [{expression: "object.spec.containers.all(c, 'memory' in c.resources.requests)"}]
  - apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {name: small}
    spec: {policyName: small, validationActions: [Deny]}
""",
    source="Kubernetes' libraries for CEL",
)
DEFINITION_REFUSES = Code(
    "OF744",
    ERROR,
    "`{field}` of {object} is refused by {definition}: {message}",
    hint="change the value, or take another version of the kind",
    about="A CustomResourceDefinition that is given states rules in CEL; the API server asks them about each object.",
    bad="""\
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
      versions:
        - name: v1beta1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              properties:
                spec:
                  x-kubernetes-validations:
                    - {rule: has(self.queue), message: a queue must be named}
""",
    good="""\
job:
  spec:
    scheduling: {scheduler: volcano, queue: etl}
given:
  - apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: podgroups.scheduling.volcano.sh}
    spec:
      group: scheduling.volcano.sh
      names: {kind: PodGroup, plural: podgroups}
      scope: Namespaced
      versions:
        - name: v1beta1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              properties:
                spec:
                  x-kubernetes-validations:
                    - {rule: has(self.queue), message: a queue must be named}
""",
    source="the definition of the kind",
    ignorable=True,
)
PRIORITY_OF_ITS_OWN = Code(
    "OF745",
    ERROR,
    "`{field}` of {object} is {value}, and by its priority class it is {wanted}",
    hint="leave it out, and name a class (`spec.scheduling.priorityClass`)",
    about="The API server takes a pod's priority, and whether it pushes others out, from its PriorityClass, and "
    "refuses a pod that says something else. Without a class it is 0, unless the cluster has one that is the default.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {priority: 1000}}
""",
    good="""\
job:
  spec:
    scheduling: {priorityClass: batch}
given:
  - {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: batch}, value: 1000}
""",
    source="the admission plugin Priority of Kubernetes",
    ignorable=True,
)
