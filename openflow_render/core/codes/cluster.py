"""OF8xx: the cluster."""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

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
NAMESPACE_MISSING = Code(
    "OF812",
    ERROR,
    "the namespace {namespace} is not there",
    hint="make it, or let the job do it: spec.createNamespace: true",
    about="The cluster has no such namespace, so nothing of the job can be made.",
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
