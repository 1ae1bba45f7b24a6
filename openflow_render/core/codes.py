"""Every diagnostic, in one list. The documentation's table and ``openflow codes`` are printed from it.

OF1xx reading and overlays, OF2xx the job, OF3xx the engine and its properties, OF4xx Kubernetes schema and versions,
OF5xx references between objects, OF6xx security and secrets, OF7xx scheduling and quota, OF8xx the cluster. A number
is never used twice.
"""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

# --- OF10x to OF14x: reading files ------------------------------------------------------------------------------

NO_SUCH_FILE = Code(
    "OF100",
    ERROR,
    "there is no file or folder {path}",
    hint="check the spelling; paths are relative to the working directory",
    about="A path on the command line names nothing.",
)
UNREADABLE = Code(
    "OF101",
    ERROR,
    "{path} cannot be read: {reason}",
    hint="check what it is, and its permissions",
    about="The operating system refused to open a file or folder, or it is neither.",
)
EMPTY_FILE = Code(
    "OF102",
    ERROR,
    "the file is empty",
    hint="`openflow init` writes a job file to start from",
    about="A file named on the command line holds no document.",
)
NO_JOB_IN_FILE = Code(
    "OF103",
    ERROR,
    "the file holds no openflow job",
    hint="a job begins with `apiVersion: openflow.io/v1` and `kind: Job`",
    about="A file named on the command line must hold at least one job. In folders, other files are passed over.",
)
NO_JOB_IN_FOLDER = Code(
    "OF104",
    ERROR,
    "no .yaml, .yml or .json file in this folder holds an openflow job",
    hint="a job begins with `apiVersion: openflow.io/v1` and `kind: Job`",
    about="A folder is searched for jobs, with all folders below it except hidden ones.",
)
OTHER_VERSION = Code(
    "OF105",
    ERROR,
    "{kind} of {version} is not a version this openflow knows",
    hint="write `apiVersion: openflow.io/v1`, or use the openflow release that knows {version}",
    about="Our own documents carry the version of their format; this release knows openflow.io/v1.",
)
SAME_JOB = Code(
    "OF106",
    ERROR,
    "the job {name} stands in {first} already",
    hint="give one of them another name or namespace",
    about="Two jobs of one run have the same namespace and name, so each would overwrite the other's objects.",
)
UNKNOWN_KIND = Code(
    "OF107",
    ERROR,
    "openflow.io has no kind {kind}{nearest}",
    hint="write `kind: Job`, `kind: Overlay` or `kind: Project`",
    about="A document of our own group is one of these; another kind would be passed over in silence.",
)
NOT_UTF8 = Code(
    "OF110",
    ERROR,
    "the file is not UTF-8: {reason}",
    hint="save it as UTF-8",
    about="Files are read as UTF-8 and nothing else; UTF-16 and Latin-1 are refused rather than guessed.",
)
FORBIDDEN_CHARACTER = Code(
    "OF111",
    ERROR,
    "the character U+{point} ({what}) may not stand here",
    hint="remove it, or write it as an escape in double quotes",
    about="Characters that no reviewer sees, or that some take for a line break, can hide what a file says.",
)
YAML_SYNTAX = Code(
    "OF112",
    ERROR,
    "this is not YAML: {reason}",
    hint="{advice}",
    about="The file breaks the grammar of YAML 1.2; nothing after this place was read.",
)
FILE_TOO_LARGE = Code(
    "OF113",
    ERROR,
    "the file is larger than 4 MiB",
    hint="split it; jobs in separate files are read together",
    about="A bound on input, so that no file can exhaust time or memory.",
)
TOO_DEEP = Code(
    "OF114",
    ERROR,
    "maps and lists are nested more than 64 deep",
    hint="no job needs this; check the file for stray brackets",
    about="A bound on input, so that no file can exhaust the stack.",
)
TOO_MANY_DOCUMENTS = Code(
    "OF115",
    ERROR,
    "the file holds more than 1000 documents",
    hint="split it; jobs in separate files are read together",
    about="A bound on input, so that no file can exhaust time or memory.",
)
TOO_MANY_VALUES = Code(
    "OF116",
    ERROR,
    "the file holds more than 100000 values",
    hint="split it; jobs in separate files are read together",
    about="A bound on input, so that no file can exhaust time or memory.",
)
TOO_MANY_ANCHORS = Code(
    "OF117",
    ERROR,
    "the file holds more than 1000 anchors",
    hint="use overlays and vars for what jobs have in common",
    about="A bound on input, so that no file can exhaust time or memory.",
)
ALIAS_BOMB = Code(
    "OF118",
    ERROR,
    "aliases repeat more than 1 MiB of content",
    hint="use overlays and vars for what jobs have in common",
    about="Aliases of aliases can turn a few lines into gigabytes, so what they repeat is bounded.",
)
CYCLIC_ALIAS = Code(
    "OF119",
    ERROR,
    "*{anchor} stands inside what it repeats",
    hint="write the value out",
    about="A value that contains itself has no end.",
)
UNKNOWN_ALIAS = Code(
    "OF120",
    ERROR,
    "no anchor &{anchor} stands before this place",
    hint="text that begins with `*` needs quotes",
    about="An alias repeats a value that was marked earlier in the same document.",
)
DUPLICATE_KEY = Code(
    "OF121",
    ERROR,
    "the key {key} stands at line {line} already",
    hint="keep one of the two",
    about="Most readers silently keep the last of two equal keys, so the first would be lost.",
)
TAG = Code(
    "OF122",
    ERROR,
    "the tag {tag} is not allowed",
    hint="remove it; text that looks like a number or begins with `!` needs quotes",
    about="Tags make a reader build other types than the text shows, so a job needs none.",
)
KEY_NOT_TEXT = Code(
    "OF123",
    ERROR,
    "a key must be text, and {key} is not",
    hint="put it in quotes",
    about="Keys that YAML reads as a number, a truth value, null, a list or a map have no place in Kubernetes objects.",
)
MERGE_KEY = Code(
    "OF124",
    ERROR,
    "the merge key << is not supported",
    hint="write the fields out, or put what jobs have in common in an overlay",
    about="Merge keys are no part of YAML 1.2, and readers differ in what they mean.",
)
LEADING_ZERO = Code(
    "OF125",
    ERROR,
    "readers of YAML disagree about {text}: octal for some, decimal for others",
    hint='write "{text}" for text, 0o{octal} for octal, {decimal} for the number',
    about="YAML 1.1 reads 0755 as octal (493), YAML 1.2 as decimal (755).",
)
NOT_FINITE = Code(
    "OF126",
    ERROR,
    "{text} is not a finite number",
    hint="put it in quotes if text is meant",
    about="JSON, and so Kubernetes, has no way to write an infinite number or `not a number`.",
)
INTEGER_TOO_LARGE = Code(
    "OF127",
    ERROR,
    "the number {text} does not fit 64 bits",
    hint="put it in quotes if text is meant",
    about="Kubernetes holds integers in 64 bits; a larger one would lose digits.",
)
RESERVED_CHARACTER = Code(
    "OF128",
    ERROR,
    "the text holds U+{point}, which cannot be written to Kubernetes objects",
    hint="remove it",
    about="NUL is refused by Kubernetes, and two private-use characters stand for names that openflow computes.",
)
FILE_IS_URL = Code(
    "OF130",
    ERROR,
    "{path} is a URL, and this file becomes part of an object",
    hint="download it and name the file, relative to the job file",
    about="Output is a pure function of files; nothing is fetched while rendering.",
)
FILE_MISSING = Code(
    "OF131",
    ERROR,
    "there is no file {path}",
    hint="it is looked up as {looked}",
    about="A file that a job names does not exist. Paths are relative to the job file.",
)
FILE_OUTSIDE = Code(
    "OF132",
    ERROR,
    "{path} leaves the project folder {root}",
    hint="copy the file into the project; symbolic links may not lead out of it either",
    about="What a job, an overlay or a project file names is in its own project: rendering a stranger's is safe.",
)
FILE_NOT_REGULAR = Code(
    "OF133",
    ERROR,
    "{path} is not a regular file",
    hint="name a file, not a folder or a device",
    about="Only regular files become part of objects.",
)
FILE_OVERSIZED = Code(
    "OF134",
    ERROR,
    "{path} is larger than 1 MiB",
    hint="Kubernetes objects cannot hold it; bake it into the image or mount a volume",
    about="A ConfigMap or Secret holds at most 1 MiB.",
)
FILE_NOT_TEXT = Code(
    "OF135",
    ERROR,
    "{path} is not UTF-8 text",
    hint="save it as UTF-8; binary files belong in the image or a volume",
    about="A file that becomes text in an object must be UTF-8 without NUL and without the characters of OF128.",
)
FILE_ABSOLUTE = Code(
    "OF136",
    NOTE,
    "{path} is an absolute path, so the output depends on this machine",
    hint="copy the file into the project and name it relative to the job file",
    about="Someone else who renders the same job may get another result.",
)
LINK_OUTSIDE = Code(
    "OF138",
    WARNING,
    "{path} leads out of the project folder {root}, so it is not read",
    hint="copy what it leads to into the project, or name the path on the command line",
    about="A folder is searched for jobs, and symbolic links in it are followed inside the project only.",
)
TEMPLATE_NO_OBJECT = Code(
    "OF139",
    ERROR,
    "the template {file} makes no Kubernetes object: {field} is not what it is in every object",
    hint="begin with `openflow init --templates`, which copies the built-in templates",
    about="Whatever a template of the project holds, its object has apiVersion, kind and metadata with a name.",
)
FILE_UNREADABLE = Code(
    "OF137",
    ERROR,
    "{path} cannot be read: {reason}",
    hint="check its permissions",
    about="The operating system refused to open a file that a job names.",
)

# --- OF14x: the project file ------------------------------------------------------------------------------------

NOT_A_PROJECT = Code(
    "OF140",
    ERROR,
    "the file must hold one project, and nothing else",
    hint="a project begins with `apiVersion: openflow.io/v1` and `kind: Project`; `openflow init` writes one",
    about="`openflow.yaml` at the root of a repository is the project file.",
)
UNKNOWN_CODE = Code(
    "OF141",
    ERROR,
    "there is no finding {name}{nearest}",
    hint="`openflow codes` lists them",
    about="Findings are weighed and ignored by their codes.",
)
ERROR_LOWERED = Code(
    "OF142",
    ERROR,
    "{name} is an error, and cannot be made a {severity}",
    hint="mend what it finds; only what is a warning or a note can be weighed otherwise",
    about="What is an error would be refused by the cluster or the engine, or could not work.",
)
CLUSTER_BY_CONTEXT = Code(
    "OF143",
    ERROR,
    "the cluster of {name} is named by its context only, which may mean another cluster on another machine",
    hint="add `server`, the URL of the API server, or `ca`, the hash of its authority's certificate",
    about="A target is bound to a cluster by what is the same for everybody.",
)
TARGET_LACKS = Code(
    "OF144",
    ERROR,
    "the target {name} lacks {field}, which `to: {form}` needs",
    hint="give it in the target, or for all targets under `spec`",
    about="The objects for Argo CD and Flux say where the tree is read from.",
)
FOLDERS_OVERLAP = Code(
    "OF145",
    ERROR,
    "the folder {folder} and {other}, that of {name}, lie in each other",
    hint="give every target a folder of its own, such as deploy/<target>",
    about="Each target's folder holds exactly what the target is rendered to.",
)

SET_SERVES_ALL = Code(
    "OF146",
    ERROR,
    "the target {name} has its own argocd.{field}, but one ApplicationSet serves all targets",
    hint="give it under spec.argocd, or leave applicationSet out",
    about="What an ApplicationSet says of its Applications is the same for all, but for repository, path and cluster.",
)
NO_MANIFEST = Code(
    "OF147",
    ERROR,
    "there is no manifest here",
    hint="name YAML files, or folders of them",
    about="`manifests` of a target names files that go into its tree as they are.",
)
NOT_A_MANIFEST = Code(
    "OF148",
    ERROR,
    "this is not one Kubernetes object with apiVersion, kind and metadata.name",
    hint="keep other files out of the folders that `manifests` names, and give each object of a List a document",
    about="`manifests` of a target names files that go into its tree as they are.",
)
MANIFEST_TWICE = Code(
    "OF149",
    ERROR,
    "{object} is made by a job, or stands in another manifest, already",
    hint="keep one of them",
    about="A tree holds each object once; what builds or applies it would fail, or let one overwrite the other.",
)

# --- OF15x to OF19x: overlays, --set, expressions ---------------------------------------------------------------

NO_SUCH_OVERLAY = Code(
    "OF150",
    ERROR,
    "there is no overlay {name}{nearest}",
    hint="{advice}",
    about="Overlays are found in the project, in the working directory, and among those that ship with openflow.",
)
NOT_AN_OVERLAY = Code(
    "OF151",
    ERROR,
    "the file must hold one overlay, and holds {count}",
    hint="an overlay begins with `apiVersion: openflow.io/v1` and `kind: Overlay`",
    about="A file named with -o or in `extends` holds exactly one overlay.",
)
OVERLAY_CYCLE = Code(
    "OF152",
    ERROR,
    "overlays extend each other in a circle: {chain}",
    hint="remove one `extends`",
    about="An overlay may not extend itself, directly or through others.",
)
BAD_EXPECT = Code(
    "OF153",
    ERROR,
    "expect: {value} is not a count",
    hint="write a number, or a range such as 0..1 or 2..",
    about="`expect` says how many objects a patch must match; without it, at least one.",
)
BAD_OPERATION = Code(
    "OF154",
    ERROR,
    "the JSON patch operation {reason}",
    hint="operations are those of RFC 6902: add, remove, replace, move, copy, test",
    about="An entry under `json` of a patch has a wrong shape.",
)
BAD_PATCH = Code(
    "OF155",
    ERROR,
    "the patch {reason}",
    hint="a patch has a `target` with kind, name or labels, and `merge` or `json`",
    about="A patch has a wrong shape, perhaps only after its expressions were evaluated.",
)
SAME_ITEM = Code(
    "OF156",
    ERROR,
    "the list {field} holds two items called {name}",
    hint="keep one of the two",
    about="Kubernetes tells the items of this list apart by their key, so one of the two would be lost.",
)
BAD_DIRECTIVE = Code(
    "OF157",
    ERROR,
    "$patch: {value} has no meaning here",
    hint="`replace` stands in a map or list, `delete` in an item of a list with names; null removes a field",
    about="The directives of strategic merge that overlays and patches know.",
)
BAD_EXPRESSION = Code(
    "OF160",
    ERROR,
    "{{{{{text}}}}} is not an expression that openflow knows: {reason}",
    hint="an expression names vars, such as {{{{ vars.bucket }}}}, with arithmetic, comparison, `~` and a few filters",
    about="Expressions are a small part of Jinja2: no calls, no loops, no access to anything but vars.",
)
UNDEFINED_VAR = Code(
    "OF161",
    ERROR,
    "{name} is not defined{nearest}",
    hint="define it under spec.vars of the job or of an overlay, or with --var",
    about="An expression names a variable that no file and no --var defines.",
)
EXPRESSION_FAILED = Code(
    "OF162",
    ERROR,
    "{text} cannot be computed: {reason}",
    hint="check the types of the vars it names",
    about="An expression is well formed but its values do not fit, such as arithmetic on text.",
)
NOT_INSIDE_TEXT = Code(
    "OF163",
    ERROR,
    "{{{{{text}}}}} is {what}, which cannot stand inside text",
    hint="let the expression be the whole value, or name a scalar",
    about="Only text, numbers and truth values may be embedded in a text.",
)
VARS_NOT_A_MAP = Code(
    "OF164",
    ERROR,
    "vars must be a map",
    hint="write `vars: {{bucket: s3a://data}}`",
    about="Variables have names.",
)
VAR_USES_VARS = Code(
    "OF165",
    ERROR,
    "the var {name} uses other vars",
    hint="write its value out, or put the parts together where it is used",
    about="Expressions are evaluated once, after all vars are known, so vars hold none themselves.",
)
SET_TYPE = Code(
    "OF170",
    ERROR,
    "{field} needs {wanted}, and {text} is not",
    hint="{advice}",
    about="The schema of the job decides what the text after --set becomes; maps and lists need --set-json.",
)
SET_NOWHERE = Code(
    "OF171",
    ERROR,
    "{field} cannot be set: {reason}",
    hint="address list items by name, env[A].value, or by index, args[0]",
    about="A path given to --set leads through a value that is no map or list, or to an item that cannot be made.",
)
SET_VARS = Code(
    "OF172",
    ERROR,
    "vars are not set with --set",
    hint="use --var {name}=...",
    about="Vars are merged before expressions are evaluated, and --set comes after.",
)
SET_MISPLACED = Code(
    "OF173",
    ERROR,
    "a job has no field {field}",
    hint="write {meant}",
    about="Fields are addressed from the top of the job file, and names with dots stand in brackets.",
)
RUN_ID_UNUSED = Code(
    "OF174",
    NOTE,
    "--run-id has no effect: no job has `run.rerun: always`",
    hint="leave it out, or set run.rerun",
    about="The run's id counts only where each run is another.",
)
VAR_UNUSED = Code(
    "OF175",
    NOTE,
    "the var {name} is used nowhere",
    hint="leave --var out, or correct its name",
    about="No expression of a job or overlay of this run names the variable.",
)
NOTHING_GIVEN = Code(
    "OF176",
    ERROR,
    "{path} says nothing about the cluster: no object is in it",
    hint="name YAML files, or folders of them, as `kubectl get -o yaml` prints them",
    about="`given` of the project and --given name what the cluster has: quotas, queues, ConfigMaps and the like.",
)
NO_OBJECT_GIVEN = Code(
    "OF177",
    ERROR,
    "this is no Kubernetes object: it lacks apiVersion, kind or metadata.name",
    hint="keep other files out of the folders that `given` names",
    about="`given` of the project and --given name what the cluster has: quotas, queues, ConfigMaps and the like.",
)
GIVEN_UNUSED = Code(
    "OF178",
    NOTE,
    "no rule makes use of {kind} of {version}",
    hint="leave it out, or correct its name",
    about="Of what is said about the cluster only kinds count that a rule looks at; others are passed over.",
)
GIVEN_TWICE = Code(
    "OF179",
    ERROR,
    "{object} is given already, at {first}",
    hint="keep one of them",
    about="The cluster holds each object once, so one of the two is not what it has.",
)

PAST_REFUSED = Code(
    "OF180",
    WARNING,
    "not all of what was there at {revision} can be compiled{reason}",
    hint="what was refused there counts as new",
    about="`openflow diff --against` compiles the files of a revision as those of today, with the same options.",
)

# --- OF2xx: the job ---------------------------------------------------------------------------------------------

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
    "{field} must be of type {wanted}, not {got}",
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
    "OF205", ERROR, "{field}: {reason}", "change the value", "A number or a length is outside its bounds."
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
    "the template {template} asks for `{name}`, which is not there",
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

# --- OF30x to OF34x: the engine and its properties --------------------------------------------------------------

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
    "the image {image} looks like another version than {version}",
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
    "the image {image} reads no `Openflow.` property",
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
)

NO_SPARK_PROPERTY = Code(
    "OF312",
    WARNING,
    "`{property}` does not begin with `spark.`, so the driver ignores it",
    "write spark.{property}, or spark.hadoop.{property} for Hadoop",
    "Spark reads only properties that begin with spark.",
)

PROPERTY_OF_OTHER_VERSION = Code(
    "OF313",
    WARNING,
    "Spark {version} does not know `{property}` (since {since})",
    "leave it out, or use another release",
    "The property came later, or was removed before this release.",
)

CLIENT_PROPERTY = Code(
    "OF314",
    NOTE,
    "`{property}` says something to a submitting client only; the driver is not given it",
    "leave it out",
    "Such properties need not reach the driver.",
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
)

PROPERTY_REPLACED = Code(
    "OF317",
    WARNING,
    "`{property}` has no effect: {reason}",
    "leave it out",
    "spark-submit replaces these properties whatever they say.",
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
    "spark.submit.deployMode must be cluster",
    "leave it out",
    "What openflow makes is what cluster mode makes.",
)

PROXY_USER_AND_PRINCIPAL = Code(
    "OF320",
    ERROR,
    "a proxy user and a Kerberos principal exclude each other",
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
    "`{property}` is `{value}`, but must be a port from 1 to 65535",
    "choose a fixed port",
    "The port is written into pod and Service, and the API server refuses others.",
)

RESERVED_LABEL = Code(
    "OF323",
    ERROR,
    "the label {label} of the {role} is Spark's own",
    "choose another name",
    "spark-submit refuses labels that it sets itself.",
)

BAD_SECRET_REFERENCE = Code(
    "OF324",
    ERROR,
    "`{value}` does not name a Secret and its key",
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
    "`{one}` and `{other}` exclude each other",
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
)

NO_SUCH_CONTAINER = Code(
    "OF331",
    WARNING,
    "the pod template has no container `{container}`; the first, `{first}`, is used",
    "correct the name",
    "spark-submit falls back to the first container too.",
)

UNKNOWN_VOLUME_TYPE = Code(
    "OF332",
    ERROR,
    "`{property}`: there is no volume type {kind}",
    "use one of {known}, or a pod template",
    "spark-submit refuses other types.",
)

VOLUME_INCOMPLETE = Code(
    "OF333",
    ERROR,
    "`{property}` needs `{missing}` too",
    "set it",
    "spark-submit refuses volumes without it.",
)

TWO_SUB_PATHS = Code(
    "OF334",
    ERROR,
    "`{property}` and mount.subPath exclude each other",
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
    "`{property}` mounts {path}, where `{other}` is mounted already",
    "choose another path",
    "spark-submit refuses two mounts at one path.",
)

NOT_A_POD = Code(
    "OF337",
    ERROR,
    "the pod template {file} is not one Pod",
    "write one document with `kind: Pod`",
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
    "ulimits need the command of the {role}'s main container, which its pod template sets",
    "raise the limit in that command, or leave it out of the template",
    "Limits are raised by a shell that then becomes the image's entrypoint.",
)

BOUNDS_CROSSED = Code(
    "OF342",
    ERROR,
    "dynamic allocation keeps at least {low} executors, but starts at most {high}",
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
    "{property} refers to {reference}, which is no other property with a value",
    "set that property, or write the value itself",
    "A reference that leads nowhere, or back to itself, would be taken as it stands.",
)

ONE_POD_ONLY = Code(
    "OF347",
    ERROR,
    "claim.perExecutor says nothing about the driver",
    "leave it out",
    "There is one driver, so its claim is always its own.",
)

# --- OF35x to OF37x: importing ----------------------------------------------------------------------------------

NOT_KUBERNETES = Code(
    "OF350",
    ERROR,
    "the master `{master}` is not a Kubernetes cluster",
    "give --master k8s://https://HOST:PORT",
    "openflow compiles jobs for Kubernetes; a submission to another cluster manager has no such form.",
)
CLIENT_MODE = Code(
    "OF351",
    ERROR,
    "deploy mode `{mode}` makes no driver pod",
    "give --deploy-mode cluster",
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
    "spark-submit refuses this value as well",
    "A value does not have the form that spark-submit takes.",
)
IMPORTED_NO_IMAGE = Code(
    "OF357",
    ERROR,
    "no container image is given",
    "set spark.kubernetes.container.image",
    "Driver and executors need an image; spark-submit makes no pod without one.",
)
REMOTE_AND_MASTER = Code(
    "OF383",
    ERROR,
    "{other} cannot stand beside a Spark Connect server to submit to",
    "give --master and --deploy-mode, or --remote alone",
    "spark-submit either starts an application or asks a server, and refuses arguments that say both.",
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
    "",
    "A property of an older release was written under its name of today.",
)
LEGACY_PROPERTY_DROPPED = Code(
    "OF361",
    WARNING,
    "{name} is left out: {reason}",
    "",
    "A property of an older release steers something that Spark no longer has.",
)
LEGACY_PROPERTY_REFUSED = Code(
    "OF362",
    ERROR,
    "{name} has no counterpart: {reason}",
    "leave it out",
    "A property of an older release meant something that no current release can do.",
)
IMPORTED_RELEASE_TOO_OLD = Code(
    "OF363",
    ERROR,
    "Spark {version} is too old",
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
    "",
    "The version decides what is rendered; the image's tag looks like one.",
)
READ_BY_CLIENT_ONLY = Code(
    "OF366",
    NOTE,
    "{name} is left out: only the submitting client reads it",
    "",
    "A property steers spark-submit itself, not the application.",
)
OVERWRITTEN_BY_SUBMIT = Code(
    "OF367",
    NOTE,
    "{name} is left out: it is set anew at each submission",
    "",
    "spark-submit replaces what the user gave for this property.",
)
NO_EFFECT_ON_KUBERNETES = Code(
    "OF368",
    NOTE,
    "{name} has no effect on Kubernetes",
    "",
    "An option is meant for another cluster manager.",
)
NOT_A_SPARK_PROPERTY = Code(
    "OF369",
    NOTE,
    "{name} is left out: it does not begin with spark.",
    "",
    "spark-submit passes over properties that are not Spark's.",
)
TWO_SPELLINGS = Code(
    "OF370",
    ERROR,
    "{name} and {other} are one property with two values",
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
    "",
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
    "",
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
    "",
    "spark-submit runs the script; the class at most names the application.",
)
READS_AS_EXPRESSION = Code(
    "OF377",
    ERROR,
    "{name} would be read as an expression of openflow",
    "a job file cannot hold a text with double braces around `vars` as it stands",
    "Double braces around `vars` are evaluated in job files, so this text would not reach the application.",
)

# --- OF38x: the engine and its properties, continued --------------------------------------------------------------

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
)
HEARTBEAT_TOO_SLOW = Code(
    "OF385",
    ERROR,
    "`spark.executor.heartbeatInterval` of {heartbeat} is not shorter than `spark.network.timeout` of {timeout}",
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
    "{what} is built for Scala {of_jar}, and {other} for {wanted}",
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
    "{package} is made for Spark {of_package}, and the job runs {version}",
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
    "the application starts with {count} executors, more than the {most} that dynamic allocation may start",
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

# --- OF4xx: Kubernetes schema and versions ----------------------------------------------------------------------

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
SERVER_REQUIRES = Code(
    "OF415",
    ERROR,
    "`{field}` of {object} is missing or empty, and the API server requires it",
    hint="give it, or take back the patch or template that removes it",
    about="The schema of the kind leaves the field optional, but the API server refuses the object without it: a pod "
    "needs a container, a container an image, a claim an access mode and a size, and most Services a port.",
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
    json:  # 8 texts of 64 KiB, and all that in 4 containers
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
      - {op: copy, from: /spec/containers/0, path: /spec/containers/0}
      - {op: copy, from: /spec/containers/0, path: /spec/containers/0}
      - {op: copy, from: /spec/containers/0, path: /spec/containers/0}
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
HAS_NO_NAMESPACE = Code(
    "OF431",
    WARNING,
    "`{field}` of {object}: a {kind} is in no namespace",
    hint="take the field out of the template",
    about="Some kinds belong to the cluster as a whole; a namespace that is written there is passed over.",
    source="the scope of kinds in Kubernetes' API",
)
NAMESPACE_UNSAID = Code(
    "OF432",
    WARNING,
    "`{field}` of {object} is missing: it would be that of whoever applies it",
    hint='write `namespace: "{{{{ app.namespace }}}}"` in the template',
    about="All that a job becomes lives in one namespace, whatever the kubeconfig of the moment says.",
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

# --- OF5xx: references between objects --------------------------------------------------------------------------

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

# --- OF6xx: security and secrets --------------------------------------------------------------------------------

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

# --- OF62x: images; OF63x: secrets in the clear ---

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

# --- OF7xx: scheduling and quota --------------------------------------------------------------------------------

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

# --- OF74x: policies and rules in CEL ---

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

# --- OF8xx: the cluster -----------------------------------------------------------------------------------------

FIELD_CONFLICT = Code(
    "OF801",
    ERROR,
    "`{field}` of {object} belongs to {manager}, which set it to {live}",
    hint="take it with --force-conflicts, or leave it to {manager}: drop it from the job, or write the same value",
    about="Server-side apply knows who set a field last. Another manager's field is changed only when you say so.",
)
NEEDS_REPLACEMENT = Code(
    "OF802",
    ERROR,
    "{object} cannot be changed in place: {reason}",
    hint="--replace deletes it and makes it anew; or set `run.rerun: on-change`, which makes a new run beside the old",
    about="The API server refuses to change these fields of an object that is there.",
)
NOT_OURS = Code(
    "OF803",
    ERROR,
    "{object} is there already, and not made by openflow (its managers: {managers})",
    hint="take it over with --adopt, or give it another name",
    about="An object that somebody else made is never taken over silently.",
)
ANOTHER_JOBS = Code(
    "OF804",
    ERROR,
    "{object} belongs to the job {owner} as well, and would change",
    hint="let the jobs agree on it, give it another name, or change it for both with --adopt",
    about="Two jobs may share an object as long as both want it the same.",
)
CLUSTER_REFUSES = Code(
    "OF805",
    ERROR,
    "the cluster refuses {object}: {reason}",
    hint="{advice}",
    about="A dry run on the API server, with all its admission, said no.",
)
NOT_ALLOWED = Code(
    "OF806",
    ERROR,
    "you may not {verbs} {resource}{place}",
    hint="ask for a Role with these verbs, or use another account: --context",
    about="An access review on the API server, for every verb and kind of the plan.",
)
KIND_NOT_SERVED = Code(
    "OF807",
    ERROR,
    "the cluster does not know {kind} of {api}, which {object} is",
    hint="{advice}",
    about="The custom resource definition is not installed, or not in this version.",
)
QUOTA_TOO_SMALL = Code(
    "OF808",
    WARNING,
    "the application will not fit into the quota {quota}: it asks for {wanted} {resource}, {left} of {hard} is left",
    hint="ask for less, wait until others have finished, or have the quota raised",
    about="The driver and all executors that the application starts with are counted.",
)
PODS_REFUSED = Code(
    "OF809",
    ERROR,
    "the cluster would refuse the pods that {object} makes: {reason}",
    hint="{advice}",
    about="The pod of a Job, CronJob or Deployment, and the first executor, were tried in a dry run of their own.",
)
DELETION_HELD_BACK = Code(
    "OF810",
    ERROR,
    "{what} would be deleted",
    hint="if that is meant: --allow-deleting {consent}; {instead}",
    about="What cannot be had back is deleted only when it is named: claims with data, Namespaces, most of what a job "
    "owns.",
)
OLD_RUN_GOES_ON = Code(
    "OF811",
    WARNING,
    "the run {old} is still {state} and goes on beside the new one",
    hint="--replace ends it first; else a later apply retires it when it has finished",
    about="A running driver is never ended by accident.",
)
SECRET_WITHHELD = Code(
    "OF813",
    ERROR,
    "{object} is not there, and not made, as the job holds its data in the clear: a driver would wait for ever",
    hint="--literal-secrets makes it; or make it by hand, or name a Secret that exists",
    about="Secrets with data in the clear are made only when that is asked for, and only by `apply`.",
)
RUN_NOT_SYNCED = Code(
    "OF814",
    WARNING,
    "the old run {run} of {job} is left, as {current}, the run that the job is now, is not there",
    hint="wait until this revision is synced, or check out the one that is",
    about="What a controller still syncs would be made, and run, again, so an old run goes once a later one is there.",
)
RUN_IS_NEWER = Code(
    "OF815",
    WARNING,
    "the run {run} of {job} is left, as it is newer than {current}, the run that the job is now",
    hint="check out the revision that is synced; where that took back a change, the next run has it go",
    about="What a controller still syncs would be made, and run, again, so an old run goes once a later one is there.",
)
NAMESPACE_MISSING = Code(
    "OF812",
    ERROR,
    "the namespace {namespace} is not there",
    hint="make it, or let the job do it: spec.createNamespace: true",
    about="The cluster has no such namespace, so nothing of the job can be made.",
)


def catalogue() -> list[Code]:
    """Every code, by number."""
    return sorted((value for value in globals().values() if isinstance(value, Code)), key=lambda code: code.id)
