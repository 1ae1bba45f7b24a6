"""What the account of the driver may do: all that the program asks of the API server, and not far more.

Its rights come from the Roles that are bound to it, by the job and by what is given of the cluster. Where it is bound
to a role that nobody shows, nothing is known of what it may not do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, namespace, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_BINDINGS, _ROLES = ("RoleBinding", "ClusterRoleBinding"), ("Role", "ClusterRole")

_WIDE_ROLES = frozenset({"cluster-admin", "admin", "edit"})
"""Roles that every cluster has, and that may read Secrets and run commands in pods."""

_BARELY_MISSED = frozenset({("", "persistentvolumeclaims", "list")})
_TAKE_OVER: Mapping[str, frozenset[str]] = {
    "secrets": frozenset({"get", "list", "watch"}),
    "pods/exec": frozenset({"create", "get"}),
    "pods/attach": frozenset({"create", "get"}),
    "pods/ephemeralcontainers": frozenset({"patch", "update"}),
    "serviceaccounts/token": frozenset({"create"}),
    "nodes/proxy": frozenset({"create", "get"}),
    "validatingwebhookconfigurations": frozenset({"create", "patch", "update"}),
    "mutatingwebhookconfigurations": frozenset({"create", "patch", "update"}),
    "serviceaccounts": frozenset({"impersonate"}),
    "users": frozenset({"impersonate"}),
    "groups": frozenset({"impersonate"}),
    "roles": frozenset({"bind", "escalate"}),
    "clusterroles": frozenset({"bind", "escalate"}),
    "rolebindings": frozenset({"create", "patch", "update"}),
    "clusterrolebindings": frozenset({"create", "patch", "update"}),
}
"""What lets its owner become somebody else, or read what only others should."""


class Bound(NamedTuple):
    """A role that an account is bound to. ``resource`` is its object, if the job makes it."""

    name: str
    rules: Sequence[Manifest]
    resource: Resource | None = None


class Account(NamedTuple):
    """Whom the driver runs as. ``roles`` are those that are known; ``all_known`` tells whether there may be more."""

    name: str
    pod: Pod
    roles: Sequence[Bound]
    all_known: bool


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for resource in bundle:
        if resource.kind in _ROLES:
            _too_much(resource, report)
        elif resource.kind in _BINDINGS and resource["roleRef"]["name"] in _WIDE_ROLES:
            name = resource["roleRef"]["name"]
            tell(report, codes.TAKE_OVER, resource, ("roleRef", "name"), rights=f"the rights of {name}")
    if bundle.uses:
        for pod in pods(bundle):
            if not pod.resource.preview:
                _of_driver(pod, bundle, context, report)


def _of_driver(pod: Pod, bundle: Bundle, context: Context, report: Report) -> None:
    account = _account(pod, bundle, context)
    where = (*pod.path, "serviceAccountName")
    if account.name == "default":
        tell(report, codes.DEFAULT_ACCOUNT, pod.resource, where)
    _token(account, bundle, context, report)
    _too_little(account, bundle, report)
    for role in account.roles:
        if role.resource is None:
            for code, _, rights in _excess(role.rules):
                tell(report, code, pod.resource, where, rights=f"{rights}, by {role.name}")
                break


# --- too much ---


def _too_much(role: Resource, report: Report) -> None:
    for code, index, rights in _excess(role.manifest.get("rules", ())):
        tell(report, code, role, ("rules", index), rights=rights)


def _excess(rules: Sequence[Manifest]) -> Iterator[tuple[Code, int, str]]:
    for index, rule in enumerate(rules):
        wide = [field for field in ("verbs", "resources", "apiGroups") if "*" in rule.get(field, ())]
        if wide:
            yield codes.WILDCARD_RIGHT, index, f"* among {' and '.join(wide)}"
        elif risky := sorted(_risky(rule)):
            yield codes.TAKE_OVER, index, ", ".join(risky)


def _risky(rule: Manifest) -> Iterator[str]:
    if rule.get("resourceNames"):
        return  # it names what it is about, so somebody has thought of it
    for resource in rule.get("resources", ()):
        for verb in _TAKE_OVER.get(resource, frozenset()).intersection(rule["verbs"]):
            yield f"{verb} {resource}"


# --- too little ---


def _too_little(account: Account, bundle: Bundle, report: Report) -> None:
    if not account.all_known or any(role.rules == bundle.uses for role in account.roles):
        return
    rules = [rule for role in account.roles for rule in role.rules]
    wanted = [(group, name, verb) for use in bundle.uses for group, name, verb in _rights(use)]
    missing = [right for right in wanted if not any(_allows(rule, *right) for rule in rules)]
    lesser = [right for right in missing if right[2] in {"deletecollection", "patch"} or right in _BARELY_MISSED]
    needed = [right for right in missing if right not in lesser]
    resource, path = _where(account)
    if missing:
        code, rights = (codes.RIGHT_MISSING, needed) if needed else (codes.RIGHT_MISSED, lesser)
        tell(report, code, resource, path, account=account.name, rights=_listed(rights))


def _where(account: Account) -> tuple[Resource, Path]:
    """The role that the job makes, if it does; else where the pod names the account."""
    own = next((role.resource for role in account.roles if role.resource is not None), None)
    if own is not None:
        return own, ("rules",)
    return account.pod.resource, (*account.pod.path, "serviceAccountName")


def _rights(rule: Manifest) -> Iterator[tuple[str, str, str]]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            yield from ((group, resource, verb) for verb in rule["verbs"])


def _listed(rights: Sequence[tuple[str, str, str]]) -> str:
    by_resource: dict[str, list[str]] = {}
    for group, resource, verb in rights:
        by_resource.setdefault(f"{resource}.{group}" if group else resource, []).append(verb)
    by_verbs: dict[str, list[str]] = {}
    for name, verbs in by_resource.items():
        by_verbs.setdefault(", ".join(verbs), []).append(name)
    return "; ".join(f"{verbs} {', '.join(names)}" for verbs, names in by_verbs.items())


def _allows(rule: Manifest, group: str, resource: str, verb: str) -> bool:
    if rule.get("resourceNames"):
        return False  # the driver's pods have names that are made up as it runs
    held = (("apiGroups", (group,)), ("verbs", (verb,)), ("resources", (resource, f"*/{resource.partition('/')[2]}")))
    return all(
        "*" in rule.get(field, ()) or any(each in rule.get(field, ()) for each in names) for field, names in held
    )


# --- whose rights they are ---


def _account(pod: Pod, bundle: Bundle, context: Context) -> Account:
    home = namespace(pod.resource, bundle)
    name = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount") or "default"
    bindings = [each.manifest for each in bundle if each.kind in _BINDINGS]
    bindings += [each.manifest for each in context.given.of("RoleBinding", home)]
    bindings += [each.manifest for each in context.given.of("ClusterRoleBinding")]
    named = [parts.mapping(binding, "roleRef") for binding in bindings if _binds(binding, name, home)]
    roles = [_role(reference, home, bundle, context) for reference in named]
    made = any(each.kind == "ServiceAccount" and each.name == name for each in bundle)
    of_home = context.given.listed("RoleBinding", home)
    shown = [each.manifest for each in (*of_home, *context.given.listed("ClusterRoleBinding"))]
    shown += [each.manifest for each in bundle if each.kind in _BINDINGS]
    known = made or bool(of_home) or any(_binds(each, name, home) for each in shown)
    known = known and None not in roles and not any(_binds_elsewhere(each, name, home) for each in bundle)
    return Account(name, pod, [role for role in roles if role is not None], known)


def _binds_elsewhere(resource: Resource, account: str, home: str) -> bool:
    """Whether it is a binding of the job that names the account in another namespace, which is told as such."""
    subjects = parts.mappings(resource.manifest, "subjects") if resource.kind in _BINDINGS else ()
    fields = ("kind", "name", "namespace")
    named = (tuple(parts.text(each, field) for field in fields) for each in subjects)
    return any(each[:2] == ("ServiceAccount", account) and each[2] not in {"", home} for each in named)


def _binds(binding: Manifest, account: str, home: str) -> bool:
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{home}", "system:authenticated"}
    wanted = {("ServiceAccount", account, home), *(("Group", group, "") for group in groups)}
    fields = ("kind", "name", "namespace")
    return any(
        tuple(parts.text(each, field) for field in fields) in wanted for each in parts.mappings(binding, "subjects")
    )


def _role(reference: Manifest, home: str, bundle: Bundle, context: Context) -> Bound | None:
    kind, name = parts.text(reference, "kind"), parts.text(reference, "name")
    own = next((each for each in bundle if each.kind == kind and each.name == name), None)
    if own is not None:
        return Bound(str(own.key), own.manifest.get("rules", ()), own)
    given = context.given.find(kind, name, home if kind == "Role" else None)
    return None if given is None else Bound(str(given), _sound(given.manifest))


def _sound(role: Manifest) -> list[Manifest]:
    """The rules of a role that is given, as far as they can be understood."""
    fields = ("apiGroups", "resources", "resourceNames", "verbs")
    return [{field: parts.texts(rule, field) for field in fields} for rule in parts.mappings(role, "rules")]


# --- whether it can show who it is ---


def _token(account: Account, bundle: Bundle, context: Context, report: Report) -> None:
    """The driver shows the API server a token, which the account or the pod may keep from it."""
    pod = account.pod
    mounts = pod.spec.get("automountServiceAccountToken")
    if mounts or _has_own_token(pod.spec):
        return
    if mounts is False:
        tell(report, codes.NO_TOKEN, pod.resource, (*pod.path, "automountServiceAccountToken"), account=account.name)
        return
    own = [each for each in bundle if each.kind == "ServiceAccount" and each.name == account.name]
    if any(each.manifest.get("automountServiceAccountToken") is False for each in own):
        tell(report, codes.NO_TOKEN, own[0], ("automountServiceAccountToken",), account=account.name)
    given = context.given.find("ServiceAccount", account.name, namespace(pod.resource, bundle))
    if given is not None and given.manifest.get("automountServiceAccountToken") is False:
        tell(report, codes.NO_TOKEN, pod.resource, (*pod.path, "serviceAccountName"), account=account.name)


def _has_own_token(pod: Manifest) -> bool:
    sources = (source for volume in pod.get("volumes", ()) for source in volume.get("projected", {}).get("sources", ()))
    return any("serviceAccountToken" in source for source in sources)
