"""OF1xx: reading files, the project file, overlays, ``--set`` and expressions."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

NO_SUCH_FILE = Code(
    "OF100",
    ERROR,
    "there is no file or folder {path}{near}",
    hint="check the spelling; paths are relative to {base}",
    about="A path on the command line, or of the project file, names nothing.",
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
    "the file holds no openflow job{instead}",
    hint="{advice}",
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
    hint="{advice}",
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
    "no anchor &{anchor} stands before this place{near}",
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
    hint="{advice}",
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
    "there is no file {path}{near}",
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
FILE_UNREADABLE = Code(
    "OF137",
    ERROR,
    "{path} cannot be read: {reason}",
    hint="check its permissions",
    about="The operating system refused to open a file that a job names.",
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
    "the template {file} makes no Kubernetes object: {field} is missing, or of another type",
    hint="begin with `openflow init --templates`, which copies the built-in templates",
    about="Whatever a template of the project holds, its object has apiVersion, kind and metadata with a name.",
)
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
    "the folder {folder} and {other}, that of {name} ({place}), lie in each other",
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
    "{object} is in the tree already: {first}",
    hint="keep one of them",
    about="A tree holds each object once; what builds or applies it would fail, or let one overwrite the other.",
)
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
EXPRESSION_SLIP = Code(
    "OF166",
    WARNING,
    "{text} looks like an expression, and is left as it is",
    hint="write {{{{ {meant} }}}}, and say what it is under spec.vars or with --var",
    about="An expression stands in double braces and names `vars`. The environment does not count; --var does.",
)
BRACES_LEFT = Code(
    "OF167",
    NOTE,
    "{text} names no vars, so it is left as it is",
    hint="if openflow is to put something in, write {{{{ {meant} }}}}",
    about="What names no `vars` is for others, such as Spark's own {{{{APP_ID}}}}; in small letters it may be a slip.",
)
EXPRESSION_IN_KEY = Code(
    "OF168",
    WARNING,
    "the key {key} is left as it is: expressions stand in values only",
    hint="write the key out; where it differs from place to place, give it in an overlay",
    about="What a field is called is known before any expression is evaluated.",
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
    "the var {name} is used nowhere{near}",
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
    "no rule makes use of {kind} of {version}{near}",
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
