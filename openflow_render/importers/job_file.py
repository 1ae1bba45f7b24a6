"""The job file that a submission becomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.engines.spark.properties import items
from openflow_render.importers import Imported, UsageError
from openflow_render.importers.refusals import CHECKS, FILE_LISTS, INTERNAL, image, is_dynamic
from openflow_render.importers.submission import Setting, Submission, drop_the_clients, modernise

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

NEWEST = "4.3.0"
"""The release that is assumed where nothing tells it."""

_LISTS = dict(zip(("jars", "pyFiles", "files", "archives"), FILE_LISTS, strict=True)) | {
    "packages": "spark.jars.packages"
}
_CLUSTER = "The cluster is no part of a job: whoever applies the objects chooses it."
_ACCOUNT = "No account is named, so openflow makes one with a minimal Role; spark-submit takes the namespace's own."


def imported(submission: Submission, report: Report, engine_version: str | None) -> Imported:
    """The job file for ``submission``; without a text when the report has errors.

    Raises:
        UsageError: ``engine_version`` is no version.
    """
    modernise(submission, report)
    for check in CHECKS:
        check(submission, report)
    drop_the_clients(submission, report)
    setting = image(submission, report)
    version = _version(submission, setting, engine_version, report)
    if report.failed or setting is None:
        return Imported("", report)
    text = _write(_Job(submission, setting, version).tree(), _head(submission), submission.beside)
    return Imported(text, report, {name: setting.origin for name, setting in submission.settings.items()})


def _version(submission: Submission, setting: Setting | None, given: str | None, report: Report) -> str:
    if given is not None and not re.fullmatch(r"[0-9]+\.[0-9]+(\.[0-9]+)?([-.+][0-9A-Za-z.+-]+)?", given):
        raise UsageError(f"--engine-version {given} is not a version: write for example {NEWEST}")
    name, at = (setting.value, setting.origin) if setting else ("", submission.at)
    version = given or _version_in(name)
    if version is None:
        if setting is not None:
            submission.remark(report, codes.VERSION_ASSUMED, at, version=NEWEST)
        return NEWEST
    if int(version.split(".")[0]) < 3:
        tag = "" if given else f", going by the tag of {name}"
        report.add(codes.IMPORTED_RELEASE_TOO_OLD, at=at, version=version, tag=tag, newest=NEWEST)
    elif given is None:
        submission.remark(report, codes.VERSION_FROM_TAG, at, version=version, image=name)
    elif name.startswith("kubespark/"):
        report.add(codes.IMAGE_OF_SPARK_2, at=at, image=name, newest=NEWEST)
    return version


def _version_in(name: str) -> str | None:
    """The release that an image of Spark itself has in its tag; the tag of another image counts something else."""
    image, _, tag = name.lower().rpartition("/")[2].partition(":")
    match = re.fullmatch(r"v?(\d+\.\d+(?:\.\d+)?)(?:[-_.@].*)?", tag)
    return match[1] if match and "@" not in image and ("spark" in image or "openflow" in image) else None


def _head(submission: Submission) -> list[str]:
    account = "spark.kubernetes.authenticate.driver.serviceAccountName"
    remarks = [] if submission.value(account) else [_ACCOUNT]
    return [f"Imported by `openflow import {submission.source}`.", _CLUSTER, *remarks, *submission.remarks]


class _Job:
    """The tree of a job file; what it has no field for stays in ``conf``."""

    def __init__(self, submission: Submission, image: Setting, version: str) -> None:
        self.submission = submission
        self.image = image
        self.version = version
        self.conf = {name: setting.value for name, setting in submission.settings.items()}
        self.app_name = self.conf.pop("spark.app.name", "")

    def tree(self) -> dict[str, Any]:
        name = job_name(self.app_name or self.submission.fallback_name)
        namespace = self.conf.pop("spark.kubernetes.namespace", "") or "default"
        spec = {
            "engine": self.submission.engine,
            "version": self.version,
            "image": self._image(),
            "application": self._application(),
            **_present(
                driver=self._driver(),
                executor=self._executor(),
                conf=self._named(name),
                proxyUser=self.submission.proxy_user,
            ),
        }
        metadata = {"name": name, "namespace": namespace}
        return {"apiVersion": "openflow.io/v1", "kind": "Job", "metadata": metadata, "spec": spec}

    def _named(self, name: str) -> dict[str, str]:
        """The properties that are left, and the application's name where the job's cannot be it."""
        app_name = self.app_name or (self.submission.main and self.submission.fallback_name)
        return {"spark.app.name": app_name, **self.conf} if app_name and app_name != name else self.conf

    def _image(self) -> str | dict[str, Any]:
        self.conf.pop("spark.kubernetes.container.image", None)
        policy = self._take("spark.kubernetes.container.image.pullPolicy", "Always|Never|IfNotPresent")
        secrets = self._list("spark.kubernetes.container.image.pullSecrets")
        if not policy and not secrets:
            return self.image.value
        return _present(name=self.image.value, pullPolicy=policy, pullSecrets=secrets)

    def _application(self) -> dict[str, Any]:
        submission = self.submission
        main = None if submission.main == INTERNAL else submission.main
        named = _present(main=main, **{"class": submission.main_class}, args=submission.args)
        return named | _present(**{field: self._list(name) for field, name in _LISTS.items()})

    def _driver(self) -> dict[str, Any]:
        account = self._take("spark.kubernetes.authenticate.driver.serviceAccountName", ".+")
        return _present(cores=self._count("spark.driver.cores"), memory=self._memory("driver"), serviceAccount=account)

    def _executor(self) -> dict[str, Any]:
        # A fixed number beside dynamic allocation is but a bound of its start, and no `instances`.
        fixed = None if is_dynamic(self.submission) else self._count("spark.executor.instances")
        return _present(instances=fixed, cores=self._count("spark.executor.cores"), memory=self._memory("executor"))

    def _count(self, name: str) -> int | None:
        text = self._take(name, r"[1-9]\d*")
        return int(text) if text else None

    def _memory(self, role: str) -> str | None:
        return self._take(f"spark.{role}.memory", r"[1-9]\d*[kKmMgGtT]")

    def _list(self, name: str) -> list[str]:
        text = self._take(name, r"(?s).*[^\s,].*")
        return items(text) if text else []

    def _take(self, name: str, form: str) -> str | None:
        """The value of a property, out of ``conf``, if it has the form that its field takes."""
        if re.fullmatch(form, self.conf.get(name, "")) is None:
            return None
        return self.conf.pop(name, None)


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def job_name(app_name: str) -> str:
    """``app_name`` as the name of a job, by the rules after which Spark names its pods, and at most 40 characters."""
    name = re.sub(r"[^a-z0-9]+", "-", app_name.lower()).strip("-")
    if name[:1].isdigit():
        name = "x" + name[1:]
    return name[:40].rstrip("-") or "job"


_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*|[1-9][0-9]*[kKmMgGtT]")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _write(tree: dict[str, Any], head: list[str], beside: dict[str, str]) -> str:
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 1 << 20
    yaml.allow_unicode = not _hides_something(tree)
    document = _commented(tree)
    document.yaml_set_start_comment("\n".join(head))
    _comment_conf(document["spec"].get("conf", {}), beside)
    stream = StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _hides_something(tree: Any) -> bool:
    """Whether a character is in ``tree`` that no reviewer would see, and that is better escaped."""
    if isinstance(tree, dict):
        return any(map(_hides_something, (*tree, *tree.values())))
    if isinstance(tree, list):
        return any(map(_hides_something, tree))
    return any(char > "~" and not char.isprintable() for char in str(tree))


def _comment_conf(conf: Any, beside: dict[str, str]) -> None:
    for name, text in beside.items():
        if name in conf:
            conf.yaml_set_comment_before_after_key(name, before=text, indent=4)


def _commented(tree: Any) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    if isinstance(tree, dict):
        return _mapping(tree)
    if isinstance(tree, list):
        sequence = CommentedSeq(map(_commented, tree))
        if sum(len(item) + 4 for item in tree) <= 80:
            sequence.fa.set_flow_style()
        return sequence
    return _quoted(tree) if isinstance(tree, str) else tree


def _mapping(tree: dict[str, Any]) -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap

    return CommentedMap((_quoted(key), _commented(value)) for key, value in tree.items())


def _quoted(text: str) -> str:
    """``text`` in quotes, unless it is the same text to readers of YAML 1.1 and 1.2 without them."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted: str = DoubleQuotedScalarString(text)
    return quoted
