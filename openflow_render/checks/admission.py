"""What ValidatingAdmissionPolicies that are given make of the objects of a job, and of those that are made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from openflow_render.checks import label_selectors, parts
from openflow_render.checks.common_expressions import FailedError, NotEvaluatedError, Scope
from openflow_render.checks.completed import completed
from openflow_render.checks.pods import namespace, pods
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin
from openflow_render.core.resource import CLUSTER_SCOPED, Bundle, Manifest, Resource
from openflow_render.source.given import Given, Stated

_NAME = "kubernetes.io/metadata.name"
"""The label that Kubernetes gives every namespace."""

_WHO = re.compile(r"\brequest\s*\.\s*(?:userInfo|uid|options|dryRun|subResource)\b")
_VARIABLE = re.compile(r"\bvariables\s*\.\s*([A-Za-z_]\w*)")
_FIELD = re.compile(r"\bobject((?:\s*\.\s*[A-Za-z_]\w*)+)")


class Candidate(NamedTuple):
    """An object that the API server will be asked to make; ``path`` leads to what it is made of in ``resource``."""

    resource: Resource
    path: Path
    manifest: Manifest
    namespace: str

    def __str__(self) -> str:
        made = f"the {self.manifest['kind']} of " if self.path else ""
        return f"{made}{self.resource.key}"


class Refusal(NamedTuple):
    """``field`` is the one that the expression asks for first."""

    candidate: Candidate
    message: str
    field: Path


class Unknown(NamedTuple):
    """Something that could not be evaluated, and why."""

    what: str
    why: str


class Policy(NamedTuple):
    """A policy and one of its bindings."""

    stated: Stated
    binding: Stated

    @property
    def origin(self) -> Origin:
        return self.stated.origin

    @property
    def ignores_failures(self) -> bool:
        return parts.text(self.stated.manifest, "spec", "failurePolicy") == "Ignore"


def policies(given: Given) -> Iterator[Policy]:
    """The policies that are in force: a policy without a binding does nothing."""
    for binding in given.of("ValidatingAdmissionPolicyBinding"):
        policy = given.find("ValidatingAdmissionPolicy", parts.text(binding.manifest, "spec", "policyName"))
        if policy is not None:
            yield Policy(policy, binding)


def candidates(bundle: Bundle) -> list[Candidate]:
    """Every object of ``bundle``, and the Jobs and Pods that controllers make of them."""
    found = [
        Candidate(
            resource, (), resource.manifest, "" if resource.kind in CLUSTER_SCOPED else namespace(resource, bundle)
        )
        for resource in bundle
        if not resource.literal
    ]
    for resource in bundle:
        if resource.kind == "CronJob":
            above: Path = ("spec", "jobTemplate")
            template = parts.mapping(resource.manifest, "spec", "jobTemplate")
            found.append(Candidate(resource, above, _made("batch/v1", "Job", resource, template), bundle.namespace))
    for pod in pods(bundle):
        if pod.path[:-1]:
            template = {"metadata": pod.metadata, "spec": pod.spec}
            made = _made("v1", "Pod", pod.resource, template)
            found.append(Candidate(pod.resource, pod.path[:-1], made, namespace(pod.resource, bundle)))
    return [each._replace(manifest=completed(each.manifest)) for each in found]


def _made(api_version: str, kind: str, resource: Resource, template: Manifest) -> Manifest:
    """What a controller makes of ``template``, under a name of its own."""
    metadata = {**template.get("metadata", {}), "name": f"{resource.name}-00000"}
    if resource.kind != "Deployment":
        metadata["labels"] = {**metadata.get("labels", {}), "job-name": resource.name}
    if "namespace" in resource["metadata"]:
        metadata["namespace"] = resource["metadata"]["namespace"]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": template.get("spec", {})}


class World:
    """What is known of the cluster besides the policies."""

    def __init__(self, bundle: Bundle, given: Given) -> None:
        self.given = given
        self._scopes: dict[int, Scope] = {}
        made = {each.name: each.manifest for each in bundle if each.kind == "Namespace"}
        stated = {each.name: each.manifest for each in given.of("Namespace")}
        self._namespaces = {**stated, **made}
        names = [parts.mapping(each.manifest, "spec") for each in given.of("CustomResourceDefinition")]
        self._plurals = {
            (parts.text(each, "group"), parts.text(each, "names", "kind")): parts.text(each, "names", "plural")
            for each in names
        }

    def namespace_object(self, name: str) -> Manifest | None:
        """The Namespace ``name``, if it is known."""
        found = self._namespaces.get(name)
        if found is None:
            return None
        labels = {**parts.labels(found, "metadata", "labels"), _NAME: name}
        return {**found, "metadata": {**found["metadata"], "labels": labels}}

    def selects_namespace(self, selector: Manifest, name: str) -> bool:
        """Whether ``selector`` matches the namespace ``name``.

        Raises:
            NotEvaluatedError: its labels are not known.
        """
        known = self.namespace_object(name)
        if known is None and not label_selectors.keys(selector) <= {_NAME}:
            raise NotEvaluatedError(f"the labels of the namespace {name} are not given")
        return label_selectors.matches(selector, known["metadata"]["labels"] if known else {_NAME: name})

    def resource(self, manifest: Manifest) -> tuple[str, str, str]:
        """Group, version and the name in URLs of an object's kind."""
        group, _, version = manifest["apiVersion"].rpartition("/")
        kind = manifest["kind"].lower()
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("s") else f"{kind}s"
        return group, version, self._plurals.get((group, manifest["kind"])) or plural

    def scope(self, candidate: Candidate) -> Scope:
        """What expressions see of ``candidate``, whichever policy asks; to show it takes longer than most answers."""
        found = self._scopes.get(id(candidate.manifest))
        if found is None:
            found = self._scopes[id(candidate.manifest)] = self._new_scope(candidate)
        return found

    def _new_scope(self, candidate: Candidate) -> Scope:
        manifest, home = candidate.manifest, candidate.namespace
        group, version, resource = self.resource(manifest)
        kind = {"group": group, "version": version, "kind": manifest["kind"]}
        of = {"group": group, "version": version, "resource": resource}
        request = {"kind": kind, "requestKind": kind, "resource": of, "requestResource": of, "operation": "CREATE"}
        if home:
            request["namespace"] = home
        scope = Scope()
        scope.set("object", manifest)
        scope.set("oldObject", None)
        scope.set("request", {**request, "name": manifest["metadata"]["name"]})
        namespace_object = self.namespace_object(home)
        if namespace_object is not None or not home:
            scope.set("namespaceObject", namespace_object)
        return scope


def verdicts(policy: Policy, objects: Iterable[Candidate], world: World) -> Iterator[Refusal | Unknown]:
    """What ``policy`` refuses among ``objects``, and what of it could not be evaluated."""
    spec = policy.stated.manifest.get("spec")
    chosen = [parts.mapping(spec, "matchConstraints"), parts.mapping(policy.binding.manifest, "spec", "matchResources")]
    for candidate in objects:
        try:
            if all(_matches(each, candidate, world) for each in chosen):
                yield from _Evaluation(policy, candidate, world).verdicts()
        except NotEvaluatedError as unknown:
            yield Unknown(f"`{policy.stated}`", str(unknown))


def _matches(constraints: Manifest, candidate: Candidate, world: World) -> bool:
    """Whether ``constraints`` are about ``candidate``; empty ones are about all."""
    if any(_is_about(rule, candidate, world) for rule in parts.mappings(constraints, "excludeResourceRules")):
        return False
    rules = parts.mappings(constraints, "resourceRules")
    if rules and not any(_is_about(rule, candidate, world) for rule in rules):
        return False
    labels = parts.labels(candidate.manifest, "metadata", "labels")
    if not label_selectors.matches(parts.selector(constraints, "objectSelector"), labels):
        return False
    selector = parts.selector(constraints, "namespaceSelector")
    name = candidate.namespace or (candidate.resource.name if candidate.resource.kind == "Namespace" else "")
    return not name or world.selects_namespace(selector, name)


def _is_about(rule: Manifest, candidate: Candidate, world: World) -> bool:
    group, version, resource = world.resource(candidate.manifest)
    scope = parts.text(rule, "scope") or "*"
    names = parts.texts(rule, "resourceNames")
    return (
        bool({"*", "CREATE"} & {*parts.texts(rule, "operations")})
        and bool({"*", group} & {*parts.texts(rule, "apiGroups")})
        and bool({"*", version} & {*parts.texts(rule, "apiVersions")})
        and bool({"*", "*/*", resource, f"{resource}/*"} & {*parts.texts(rule, "resources")})
        and scope in {"*", "Namespaced" if candidate.namespace else "Cluster"}
        and (not names or candidate.manifest["metadata"]["name"] in names)
    )


class _Evaluation:
    """One policy asked about one object."""

    def __init__(self, policy: Policy, candidate: Candidate, world: World) -> None:
        self._policy = policy
        self._candidate = candidate
        self._world = world
        self._spec = parts.mapping(policy.stated.manifest, "spec")
        self._scope = world.scope(candidate)
        self._variables: dict[str, Any] = {}
        self._unknown: dict[str, str] = {}
        self._failed: dict[str, str] = {}

    def verdicts(self) -> Iterator[Refusal | Unknown]:
        params = self._params()
        if not params:
            if parts.text(self._policy.binding.manifest, "spec", "paramRef", "parameterNotFoundAction") != "Allow":
                yield Refusal(self._candidate, "the object with its parameters is not there", ())
            return
        for each in params:
            self._variables = {}
            self._scope.set("params", each)
            self._scope.set("variables", self._variables)
            yield from self._verdicts()

    def _verdicts(self) -> Iterator[Refusal | Unknown]:
        conditions = [self._verdict(each) for each in parts.mappings(self._spec, "matchConditions")]
        if not all(conditions):
            return
        unsure = [each for each in conditions if isinstance(each, (Refusal, Unknown))]
        if unsure:
            yield from unsure
            return
        for variable in parts.mappings(self._spec, "variables"):
            self._add_variable(parts.text(variable, "name"), parts.text(variable, "expression"))
        for validation in parts.mappings(self._spec, "validations"):
            expression = parts.text(validation, "expression")
            holds = self._verdict(validation)
            if holds is False:
                yield Refusal(self._candidate, self._message(validation), self._field(expression))
            elif isinstance(holds, (Refusal, Unknown)):
                yield holds

    def _verdict(self, asked: Manifest) -> Refusal | Unknown | bool | None:
        """Whether an expression holds; what is to be said when that has no answer, or ``None`` for nothing."""
        expression = parts.text(asked, "expression")
        try:
            return self._value(expression) is True
        except FailedError as error:
            message = f"`{expression}` fails: {error}"
            return None if self._policy.ignores_failures else Refusal(self._candidate, message, self._field(expression))
        except NotEvaluatedError as error:
            return Unknown(f"`{expression}` of {self._policy.stated}", str(error))

    def _value(self, expression: str) -> Any:
        for name in _VARIABLE.findall(expression):
            if name in self._unknown:
                raise NotEvaluatedError(f"of `variables.{name}`: {self._unknown[name]}")
        if _WHO.search(expression):
            raise NotEvaluatedError("it asks who makes the object, and how")
        try:
            return self._scope.value(expression)
        except FailedError:
            for name in _VARIABLE.findall(expression):
                if name in self._failed:
                    raise FailedError(self._failed[name]) from None
            raise

    def _add_variable(self, name: str, expression: str) -> None:
        """Let later expressions see a variable; what has no value matters to those alone that ask for it."""
        try:
            value = self._value(expression)
            self._variables[name] = value
            self._scope.set("variables", self._variables)
        except FailedError as error:
            self._failed[name] = str(error)
        except NotEvaluatedError as error:
            self._unknown[name] = str(error)
            self._variables.pop(name, None)

    def _params(self) -> Sequence[Manifest | None]:
        """The objects that the binding names as parameters; ``None`` alone if the policy has none."""
        kind = parts.text(self._spec, "paramKind", "kind")
        reference = parts.mapping(self._policy.binding.manifest, "spec", "paramRef")
        if not kind:
            return [None]
        if not reference:
            raise NotEvaluatedError("its binding names no parameters")
        home = parts.text(reference, "namespace") or self._candidate.namespace
        known = self._world.given.of(kind, home)
        if not self._world.given.of(kind):
            raise NotEvaluatedError(f"no {kind} with its parameters is given")
        if "selector" in reference:
            selector = parts.selector(reference, "selector")
            fitting: Iterable[Stated] = (
                each
                for each in known
                if label_selectors.matches(selector, parts.labels(each.manifest, "metadata", "labels"))
            )
        else:
            fitting = (each for each in known if each.name == parts.text(reference, "name"))
        return [each.manifest for each in fitting]

    def _message(self, validation: Mapping[str, Any]) -> str:
        """What the policy says of an object that it refuses."""
        expression = parts.text(validation, "messageExpression")
        try:
            said = self._value(expression) if expression else None
        except (FailedError, NotEvaluatedError):
            said = None
        if isinstance(said, str) and said.strip() and "\n" not in said.strip():
            return said.strip()
        text = parts.text(validation, "message").strip()
        return text or f"`{parts.text(validation, 'expression').strip()}` does not hold"

    def _field(self, expression: str) -> Path:
        """The field that ``expression`` asks for first, as far as it is there."""
        for variable in parts.mappings(self._spec, "variables"):
            name = parts.text(variable, "name")
            if name and name in _VARIABLE.findall(expression) and not _FIELD.search(expression):
                expression = parts.text(variable, "expression")
        match = _FIELD.search(expression)
        found: Path = ()
        at: Any = self._candidate.manifest
        for key in re.findall(r"\w+", match[1]) if match else ():
            if not isinstance(at, dict) or key not in at:
                break
            at, found = at[key], (*found, key)
        return found
