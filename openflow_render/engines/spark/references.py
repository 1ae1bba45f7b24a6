"""References in properties: ``${spark.a}`` stands for another property, wherever Spark reads a registered one.

Source: `ConfigReader`, `SparkConfigProvider` of Spark 4.3. ``spark.properties`` keeps the text as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark import properties

_REFERENCE = re.compile(r"\$\{(?:(\w+?):)?(\S+?)\}")
_WORD = re.compile(r"\S+")
_DEEPEST = 10

_MOST = 1 << 20
"""So many characters may stand for the references in one property."""

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
            found[name] = _put_in(conf, name, text, found, [_MOST])
            _check(name, found, report)
    return found


def _check(name: str, found: Properties, report: Report) -> None:
    row = properties.PROPERTIES[name]
    left = next(_references(found[name]), None)
    if row.phase == "submit" and left is not None:
        code = codes.REFERENCE_TO_MACHINE if left[1] in {"env", "system"} else codes.REFERENCE_UNKNOWN
        near = "" if left[2] in properties.PROPERTIES else properties.nearest_known(left[2])
        report.add(code, at=found.source(name), property=name, reference=left[0], near=near)


def _is_expanded(name: str) -> bool:
    row = properties.PROPERTIES.get(name)
    return row is not None and row.phase != "client" and name not in _READ_RAW


def _references(text: str) -> Iterator[re.Match[str]]:
    """The references in ``text``; none begins after the last brace of its word, so nobody looks for its end there."""
    for word in _WORD.finditer(text):
        yield from _REFERENCE.finditer(text, word.start(), text.rfind("}", word.start(), word.end()) + 1)


def _put_in(conf: Properties, name: str, text: str, found: Properties, room: list[int], depth: int = 0) -> str:
    """``text`` with values for its references, as long as there is ``room`` for them."""

    def value(match: re.Match[str]) -> str:
        origin, other = match.groups()
        known = _known(conf, other) if origin in {None, "spark"} else None
        if known is None or depth == _DEEPEST or len(known) >= room[0]:
            return match[0]
        room[0] -= len(known) + 1
        found.sources[name] = (*found.sources.get(name, (conf.source(name),)), conf.source(other))
        return _put_in(conf, name, known, found, room, depth + 1)

    parts, done = [], 0
    for match in _references(text):
        parts += [text[done : match.start()], value(match)]
        done = match.end()
    return "".join([*parts, text[done:]])


def _known(conf: Properties, name: str) -> str | None:
    """The value of a property of Spark's, or its default."""
    if name in conf:
        return conf[name] if name.startswith("spark.") else None
    row = properties.PROPERTIES.get(name)
    return row.default if row is not None and row.default and not row.default.startswith("=") else None
