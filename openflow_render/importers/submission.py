"""What was submitted, wherever it was read, and how it is brought to the names of today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.report import Code, Origin, Report
from openflow_render.engines.spark import legacy, properties, registered
from openflow_render.engines.spark.distribution import PREFIXES, canonical

KEPT = frozenset({"spark.kubernetes.driver.podTemplateFile", "spark.kubernetes.driver.podTemplateContainerName"})
"""What a client reads, but openflow in its place."""

_OVERWRITTEN = frozenset({"spark.app.id", "spark.app.submitTime", "spark.driver.host"})


class Setting(NamedTuple):
    """The value of a property, and where it was given; ``written`` is how its name was spelt there."""

    value: str
    origin: Origin
    written: str


Settings = dict[str, Setting]
"""Properties under Spark's own names, in the order they were given."""


@dataclass
class Submission:
    """A submission: its properties, and what Spark has no property for.

    ``at`` is the place of all that has none of its own. ``remarks`` are comments for the head of the job file,
    ``beside`` such for single properties.
    """

    source: str
    at: Origin
    engine: str
    settings: Settings
    fallback_name: str
    main: str | None = None
    main_class: str | None = None
    args: list[str] = field(default_factory=list)
    proxy_user: str | None = None
    remarks: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """The value of a property; empty when it was not given."""
        return self.settings[name].value if name in self.settings else ""

    def remark(self, report: Report, code: Code, at: Origin, **values: Any) -> None:
        """Report something that a reader of the job file should know as well."""
        report.add(code, at=at, **values)
        self.remarks.append(report.findings[-1].message)


def collect(given: Iterable[Setting], report: Report) -> Settings:
    """``given`` by name, the later winning; names that are not Spark's are passed over, as spark-submit does."""
    settings: Settings = {}
    for setting in given:
        name = canonical(setting.written)
        before = settings.pop(name, setting)
        if not name.startswith("spark."):
            said: dict[str, Any] = registered.unprefixed(name)
            report.add(codes.NOT_A_SPARK_PROPERTY, at=setting.origin, name=name, **said)
            continue
        if before.written != setting.written and before.value != setting.value:
            values: dict[str, Any] = {"name": setting.written, "other": before.written, "place": before.origin}
            report.add(codes.TWO_SPELLINGS, at=setting.origin, **values)
        settings[name] = setting
    return settings


def engine_of(settings: Settings, program: str = "") -> str:
    """Which distribution is meant: the one whose program was called, or whose prefix a property has."""
    other = program == "openflow-submit" or any(each.written.startswith(PREFIXES) for each in settings.values())
    return "openflow" if other else "spark"


def modernise(submission: Submission, report: Report) -> None:
    """Replace properties of older releases by those of today, and leave out what says nothing any more."""
    shuffle = any(name.startswith("spark.kubernetes.shuffle.") for name in submission.settings)
    given, submission.settings = submission.settings, {}
    for name, setting in given.items():
        old = legacy.find("spark.kubernetes.shuffle.labels" if shuffle and _is_shuffle(name, setting) else name)
        if old is None:
            submission.settings[name] = setting
        elif old.replacement:
            for new, value in _translated(name, setting, old.replacement, report):
                if new not in given:
                    submission.settings[new] = setting._replace(value=value)
                    submission.beside[new] = report.findings[-1].message
        elif old.refused:
            report.add(codes.LEGACY_PROPERTY_REFUSED, at=setting.origin, name=name, reason=old.reason)
        else:
            submission.remark(report, codes.LEGACY_PROPERTY_DROPPED, setting.origin, name=name, reason=old.reason)


def _is_shuffle(name: str, setting: Setting) -> bool:
    # With the shuffle service of the fork gone, this switch would make every executor fail.
    return name == "spark.shuffle.service.enabled" and setting.value.strip().lower() == "true"


def _translated(name: str, setting: Setting, replacement: str, report: Report) -> Iterator[tuple[str, str]]:
    """The properties that stand for a legacy one now, each reported just before it comes."""
    try:
        translated = legacy.translate(replacement, setting.value)
    except ValueError:
        report.add(codes.IMPORTED_VALUE, at=setting.origin, name=name, expected="a list a=b,c=d", value=setting.value)
        return
    for new, value in translated.items():
        report.add(codes.LEGACY_PROPERTY_TRANSLATED, at=setting.origin, name=name, replacement=new)
        yield new, value


def drop_the_clients(submission: Submission, report: Report) -> None:
    """Leave out what only the submitting client reads, and what it overwrites."""
    for name in list(submission.settings):
        if name in _OVERWRITTEN:
            code = codes.OVERWRITTEN_BY_SUBMIT
        elif properties.client_only(name) and name not in KEPT:
            code = codes.READ_BY_CLIENT_ONLY
        else:
            continue
        submission.remark(report, code, submission.settings.pop(name).origin, name=name)
