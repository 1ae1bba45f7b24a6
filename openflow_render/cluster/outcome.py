"""How dealing with a cluster can end otherwise than well. The command line gives each its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Trouble(Exception):  # noqa: N818 - the state of a cluster, and no error of ours
    """The text says what is the matter, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Unreachable(Trouble):
    """No usable answer came: no connection, no credentials, or not from a Kubernetes API server."""


class Undecided(Trouble):
    """Going on needs a decision of the user's."""


class Failed(Trouble):
    """The workload failed, or was not ready in time."""


class Cause(NamedTuple):
    """One of the reasons that an API server gives."""

    reason: str
    message: str
    field: str


_INVALID = "Invalid value"
_LONGEST = 300


def brief(text: str) -> str:
    """The first line of what an API server says, without the values that it quotes: they may be whole pods."""
    line = _without_values(text).strip().split("\n", 1)[0].strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _without_values(text: str) -> str:
    """``text`` with all from the first value that it quotes on cut away, but for what is said after the last one."""
    before, found, quoted = text.partition(f"{_INVALID}: ")
    if not found:
        return text
    _, colon, why = quoted.rpartition(": ")
    # Not every value is followed by a reason; then this is the end of a value, or all of it.
    is_reason = (
        colon and why[:1] not in ('"', "{", "[") and why.count('"') % 2 == 0 and why.count("{") == why.count("}")
    )
    return before + (why if is_reason else _INVALID)


class Refused(Trouble):
    """The API server said no.

    ``code`` is the HTTP status, ``reason`` Kubernetes' own word for it (empty when the answer was not a ``Status``).
    """

    def __init__(self, code: int, status: Mapping[str, Any], asked: str) -> None:
        details = status.get("details") or {}
        self.code = code
        self.reason = str(status.get("reason") or "")
        self.causes = tuple(
            Cause(str(each.get("reason", "")), str(each.get("message", "")), str(each.get("field", "")))
            for each in details.get("causes") or ()
        )
        self.text = str(status.get("message") or f"HTTP {code}")
        self.asked = asked
        super().__init__(f"the cluster refused to {asked}: {brief(self.text)}")

    @property
    def is_missing(self) -> bool:
        """The object, or what it is in, is not there: Kubernetes says so, and no gateway before it."""
        return self.code == 404 and self.reason == "NotFound"

    @property
    def is_forbidden(self) -> bool:
        """We may not, or admission says no."""
        return self.code == 403

    @property
    def is_conflict_of_managers(self) -> bool:
        """Another field manager owns what was to be changed."""
        return self.code == 409 and any(each.reason == "FieldManagerConflict" for each in self.causes)

    @property
    def is_stale(self) -> bool:
        """The object is not the one, or not in the state, that was reckoned with."""
        return self.code == 409 and not self.is_conflict_of_managers and self.reason != "AlreadyExists"
