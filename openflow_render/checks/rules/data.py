"""Keys and size of what ConfigMaps and Secrets hold."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_MOST = 1024 * 1024
_ENCODED = {("ConfigMap", "binaryData"), ("Secret", "data")}


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource in bundle:
        if resource.kind in {"ConfigMap", "Secret"}:
            _check(resource, report)


def _check(resource: Resource, report: Report) -> None:
    size = 0
    for field in ("data", "binaryData", "stringData"):
        for key, value in resource.manifest.get(field, {}).items():
            if problem := naming.data_key(key):
                tell(report, codes.BAD_DATA_KEY, resource, (field, key), problem=problem)
            if (resource.kind, field) in _ENCODED and not _is_base64(value):
                said = {"value": "text", "wanted": "it must be written in base64"}
                tell(report, codes.VALUE_REFUSED, resource, (field, key), **said)
            # Base64 writes three bytes as four letters; what is counted are the bytes.
            size += len(value) * 3 // 4 if (resource.kind, field) in _ENCODED else len(value.encode())
    if size > _MOST:
        tell(report, codes.DATA_TOO_BIG, resource, ("data",), size=size)


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text.replace("\n", "").replace("\r", ""), strict_mode=True)
    except ValueError:
        return False
    return True
