"""Names whose values are hidden wherever they would be shown."""

from __future__ import annotations

import re
from typing import Any

from openflow_render.core.paths import Path

HIDDEN = "***"

SENSITIVE = re.compile(r"(?i)secret|password|passphrase|token|credential|(?:access|api|private)[._-]?key")
"""Source: ``spark.redaction.regex`` of Spark, and what other programs call such things."""


_FLAG = re.compile(r"-[A-Za-z0-9_.-]+\Z")


def is_sensitive(path: Path) -> bool:
    """Whether the name of a value, or of the variable that it is the value of, is one of a secret."""
    names = path[-2:-1] if path[-1:] == ("value",) else path[-1:]
    return any(isinstance(name, str) and bool(SENSITIVE.search(name)) for name in names)


def asks_for_secret(argument: Any) -> bool:
    """Whether an argument, such as `--password`, says that the next one is secret."""
    return isinstance(argument, str) and bool(_FLAG.match(argument)) and bool(SENSITIVE.search(argument))
