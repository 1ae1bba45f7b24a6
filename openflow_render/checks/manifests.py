"""Further manifests of a target: each is checked as the objects of jobs are, as far as a rule is not about jobs.

What is of a kind that nobody has a schema of is left as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from openflow_render.checks import kubernetes, parts, schema, schemas
from openflow_render.checks.context import Context
from openflow_render.checks.removed import removed
from openflow_render.checks.run import by_rules
from openflow_render.core import codes, paths
from openflow_render.core.report import Finding, Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.manifests import Manifests
from openflow_render.source.reader import Document

_OF_JOBS = frozenset(
    {
        codes.NO_SUCH_ROLE,  # it may be in the cluster
        codes.SUBJECT_ELSEWHERE,
        codes.SELECTS_NOTHING,  # what it selects may be anybody's
        codes.SELECTS_MANY,
        codes.NOT_HEADLESS,
        codes.PORTS_DISAGREE,
        codes.WAITS_FOR_READINESS,
        codes.NAMES_OF_THE_NODE,
        codes.POLICY_CUTS,
        codes.NAMESPACE_UNSAID,
        codes.KUBERNETES_NAMESPACE,
        codes.LABEL_LOST,
        codes.WILDCARD_RIGHT,
        codes.TAKE_OVER,
        codes.DRIVER_ON_SPOT,
        codes.TOO_FEW_PLACES,
        codes.GANG_WAITS,
        codes.GANG_HOLDS_LITTLE,
        codes.QUEUE_TOO_SMALL,
        codes.APPLICATION_OVER_QUEUE,
        codes.QUOTA_EXCEEDED,
        codes.QUOTA_BELOW_MOST,
        codes.NEWER_KUBERNETES,
    }
)
"""What is said of a driver and its executors, or of objects that are all there is."""

_KEYS = frozenset({codes.UNKNOWN_FIELD, codes.OTHER_MINOR})
"""What is said of a field's name, and not of its value."""

_ENCRYPTED = "ENC["
"""How a value begins that SOPS has encrypted."""

_DATA = ("data", "stringData", "binaryData")
_IGNORED = frozenset({"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "selfLink"})


class _Checked(NamedTuple):
    """One manifest as rules see it, and where it is written."""

    resource: Resource
    document: Document


def check(manifests: Manifests, context: Context, namespace: str, report: Report) -> None:
    """Add to ``report`` what is wrong with the objects; ``namespace`` is that of those that name none."""
    definitions = _definitions(context)
    by_namespace: dict[str, dict[str, _Checked]] = {}
    for manifest, document in manifests.objects:
        plain = _without_sops(manifest)
        if plain is not None and (_is_known(plain, context) or _of(plain) in definitions):
            resource = Resource(_without_ignored(plain), run_scoped=False)
            named = plain["metadata"].get("namespace")
            # What is there twice is told of elsewhere.
            objects = by_namespace.setdefault(named if isinstance(named, str) else namespace, {})
            objects.setdefault(str(resource.key), _Checked(resource, document))
    for home, objects in by_namespace.items():
        _check(home, objects, context, report)


def _check(namespace: str, objects: dict[str, _Checked], context: Context, report: Report) -> None:
    before = len(report.findings)
    sound = [
        each.resource
        for each in objects.values()
        if schema.check(Bundle("", namespace, [each.resource]), context, report)
    ]
    by_rules(Bundle("", namespace, sound), context, report)
    found = [each for each in report.findings[before:] if _is_said(each)]
    report.findings[before:] = [each._replace(origin=_origin(each, objects)) for each in found]


def _is_said(finding: Finding) -> bool:
    """Whether a finding is one about manifests; that there is no schema of a custom resource goes without saying."""
    if finding.code is codes.NO_SCHEMA and finding.target is not None:
        return bool(schemas.versions(finding.target[0].partition("/")[0]))
    return finding.code not in _OF_JOBS


def _origin(finding: Finding, objects: dict[str, _Checked]) -> Origin:
    if finding.target is None:
        return finding.origin
    name, path = finding.target
    checked = objects[name]
    origin = checked.document.key_origin(path) if finding.code in _KEYS else checked.document.origin(path)
    # Without a column nobody is shown the line, which may hold the secret.
    return origin._replace(column=0) if checked.resource.kind == "Secret" else origin


# --- what rules can judge ---


def _is_known(manifest: Manifest, context: Context) -> bool:
    """Whether it is of a kind that there is a schema of, in this version or another."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    group, _ = _of(manifest)
    if removed(version, kind, context.minor) is not None:
        return True
    groups = {known.rpartition("/")[0] for known in schemas.versions(kind)}
    if groups:
        return group in {"", *groups}  # nobody but Kubernetes has kinds without a group
    return schemas.validator(version, kind, kubernetes.known(context.kubernetes)) is not None


def _of(manifest: Manifest) -> tuple[str, str]:
    """Group and kind."""
    return manifest["apiVersion"].rpartition("/")[0], manifest["kind"]


def _definitions(context: Context) -> set[tuple[str, str]]:
    """Group and kind of the custom resources whose definitions are given, but for those that are called as others."""
    specs = [parts.mapping(each.manifest, "spec") for each in context.given.of("CustomResourceDefinition")]
    found = {(parts.text(each, "group"), parts.text(each, "names", "kind")) for each in specs}
    return {(group, kind) for group, kind in found if not schemas.versions(kind)}


def _without_sops(manifest: Manifest) -> Manifest | None:
    """``manifest`` with nothing for what is encrypted of its data; ``None`` if more is."""
    if not isinstance(manifest.get("sops"), dict):
        return manifest
    plain = {field: value for field, value in manifest.items() if field != "sops"}
    for field in _DATA:
        if isinstance(plain.get(field), dict):
            plain[field] = {key: "" if _is_encrypted(value) else value for key, value in plain[field].items()}
    return None if any(_is_encrypted(leaf) for _, leaf in paths.leaves(plain)) else plain


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_ENCRYPTED)


def _without_ignored(manifest: Manifest) -> Manifest:
    """``manifest`` without what the API server ignores; exported ones hold it, and do no harm by it."""
    metadata = {field: value for field, value in manifest["metadata"].items() if field not in _IGNORED}
    return {**{field: value for field, value in manifest.items() if field != "status"}, "metadata": metadata}
