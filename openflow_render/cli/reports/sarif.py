"""SARIF 2.1.0, the format of code scanning. Nothing in it depends on the time or the machine.

GitHub refuses a whole report in which one result is in no file. What is found in an option is therefore placed in the
first file that was checked, and says itself where it was found.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from openflow_render import __version__
from openflow_render.cli import console
from openflow_render.cli.reports import place
from openflow_render.core import paths
from openflow_render.core.identity import APPLICATION_LENGTH, SUFFIX_LENGTH
from openflow_render.core.report import Code, Finding, Ignore, Origin, Severity, unfilled, visible

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}

_FINGERPRINT = "openflow/v1"
"""The way in which a finding is known again; another way gets another number."""

_RUN = re.compile(rf"\b(?:[0-9a-f]{{{SUFFIX_LENGTH}}}|[0-9a-f]{{{APPLICATION_LENGTH}}})\b")
"""What names hold of a run, which every change of a job makes another."""

_LINES = re.compile(r":\d+:\d+(?=\))")
"""Where in its file the other of two values that clash stands, as messages end in it."""

_Record = dict[str, Any]


def written(findings: Sequence[Finding], checked: Sequence[str]) -> str:
    """One run, with the codes that occur as its rules."""
    codes = sorted({finding.code for finding in findings})
    around = next((file for name in checked if (file := place.file(Origin(name)))), "")
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": {"name": "openflow", "version": __version__, "rules": list(map(_rule, codes))}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes, around, seen) for finding in findings],
    }
    report = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return console.json_text(report)


def _rule(code: Code) -> _Record:
    """``code``, with the name of each value in its place; a hint that is nothing but a value says nothing yet."""
    return {
        "id": code.id,
        "shortDescription": {"text": unfilled(code.text)},
        "fullDescription": {"text": code.about},
        "help": {"text": unfilled(code.hint) if code.advises else code.about},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(finding: Finding, codes: Sequence[Code], around: str, seen: Counter[str]) -> _Record:
    location = _location(finding, around)
    return {
        "ruleId": finding.code.id,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": _unlinked(place.message(finding))},
        **({"locations": [location]} if location else {}),
        **({"suppressions": [_suppression(finding.ignored)]} if finding.ignored else {}),
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, seen)},
    }


def _suppression(ignored: Ignore) -> _Record:
    """Why the result is ignored; to the standard what stands in another file than the code is external."""
    return {"kind": "external", "justification": ignored.reason}


def _unlinked(text: str) -> str:
    """``text`` without what viewers take for a link, which an input could lead anywhere."""
    return text.replace("](", "] (")


def _location(finding: Finding, around: str) -> _Record:
    file = place.file(finding.origin)
    found: _Record = {}
    if file or around:
        found["physicalLocation"] = {"artifactLocation": {"uri": _uri(file or around)}}
    if file and finding.origin.line:
        found["physicalLocation"]["region"] = _region(finding.origin)
    if named := [*([] if file else _place(finding.origin)), *_object(finding)]:
        found["logicalLocations"] = named
    return found


def _uri(file: str) -> str:
    """``file`` by its bytes, since its name need not be text."""
    path = quote(os.fsencode(file))
    return f"file://{path}" if path.startswith("/") else path


def _region(origin: Origin) -> _Record:
    return {"startLine": origin.line, **({"startColumn": origin.column} if origin.column else {})}


def _place(origin: Origin) -> list[_Record]:
    return [{"name": place.shown(origin)}] if origin.file else []


def _object(finding: Finding) -> list[_Record]:
    if finding.target is None:
        return []
    name, field = (visible(each) for each in (finding.target[0], paths.show(finding.target[1])))
    full = {"fullyQualifiedName": f"{name}.{field}"} if field else {}
    return [{"name": name, **full, "kind": "resource"}]


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """The same wherever the lines move to; of findings that say the same, each has its own, by its turn."""
    target = [finding.target[0], paths.show(finding.target[1])] if finding.target else []
    said = [
        finding.code.id,
        place.file(finding.origin) or finding.origin.file,
        _LINES.sub("", finding.message),
        *target,
    ]
    key = _RUN.sub("", json.dumps(said))
    seen[key] += 1
    return hashlib.sha256(f"{key} {seen[key]}".encode()).hexdigest()[:32]
