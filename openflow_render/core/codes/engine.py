"""OF3xx: the engine and its properties, and importing."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

NEWER_RELEASE = Code(
    "OF301",
    NOTE,
    "Spark {version} is newer than openflow knows; it is rendered as {newest}",
    "compare with what spark-submit sends, or update openflow",
    "A release after the newest whose rules are known is rendered by the newest one's.",
)
OLDER_RELEASE = Code(
    "OF302",
    WARNING,
    "Spark {version} is rendered as {oldest}; access modes of claims, ports and default properties may differ",
    "use a supported release",
    "Releases 3.0 to 3.4 are rendered by the rules of 3.5.",
)
RELEASE_TOO_OLD = Code(
    "OF303",
    ERROR,
    "Spark {version} is too old",
    "use 3.0 or later",
    "Releases before 3.0 make their objects in another way.",
)
UNKNOWN_RELEASE = Code(
    "OF304",
    ERROR,
    "there is no rule for Spark {version}; known are {known}",
    "correct spec.version",
    "A release line that does not exist.",
)
IMAGE_OF_OTHER_VERSION = Code(
    "OF305",
    WARNING,
    "the image {image} looks like another version than {version} ({place})",
    "let spec.version and the image's tag agree",
    "spec.version decides what is rendered; the image decides what runs.",
)
NO_IMAGE = Code(
    "OF306",
    ERROR,
    "there is no image for {roles}",
    "set spec.image",
    "Driver and executors each need an image.",
)
SPARK_IMAGE = Code(
    "OF307",
    WARNING,
    "the image {image} reads no `Openflow.` property, which `engine: openflow` writes ({place})",
    "use an image of that distribution, or `engine: spark`",
    "Apache's Spark ignores the properties that `engine: openflow` writes.",
)
NOTHING_TO_RUN = Code(
    "OF308",
    ERROR,
    "the job names nothing to run",
    "set application.main, or application.class for a server",
    "An application needs a main resource or a class.",
)
NO_CLASS = Code(
    "OF309",
    ERROR,
    "`{main}` needs a main class",
    "set application.class",
    "spark-submit would look into the jar's manifest, which openflow cannot read.",
)
LOCAL_APPLICATION_FILE = Code(
    "OF310",
    ERROR,
    "the {what} `{path}` is on your machine, not in the cluster",
    "put it into the image and write local:///path, or upload it and give its URI",
    "spark-submit uploads such files when it runs; a compiled job has nobody to do so.",
)
UNKNOWN_PROPERTY = Code(
    "OF311",
    WARNING,
    "Spark knows no property `{property}`{hint}",
    "correct the name; it is passed on as it is",
    "A property under spark.kubernetes. that no release has, or one that differs from a known one by a letter or two. "
    "It is passed on, and then ignored by Spark.",
    of_key=True,
)
NO_SPARK_PROPERTY = Code(
    "OF312",
    WARNING,
    "`{property}` does not begin with `spark.`, so the driver ignores it{near}",
    "{advice}",
    "Spark reads only properties that begin with spark.",
    of_key=True,
)
PROPERTY_OF_OTHER_VERSION = Code(
    "OF313",
    WARNING,
    "Spark {version} does not know `{property}` ({when})",
    "leave it out, or use another release",
    "The property came later, or was removed before this release.",
    of_key=True,
)
CLIENT_PROPERTY = Code(
    "OF314",
    NOTE,
    "`{property}` says something to a submitting client only; the driver is not given it",
    "leave it out",
    "Such properties need not reach the driver.",
    of_key=True,
)
BAD_PROPERTY = Code(
    "OF315",
    ERROR,
    "`{property}` is `{value}`, but must be {reason}",
    "correct the value",
    "Spark would refuse the value when it reads the property.",
)
BIND_ADDRESS = Code(
    "OF316",
    ERROR,
    "spark.driver.bindAddress cannot be set: the driver binds to its pod's address",
    "leave it out",
    "spark-submit refuses it in cluster mode.",
    of_key=True,
)
PROPERTY_REPLACED = Code(
    "OF317",
    WARNING,
    "`{property}` has no effect: {reason}",
    "leave it out",
    "spark-submit replaces these properties whatever they say.",
    of_key=True,
)
OTHER_MASTER = Code(
    "OF318",
    ERROR,
    "spark.master `{master}` is not Kubernetes",
    "leave it out: openflow writes k8s://https://kubernetes.default.svc",
    "openflow compiles for Kubernetes only.",
)
CLIENT_DEPLOY_MODE = Code(
    "OF319",
    ERROR,
    "spark.submit.deployMode is `{mode}`, and only `cluster` makes a driver pod",
    "leave it out",
    "What openflow makes is what cluster mode makes.",
)
PROXY_USER_AND_PRINCIPAL = Code(
    "OF320",
    ERROR,
    "`proxyUser` and `{principal}` exclude each other ({place})",
    "keep one of them",
    "spark-submit refuses both together.",
)
NOT_POSITIVE = Code(
    "OF321",
    ERROR,
    "`{property}` is `{value}`, but must be a whole number above 0",
    "correct the value",
    "spark-submit refuses it.",
)
BAD_PORT = Code(
    "OF322",
    ERROR,
    "`{property}` is `{value}`, but must be a port from 1024 to 65535",
    "choose a fixed port",
    "The port is written into pod and Service, so 0, for a port of chance, will not do; and Spark opens none below "
    "1024.",
)
RESERVED_LABEL = Code(
    "OF323",
    ERROR,
    "the label {label} of the {role} is Spark's own",
    "choose another name",
    "spark-submit refuses labels that it sets itself.",
    of_key=True,
)
BAD_SECRET_REFERENCE = Code(
    "OF324",
    ERROR,
    "`{property}` is `{value}`, which does not name a Secret and its key",
    "write name:key",
    "spark-submit refuses it.",
)
HALF_A_PAIR = Code(
    "OF325",
    ERROR,
    "`{property}` needs `{other}`",
    "set both",
    "spark-submit refuses one without the other.",
)
ONE_OR_THE_OTHER = Code(
    "OF326",
    ERROR,
    "`{one}` and `{other}` exclude each other ({place})",
    "keep one of them",
    "spark-submit refuses both together.",
)
BAD_DEVICE = Code(
    "OF327",
    ERROR,
    "device {device}: {reason}",
    "name amount and vendor of the device",
    "spark-submit refuses incomplete devices.",
)
UNKNOWN_STEP = Code(
    "OF328",
    ERROR,
    "the feature step {step} is code that openflow cannot run",
    "leave it out, and say what it does in a pod template or an overlay",
    "Only Volcano's feature step is known.",
)
STEP_NEEDS_POD = Code(
    "OF329",
    ERROR,
    "Volcano's feature step needs `run.as: pod`, not {kind}",
    "use `scheduling: {{scheduler: volcano}}` instead",
    "The step names its group by the application id, which a workload only knows at run time.",
)
NAME_KNOWN_LATE = Code(
    "OF330",
    ERROR,
    "`{property}` cannot be set with `run.as: {kind}`",
    "leave it out: the workload names its pods",
    "A workload makes pods under names of its own.",
    of_key=True,
)
NO_SUCH_CONTAINER = Code(
    "OF331",
    WARNING,
    "the pod template has no container `{container}`; the first, `{first}`, is used{near}",
    "correct the name",
    "spark-submit falls back to the first container too.",
)
UNKNOWN_VOLUME_TYPE = Code(
    "OF332",
    ERROR,
    "`{property}`: there is no volume type {kind}{near}",
    "use one of {known}, or a pod template",
    "spark-submit refuses other types.",
    of_key=True,
)
VOLUME_INCOMPLETE = Code(
    "OF333",
    ERROR,
    "`{property}` needs `{missing}` too",
    "set it{instead}",
    "spark-submit refuses volumes without it.",
)
TWO_SUB_PATHS = Code(
    "OF334",
    ERROR,
    "`{property}` and `{other}` exclude each other ({place})",
    "keep one of them",
    "spark-submit refuses both together.",
)
SIZE_WITHOUT_UNIT = Code(
    "OF335",
    ERROR,
    "`{property}` is {value} bytes, surely a unit is missing",
    "write {value}Gi",
    "spark-submit refuses bare sizes below 1024.",
)
SAME_MOUNT_PATH = Code(
    "OF336",
    ERROR,
    "`{property}` mounts {path}, where `{other}` is mounted already{place}",
    "choose another path",
    "spark-submit refuses two mounts at one path.",
)
NOT_A_POD = Code(
    "OF337",
    ERROR,
    "the pod template {file} is not one Pod: {problem}",
    "write one Pod, as kubectl takes it",
    "A pod template is a Pod.",
)
CLAIM_OF_NOBODY = Code(
    "OF338",
    WARNING,
    "`{property}` names a claim that nobody makes: the pod will wait for it",
    "set options.storageClass and options.sizeLimit too, or make the claim yourself",
    "Spark makes a claim on demand only when it is told class and size; else the pod only refers to it.",
)
CONTENT_KEPT_BACK = Code(
    "OF339",
    NOTE,
    "Secret {name} holds literal data and is not written",
    "make it in the cluster by hand, or let your secret store do so",
    "Literal secret data is never written to files.",
)
NO_DISCOVERY = Code(
    "OF340",
    WARNING,
    "Spark cannot find the devices of type {device}: `{property}` is not set",
    "name a script in the image, for example /opt/spark/examples/src/main/scripts/getGpusResources.sh",
    "Kubernetes gives a container its devices, but does not say which; Spark asks a script in the image.",
)
COMMAND_TAKEN = Code(
    "OF341",
    ERROR,
    "ulimits need the command of the {role}'s main container, which its pod template sets ({place})",
    "raise the limit in that command, or leave it out of the template",
    "Limits are raised by a shell that then becomes the image's entrypoint.",
)
BOUNDS_CROSSED = Code(
    "OF342",
    ERROR,
    "dynamic allocation keeps at least {low} executors, but starts at most {high} ({place})",
    "let the lower bound not exceed the upper one",
    "Spark's driver refuses to start.",
)
VOLUME_NAME_TAKEN = Code(
    "OF343",
    ERROR,
    "the volume name {name} is taken by {other}",
    "choose another name",
    "Names of volumes are unique in a pod; of two with one name, one would be lost.",
)
VARIABLE_TWICE = Code(
    "OF344",
    ERROR,
    "the variable {name} of the {role} is given twice: here and by {other} ({place})",
    "keep one of them",
    "Of two variables with one name, one would be lost.",
)
ID_KNOWN_LATE = Code(
    "OF345",
    ERROR,
    "`{property}` holds {{{{APP_ID}}}}, which `run.as: {kind}` only knows when the pod starts",
    "use a text of your own, or run.as: pod",
    "Labels and annotations of a workload's pods are fixed before its pods exist.",
)
VARIABLE_RESERVED = Code(
    "OF346",
    ERROR,
    "the variable {name} of the driver is openflow's own with `run.as: {kind}`",
    "choose another name",
    "The driver of a workload learns its own name and id from variables.",
)
ONE_POD_ONLY = Code(
    "OF347",
    ERROR,
    "claim.perExecutor says nothing about the driver",
    "leave it out",
    "There is one driver, so its claim is always its own.",
)
REFERENCE_TO_MACHINE = Code(
    "OF348",
    ERROR,
    "{property} refers to {reference} of the submitting machine",
    "write the value, or a variable {{{{ vars.name }}}} that --var or an overlay sets",
    "What is rendered depends on its input alone. In properties that only the driver reads such references stay.",
)
REFERENCE_UNKNOWN = Code(
    "OF349",
    ERROR,
    "{property} refers to {reference}, which is no other property with a value{near}",
    "set that property, or write the value itself",
    "A reference that leads nowhere, or back to itself, would be taken as it stands.",
)
NOT_KUBERNETES = Code(
    "OF350",
    ERROR,
    "the master `{master}` is not a Kubernetes cluster",
    "give the cluster's API server as the master, k8s://https://HOST:PORT",
    "openflow compiles jobs for Kubernetes; a submission to another cluster manager has no such form.",
)
CLIENT_MODE = Code(
    "OF351",
    ERROR,
    "deploy mode `{mode}` makes no driver pod",
    "give cluster as the deploy mode",
    "In client mode the driver runs where spark-submit does, so there is no pod to describe.",
)
NOT_IN_CLUSTER_MODE = Code(
    "OF352",
    ERROR,
    "spark-submit does not start {what} in cluster mode",
    "{hint}",
    "spark-submit refuses shells and servers in cluster mode; a job file with `run: {as: deployment}` can run servers.",
)
NO_PRIMARY_RESOURCE = Code(
    "OF353",
    ERROR,
    "the command line names no application",
    "name a jar, .py or .R after the options, for example local:///opt/app/app.jar",
    "Whatever follows the options of spark-submit is the primary resource and the application's arguments.",
)
NO_MAIN_CLASS = Code(
    "OF354",
    ERROR,
    "{main} needs a main class",
    "give --class: a jar that is not on this machine cannot be asked for its manifest",
    "A jar, or `spark-internal`, runs a class; only Python and R applications have none.",
)
LOCAL_FILE = Code(
    "OF355",
    ERROR,
    "{path} is a file of the submitting machine",
    "bake it into the image and write local:///path/in/image, or upload it and give its URI",
    "spark-submit would upload the file. What openflow writes is static, so the file must be where pods can reach it.",
)
IMPORTED_VALUE = Code(
    "OF356",
    ERROR,
    "{name} must be {expected}, not `{value}`",
    "correct the value; spark-submit refuses it as well",
    "A value does not have the form that spark-submit takes.",
)
IMPORTED_NO_IMAGE = Code(
    "OF357",
    ERROR,
    "no container image is given",
    "set spark.kubernetes.container.image",
    "Driver and executors need an image; spark-submit makes no pod without one.",
)
PROXY_AND_PRINCIPAL = Code(
    "OF358",
    ERROR,
    "a proxy user and a Kerberos principal exclude each other",
    "give one of --proxy-user and --principal",
    "Spark either impersonates a user or logs in as one.",
)
SET_BY_SPARK = Code(
    "OF359",
    ERROR,
    "{name} must not be given: Spark sets it itself",
    "leave it out",
    "Some labels and the driver's bind address belong to Spark; spark-submit gives up when they are set.",
)
LEGACY_PROPERTY_TRANSLATED = Code(
    "OF360",
    WARNING,
    "{name} is now called {replacement}",
    "it is taken as that; use the name of today",
    "A property of an older release was written under its name of today.",
    of_key=True,
)
LEGACY_PROPERTY_DROPPED = Code(
    "OF361",
    WARNING,
    "{name} is left out: {reason}",
    "remove it; nothing reads it",
    "A property of an older release steers something that Spark no longer has.",
    of_key=True,
)
LEGACY_PROPERTY_REFUSED = Code(
    "OF362",
    ERROR,
    "{name} has no counterpart: {reason}",
    "leave it out",
    "A property of an older release meant something that no current release can do.",
    of_key=True,
)
IMPORTED_RELEASE_TOO_OLD = Code(
    "OF363",
    ERROR,
    "Spark {version} is too old{tag}",
    "give the version to move to, --engine-version {newest}, and an image of it",
    "openflow renders Spark from 3.0 on; older releases start their pods in another way.",
)
VERSION_ASSUMED = Code(
    "OF364",
    WARNING,
    "Spark {version} is assumed, the newest",
    "give --engine-version",
    "The version decides what is rendered. Neither an option nor the image's tag told it.",
)
VERSION_FROM_TAG = Code(
    "OF365",
    NOTE,
    "Spark {version} is taken from the tag of {image}",
    "if it runs another version, give --engine-version",
    "The version decides what is rendered; the image's tag looks like one.",
)
READ_BY_CLIENT_ONLY = Code(
    "OF366",
    NOTE,
    "{name} is left out: only the submitting client reads it",
    "drop it",
    "A property steers spark-submit itself, not the application.",
)
OVERWRITTEN_BY_SUBMIT = Code(
    "OF367",
    NOTE,
    "{name} is left out: it is set anew at each submission",
    "drop it",
    "spark-submit replaces what the user gave for this property.",
)
NO_EFFECT_ON_KUBERNETES = Code(
    "OF368",
    NOTE,
    "{name} has no effect on Kubernetes",
    "{advice}",
    "An option is meant for another cluster manager.",
)
NOT_A_SPARK_PROPERTY = Code(
    "OF369",
    NOTE,
    "{name} is left out: it does not begin with `spark.`{near}",
    "{advice}",
    "spark-submit passes over properties that are not Spark's.",
)
TWO_SPELLINGS = Code(
    "OF370",
    ERROR,
    "{name} and {other} are one property with two values ({place})",
    "keep one of them",
    "A property may be written with the prefix of either distribution, but it has one value.",
)
DEFAULTS_NOT_READ = Code(
    "OF371",
    NOTE,
    "spark-defaults.conf was not read",
    "if it counts, name it with --properties-file",
    "spark-submit reads the defaults of its installation; openflow reads only what the command line names.",
)
PROPERTIES_NOT_READ = Code(
    "OF372",
    ERROR,
    "{path} cannot be read: {reason}",
    "correct the path, or the file",
    "A file of properties is missing, is not UTF-8 text, or breaks the rules of the format.",
)
IMPORTED_NO_APPLICATION = Code(
    "OF373",
    WARNING,
    "properties name no application: fill in spec.application, main and, for a jar, class",
    "the job cannot be rendered before",
    "A file of properties says how to run, not what.",
)
CLUSTER_MODE_ASSUMED = Code(
    "OF374",
    NOTE,
    "{what} is not given: {assumed} is assumed",
    "{advice}",
    "Without these options spark-submit would run the application on the spot; a job is for a cluster.",
)
IMAGE_OF_SPARK_2 = Code(
    "OF375",
    WARNING,
    "the image {image} is of Spark 2 and cannot run what is rendered",
    "take an image of a current release, for example apache/spark:{newest}",
    "Images of the old fork start their processes in another way.",
)
CLASS_WITHOUT_EFFECT = Code(
    "OF376",
    NOTE,
    "--class {name} is left out: a Python or R application has no main class",
    "drop it",
    "spark-submit runs the script; the class at most names the application.",
)
READS_AS_EXPRESSION = Code(
    "OF377",
    ERROR,
    "{name} would be read as an expression of openflow",
    "let the application read it from its environment or a file, or write it without the double braces",
    "Double braces around `vars` are evaluated in job files, so this text would not reach the application.",
)
LIMIT_KEPT_LOW = Code(
    "OF378",
    WARNING,
    "`{property}` holds {option}: the JVM keeps the soft limit of open files, which is 1024 on many nodes",
    "leave it out, so that the JVM takes the hard limit; or say the soft one: `ulimits.nofile: 65536`",
    "When it starts, the JVM raises its own limit of open files to the hard one, unless it is told not to.",
)
HARD_LIMITS = Code(
    "OF379",
    NOTE,
    "the limits of {limits} are set as far as the hard limits of the node allow",
    "raise hard limits on the nodes, in their container runtime; the image needs /bin/bash",
    "A Pod has no field for limits of processes. A shell before the entrypoint sets the soft ones; the hard ones are "
    "those of the container runtime, which no pod can raise.",
)
JAVA_OPTION_REFUSED = Code(
    "OF380",
    ERROR,
    "`{property}` holds `{option}`, with which Spark does not start",
    "{instead}",
    "Spark sets the heap itself, and takes its own properties from the configuration only.",
)
FACTOR_LIKE_PERCENTAGE = Code(
    "OF381",
    WARNING,
    "`{property}` is {value}: the pod gets {value} times the heap beside the heap",
    "the factor is a share, not a percentage: write 0.1 for 10 %",
    "Memory beside the heap is seldom more than twice the heap; a percentage taken for the factor gives huge pods.",
)
DEPLOYMENT_RESTARTS = Code(
    "OF382",
    NOTE,
    "a Deployment starts the driver again whenever it ends, and {what} is no server that openflow knows",
    "let it run without end, as servers and streams do; run work that ends as pod, job or cronjob",
    "A batch job in a Deployment would do its work over and over.",
)
REMOTE_AND_MASTER = Code(
    "OF383",
    ERROR,
    "{other} ({place}) cannot stand beside a Spark Connect server to submit to",
    "give --master and --deploy-mode, or --remote alone",
    "spark-submit either starts an application or asks a server, and refuses arguments that say both.",
)
PROPERTY_OUTDATED = Code(
    "OF384",
    WARNING,
    "`{property}` is out of date since Spark {since}{instead}",
    hint="leave it out, or take its successor",
    about="Spark warns of the property in its log, ignores it, or refuses a value other than the default.",
    bad="""\
job: {spec: {conf: {spark.blacklist.enabled: true}}}
""",
    good="""\
job: {spec: {conf: {spark.excludeOnFailure.enabled: true}}}
""",
    source="the lists of SparkConf and SQLConf of Spark 4.3",
    of_key=True,
)
HEARTBEAT_TOO_SLOW = Code(
    "OF385",
    ERROR,
    "`spark.executor.heartbeatInterval` of {heartbeat} is not shorter than `spark.network.timeout` of {timeout}{place}",
    hint="let several heartbeats fit into the timeout; a bare number counts milliseconds there, and seconds here",
    about="Spark refuses to start, as every executor would be taken for lost between two heartbeats.",
    bad="""\
job: {spec: {conf: {spark.executor.heartbeatInterval: 120s}}}
""",
    good="""\
job: {spec: {conf: {spark.executor.heartbeatInterval: 30s, spark.network.timeout: 300}}}
""",
    source="SparkConf.validateSettings",
)
SCALA_MIXED = Code(
    "OF386",
    WARNING,
    "{what} is built for Scala {of_jar}, and {other} for {wanted} ({place})",
    hint="take the build whose name ends in _{wanted}",
    about="Classes of one Scala version do not fit another: the job would end with NoSuchMethodError or the like.",
    bad="""\
job: {spec: {application: {packages: ["io.delta:delta-spark_2.12:4.0.0"]}}}
""",
    good="""\
job: {spec: {application: {packages: ["io.delta:delta-spark_2.13:4.0.0"]}}}
""",
    source="Scala's binary compatibility; Spark 4 is built for Scala 2.13 alone",
)
PACKAGE_OF_OTHER_VERSION = Code(
    "OF387",
    WARNING,
    "{package} is made for Spark {of_package}, and the job runs {version} ({place})",
    hint="take the package of the same version",
    about="Packages of Spark's own use its internals, which differ from one release to the next.",
    bad="""\
job: {spec: {application: {packages: ["org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.0"]}}}
""",
    good="""\
job: {spec: {application: {packages: ["org.apache.spark:spark-sql-kafka-0-10_2.13:4.3.0"]}}}
""",
    source="Spark's releases",
)
FETCHED_IN_CLEAR = Code(
    "OF388",
    NOTE,
    "{what} `{uri}` is fetched without encryption, and nothing is compared with what was meant",
    hint="put it into the image (local://), or fetch it by https or from an object store",
    about="Whoever can change what passes over the network decides what the driver runs. Spark knows no checksums.",
    bad="""\
job: {spec: {application: {main: "http://files.example/app.jar"}}}
""",
    good="""\
job: {spec: {application: {main: "https://files.example/app.jar"}}}
""",
    source="Spark's way to fetch files",
)
EVENT_LOG_LOST = Code(
    "OF389",
    WARNING,
    "event logs go to {folder}, a folder of the driver's container that is no volume",
    hint="set spark.eventLog.dir to an object store or HDFS, or mount a volume there",
    about="The logs are lost with the pod. If the image does not have the folder, the driver does not even start.",
    bad="""\
job: {spec: {conf: {spark.eventLog.enabled: true}}}
""",
    good="""\
job: {spec: {conf: {spark.eventLog.enabled: true, spark.eventLog.dir: "s3a://logs/spark"}}}
""",
    source="EventLogFileWriter of Spark 4.3",
)
TEMPLATE_OVERWRITTEN = Code(
    "OF390",
    WARNING,
    "`{field}` of the {role}'s pod template is {value}, which Spark replaces by {wanted}",
    hint="leave it out, and set {instead}",
    about="Spark writes some fields of a pod whatever its template says.",
    bad="""\
job:
  spec:
    executor:
      template:
        spec: {containers: [{name: main, resources: {limits: {memory: 8Gi}}}]}
""",
    good="""\
job:
  spec:
    executor:
      memory: 7g
      template:
        spec: {containers: [{name: main, resources: {limits: {ephemeral-storage: 8Gi}}}]}
""",
    source="BasicDriverFeatureStep and BasicExecutorFeatureStep of Spark 4.3",
)
BLANKS_LOST = Code(
    "OF391",
    WARNING,
    "`{property}` begins or ends with blanks, which Spark takes away",
    hint="write the value without them, or say it in another way, such as \\\\u0020 where the reader knows escapes",
    about="Spark trims what it reads from spark.properties.",
    bad="""\
job: {spec: {conf: {spark.app.name: "report "}}}
""",
    good="""\
job: {spec: {conf: {spark.app.name: "daily report"}}}
""",
    source="Utils.getPropertiesFromFile of Spark 4.3",
)
SHUFFLE_LOST = Code(
    "OF392",
    ERROR,
    "dynamic allocation has no way to keep the shuffle files of executors that it removes",
    hint="let spark.dynamicAllocation.shuffleTracking.enabled be true, or decommission executors",
    about="Spark's driver refuses to start: it would remove executors whose shuffle files are still needed.",
    bad="""\
job:
  spec:
    executor: {instances: null, dynamicAllocation: {min: 1, max: 5}}
    conf: {spark.dynamicAllocation.shuffleTracking.enabled: false}
""",
    good="""\
job:
  spec:
    executor: {instances: null, dynamicAllocation: {min: 1, max: 5}}
    conf: {spark.dynamicAllocation.shuffleTracking.enabled: true}
""",
    source="ExecutorAllocationManager of Spark 4.3",
)
NO_SHUFFLE_SERVICE = Code(
    "OF393",
    WARNING,
    "`spark.shuffle.service.enabled` needs a shuffle service on every node, and Spark brings none to Kubernetes",
    hint="leave it out; dynamic allocation tracks shuffle files instead",
    about="Executors that find no shuffle service on their node end again.",
    bad="""\
job: {spec: {conf: {spark.shuffle.service.enabled: true}}}
""",
    good="""\
job: {spec: {conf: {spark.shuffle.service.enabled: false}}}
""",
    source="BlockManager.registerWithExternalShuffleServer of Spark 4.3",
)
INITIAL_OVER_MAX = Code(
    "OF394",
    WARNING,
    "the application starts with {count} executors, more than the {most} that dynamic allocation may start ({place})",
    hint="lower `{property}`, or raise the upper bound",
    about="Spark asks for the first executors without looking at the bound. `executor.instances` is such a number too.",
    bad="""\
job:
  spec:
    executor: {instances: 9, dynamicAllocation: {min: 1, max: 5}}
""",
    good="""\
job:
  spec:
    executor: {instances: null, dynamicAllocation: {min: 1, max: 5, initial: 3}}
""",
    source="ExecutorAllocationManager of Spark 4.3",
)
UNBOUNDED = Code(
    "OF395",
    NOTE,
    "dynamic allocation may start any number of executors",
    hint="set executor.dynamicAllocation.max",
    about="A stage with many tasks would take as many executors as the cluster gives.",
    bad="""\
job:
  spec:
    executor: {instances: null, dynamicAllocation: {min: 1}}
""",
    good="""\
job:
  spec:
    executor: {instances: null, dynamicAllocation: {min: 1, max: 5}}
""",
    source="the default of spark.dynamicAllocation.maxExecutors",
)
HEAP_TOO_SMALL = Code(
    "OF396",
    ERROR,
    "`{property}` is {value}, and Spark needs a heap of at least 450m",
    hint="raise it; Spark keeps 300m for itself, and refuses a heap below one and a half times that",
    about="The driver refuses to start: it looks at its own heap and at the size that executors will have.",
    bad="""\
job: {spec: {executor: {memory: 256m}}}
""",
    good="""\
job: {spec: {executor: {memory: 512m}}}
""",
    source="UnifiedMemoryManager of Spark 4.3",
    ignorable=True,
)
HEAP_TEXT = Code(
    "OF397",
    ERROR,
    "`spark.driver.memory` is `{value}`, which reaches the JVM as -Xmx{value}: {problem}",
    hint="write a whole number and k, m, g or t",
    about="spark-submit passes the driver's memory on as it is written, and the JVM knows fewer units than Spark.",
    bad="""\
job: {spec: {driver: {memory: null}, conf: {spark.driver.memory: 2gb}}}
""",
    good="""\
job: {spec: {driver: {memory: null}, conf: {spark.driver.memory: 2g}}}
""",
    source="SparkSubmitCommandBuilder of Spark 4.3",
)
TOO_FEW_CPUS = Code(
    "OF398",
    WARNING,
    "an executor runs {slots} tasks of {each} at once, and may use no more than {limit} CPU",
    hint="raise {property} to {cores}, leave it out, or lower the executor's cores",
    about="Tasks that share too few CPUs are slowed down by the kernel, and heartbeats come late.",
    bad="""\
job: {spec: {executor: {cores: 4, cpu: {request: 1, limit: 1}}}}
""",
    good="""\
job: {spec: {executor: {cores: 4, cpu: {request: 2, limit: 4}}}}
""",
    source="how Kubernetes limits CPU",
)
DEVICE_IDLE = Code(
    "OF399",
    WARNING,
    "executors get devices of type {device}, and no task asks for one: `{property}` is not set",
    hint="set it, for example to 1, or to a share such as 0.25 for four tasks to a device",
    about="Spark gives a device only to tasks that ask for it, so it is paid for and not used.",
    bad="""\
job:
  spec:
    executor: {devices: {nvidia.com/gpu: 1}}
    conf: {spark.executor.resource.gpu.discoveryScript: /opt/gpus.sh}
""",
    good="""\
job:
  spec:
    executor: {devices: {nvidia.com/gpu: 1}}
    conf: {spark.executor.resource.gpu.discoveryScript: /opt/gpus.sh, spark.task.resource.gpu.amount: 1}
""",
    source="ResourceProfile of Spark 4.3",
)
