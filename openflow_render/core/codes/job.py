"""OF2xx: the job."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

UNKNOWN_JOB_FIELD = Code(
    "OF201",
    ERROR,
    "unknown field `{field}`{hint}",
    "`openflow schema {kind}` lists all fields",
    "A field that the format does not know. A misspelt field would otherwise be ignored in silence.",
)
MISSING_FIELD = Code("OF202", ERROR, "`{field}` is missing", "add it", "A field that every job must have is absent.")
WRONG_JOB_TYPE = Code(
    "OF203",
    ERROR,
    "{field} must be {wanted}, not {got}",
    "{hint}",
    "A value has another type than the field takes.",
)
NOT_ONE_OF = Code(
    "OF204",
    ERROR,
    "{field} `{value}` is not one of {allowed}{hint}",
    "take one of those",
    "The field takes a fixed choice.",
)
OUT_OF_BOUNDS = Code(
    "OF205", ERROR, "{field} {reason}", "change the value", "A number or a length is outside its bounds."
)
BAD_FORM = Code(
    "OF210", ERROR, '{field} "{value}" is not {what}', "{hint}", "A text does not have the form that the field takes."
)
CLASH = Code(
    "OF220",
    ERROR,
    "{field} is {value}, but {other} is {other_value} ({place})",
    "keep one of them",
    "A field and the property that it stands for, or two spellings of one property, say different things.",
)
ONLY_WITH = Code(
    "OF221",
    ERROR,
    "{field} needs `run.as: {wanted}`, not {kind}",
    "change run.as, or leave the field out",
    "The field says something about another kind of workload.",
)
NO_SCHEDULE = Code(
    "OF222",
    ERROR,
    "a cronjob needs `run.schedule`",
    'write it in five fields, for example "0 2 * * *"',
    "When a cron job starts.",
)
BAD_SCHEDULE = Code(
    "OF223",
    ERROR,
    "run.schedule `{schedule}` is not a cron schedule: {reason}",
    'write minute, hour, day, month and weekday, for example "0 2 * * *"',
    "The API server refuses other texts.",
)
PLAIN_NAME = Code(
    "OF224",
    ERROR,
    "run.rerun cannot be set with `run.as: {kind}`: its name stays the same",
    "leave it out",
    "What differs from run to run of a cronjob or deployment is decided when the pod starts.",
)
NO_RUN_ID = Code(
    "OF225",
    ERROR,
    "`run.rerun: always` needs a text that differs each time",
    "give --run-id, for example the build number",
    "Output is a pure function of its input, so the run's id must be one.",
)
NO_NAMESPACE = Code(
    "OF226",
    NOTE,
    "the job names no namespace; `default` is taken",
    "set metadata.namespace, or give --namespace",
    "The kubeconfig's namespace is never read.",
)
NOT_ONE_OBJECT = Code(
    "OF228",
    ERROR,
    "the template {file} is not one object",
    "write one YAML document that is a map",
    "A template is one Kubernetes object.",
)
TEMPLATE_EXPRESSION = Code(
    "OF229",
    ERROR,
    "the expression `{expression}` is not allowed: {reason}",
    "a template only places values",
    "Expressions in templates are a small part of Jinja2's.",
)
TEMPLATE_VALUE = Code(
    "OF230",
    ERROR,
    "the template {template} asks for `{name}`, which is not there{near}",
    "compare with the built-in template: `openflow init --templates`",
    "A template may use the plan's properties only.",
)
PATCH_MATCHES = Code(
    "OF231",
    ERROR,
    "the patch matches {count} in job {job}, but expects {expected}",
    "correct its target: the objects are {known}",
    "A patch that matches nothing is usually a misspelt target.",
)
PATCH_FAILED = Code(
    "OF232",
    ERROR,
    "the patch does not fit {object}: {reason}",
    "correct its path or its value",
    "An operation of RFC 6902 could not be carried out, or the patch leaves no map where one must be.",
)
PATCHED_IDENTITY = Code(
    "OF233",
    ERROR,
    "the patch changes {field} of {object}",
    "patches may not rename objects",
    "Names, namespaces and kinds are what other objects refer to.",
)
NO_GANG = Code(
    "OF234",
    ERROR,
    "scheduling.gang reserves nothing: {why}",
    "leave it out, or choose volcano, yunikorn or coscheduling and another run.as",
    "A gang holds room for a whole application; not every scheduler and workload can have one.",
)
QUEUE_UNREAD = Code(
    "OF235",
    ERROR,
    "the scheduler `{scheduler}` has no queues, so `{queue}` would be ignored",
    "leave scheduling.queue out, or choose volcano, yunikorn or kueue",
    "A queue that nothing reads suggests a limit that does not exist.",
)
NO_QUEUE = Code(
    "OF236",
    ERROR,
    "the scheduler `{scheduler}` needs a queue",
    "set scheduling.queue",
    "Without the name of its queue the job would pass the scheduler by.",
)
GROUP_OF_MANY_RUNS = Code(
    "OF237",
    ERROR,
    "`scheduler: {scheduler}` makes one PodGroup, and a cronjob makes many runs",
    "choose another scheduler, or run.as: job with a schedule of your own around it",
    "A PodGroup has one life, from pending to finished; the second run would meet the group of the first.",
)
VOLUME_SOURCES = Code(
    "OF238",
    ERROR,
    "the volume {name} has {count}, and needs one",
    "say what it is: claim, or a source of Kubernetes such as persistentVolumeClaim, configMap or emptyDir",
    "A volume comes from exactly one source.",
)
NO_SUCH_LOCAL_DIR = Code(
    "OF239",
    ERROR,
    "localDirs names the volume {name}, which is not among the volumes{near}",
    "add it to volumes, or correct the name",
    "localDirs picks volumes of the same role that serve as scratch space.",
)
FILE_NAME_TAKEN = Code(
    "OF241",
    ERROR,
    "the file name {name} is taken by {other}",
    "give the file another name",
    "Files lie side by side in one folder of the pod, so each needs a name of its own.",
)
BAD_TIME_ZONE = Code(
    "OF242",
    ERROR,
    "run.timeZone `{zone}` is no time zone{near}",
    "write a name of the IANA database, for example Europe/Berlin or UTC",
    "The API server knows the names of the IANA database, and refuses `Local` and the empty text.",
)
TTL_UNDER_CONTROLLER = Code(
    "OF243",
    ERROR,
    "{controller} makes a Job again that its time to live has removed, so the work would be done again and again",
    "leave run.ttlAfterFinished out for this target, for example by an overlay with `ttlAfterFinished: null`",
    "A controller keeps in the cluster what git holds, and cannot know that a Job is gone because it has finished.",
)
SERVICE_DELETED = Code(
    "OF244",
    WARNING,
    "the driver deletes its Service when it ends, and {controller} makes it again",
    "leave the property out: it is false where a controller syncs the objects",
    "A driver deletes the Service with its application id unless "
    "`spark.kubernetes.driver.service.deleteOnTermination` is false.",
)
POD_NAME_STAYS = Code(
    "OF245",
    ERROR,
    "`{property}` gives every run the same Pod, which {controller} cannot change",
    "leave the property out, or set run.rerun: never",
    "A Pod cannot be changed once it is there, so a run needs a Pod with a name of its own. A change would be refused "
    "again and again, with Flux that of all other jobs of the target, too.",
)
POD_COMES_BACK = Code(
    "OF246",
    WARNING,
    "{controller} makes a Pod again that is deleted or collected, so the work would be done again",
    "set run.as: job",
    "Kubernetes collects finished Pods when there are many, and drains and evictions delete Pods. A Job without a "
    "time to live stays, and its Pod is not made again once it has finished.",
)
IGNORES_NOTHING = Code(
    "OF251",
    WARNING,
    "there is no {name} to ignore here",
    hint="take the entry out, or correct its code, job or object",
    about="What is ignored was found when the entry was written, and is not any more; or it never was.",
)
CANNOT_IGNORE = Code(
    "OF252",
    ERROR,
    "{name} cannot be ignored",
    hint="mend what it finds; what the cluster has can be told by `given`",
    about="Warnings, notes and some errors that a user may know better can be ignored; not what is sure to be refused.",
)
DRIVER_RESTARTS = Code(
    "OF253",
    WARNING,
    "`{field}` of {object} is {value}, so the driver is started again in the same pod, with the same application id",
    hint="leave it at Never; for retries set run.as: job and run.retries, which give each try a pod of its own",
    about="Executors, claims and event logs of the run before carry the same id. A driver is started once in a pod.",
    bad="""\
patches:
  - target: {kind: Pod}
    merge: {spec: {restartPolicy: OnFailure}}
""",
    good="""\
job:
  spec:
    run: {as: job, retries: 2}
""",
    source="Spark's driver pods, which spark-submit makes with restartPolicy Never",
)
