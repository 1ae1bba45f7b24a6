"""References in properties: ``${spark.a}`` stands for another property, wherever Spark reads a registered one.

Source: `ConfigReader`, `SparkConfigProvider` of Spark 4.3. ``spark.properties`` keeps the text as it was written.
"""

from __future__ import annotations

import re

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark import properties

_REFERENCE = re.compile(r"\$\{(?:(\w+?):)?(\S+?)\}")
_DEEPEST = 10

_READ_RAW = frozenset(
    {
        "spark.app.id",
        "spark.app.name",
        "spark.blockManager.port",
        "spark.driver.blockManager.port",
        "spark.driver.port",
        "spark.kubernetes.authenticate.driver.serviceAccountName",
        "spark.local.dir",
        "spark.master",
        "spark.ui.port",
    }
)
"""What spark-submit reads by its name alone, so that a reference in it stays text."""


def resolved(conf: Properties, report: Report) -> Properties:
    """``conf`` as spark-submit reads it: with values for references in what decides the objects it makes.

    A reference to the submitting machine's environment is refused there, since it is no input of a job; so is one that
    leads nowhere.
    """
    if not any("${" in text for text in conf.values()):
        return conf
    found = Properties(conf, conf.sources)
    for name, text in conf.items():
        if "${" in text and _is_expanded(name):
            found[name] = _put_in(conf, name, text, found)
            _check(name, found, report)
    return found


def _check(name: str, found: Properties, report: Report) -> None:
    row = properties.PROPERTIES[name]
    left = _REFERENCE.search(found[name])
    if row.phase == "submit" and left is not None:
        code = codes.REFERENCE_TO_MACHINE if left[1] in {"env", "system"} else codes.REFERENCE_UNKNOWN
        report.add(code, at=found.source(name), property=name, reference=left[0])


def _is_expanded(name: str) -> bool:
    row = properties.PROPERTIES.get(name)
    return row is not None and row.phase != "client" and name not in _READ_RAW


def _put_in(conf: Properties, name: str, text: str, found: Properties, depth: int = 0) -> str:
    def value(match: re.Match[str]) -> str:
        origin, other = match.groups()
        known = _known(conf, other) if origin in {None, "spark"} else None
        if known is None or depth == _DEEPEST:
            return match[0]
        found.sources[name] = (*found.sources.get(name, (conf.source(name),)), conf.source(other))
        return _put_in(conf, name, known, found, depth + 1)

    return _REFERENCE.sub(value, text)


def _known(conf: Properties, name: str) -> str | None:
    """The value of a property of Spark's, or its default."""
    if name in conf:
        return conf[name] if name.startswith("spark.") else None
    row = properties.PROPERTIES.get(name)
    return row.default if row is not None and row.default and not row.default.startswith("=") else None
