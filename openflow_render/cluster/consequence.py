"""What a change of an object means for an application that runs."""

from __future__ import annotations

from collections.abc import Mapping

from openflow_render.cluster.plan import Action, Step
from openflow_render.core.resource import POD_TEMPLATES

_UPDATED: Mapping[str, str] = {
    "ConfigMap": "a running driver has read it at its start; it counts from the next run on",
    "Secret": "what mounts it sees the new values within minutes; variables keep the old ones until a restart",
    "Service": "executors that connect from now on are affected",
    "Role": "takes effect at once, for a running driver too",
    "RoleBinding": "takes effect at once, for a running driver too",
    "ServiceAccount": "counts for pods that start from now on",
    "NetworkPolicy": "takes effect at once, for running pods too",
    "Namespace": "its rules count for pods that start from now on",
    "PersistentVolumeClaim": "the volume grows; what is on it stays",
    "PodGroup": "its scheduler takes notice at once",
    "CronJob": "counts from the next scheduled run on; a run that is under way is not touched",
}

_REPLACED: Mapping[str, str] = {
    "Pod": "the driver pod is replaced: the application restarts",
    "Job": "the Job and its pods are replaced: the application restarts",
    "Deployment": "the Deployment and its pods are replaced: the server restarts",
    "PersistentVolumeClaim": "the claim is replaced: what is on its volume is lost",
    "Service": "running executors lose their driver for a moment",
    "ConfigMap": "a driver that starts in between does not find it",
}

_DELETED: Mapping[str, str] = {
    "Pod": "its log goes with it",
    "PersistentVolumeClaim": "what is on its volume is lost",
    "Namespace": "everything in it is lost",
}


def consequence(step: Step) -> str:
    """What a step means for a running application, in one phrase; empty where it means nothing."""
    if step.action is Action.UPDATE:
        return _updated(step)
    table = {Action.REPLACE: _REPLACED, Action.DELETE: _DELETED}.get(step.action, {})
    return table.get(step.key.kind, "")


def _updated(step: Step) -> str:
    kind = step.key.kind
    if step.after is None:
        return ""  # the server has not said what would change
    if not step.fields:
        return "only the id of the run changes" if step.was else "no value changes, only who owns it"
    template = POD_TEMPLATES.get(kind)
    if all(each.path[:1] == ("metadata",) for each in step.fields):
        return "a running application is not touched"
    if kind == "Pod":
        return "the container is restarted: the application restarts"
    if template and any(each.path[: len(template)] == template for each in step.fields) and kind == "Deployment":
        return "its pods are replaced, one after the other: the server restarts"
    return _UPDATED.get(kind, "")
