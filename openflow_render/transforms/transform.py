"""What a transform is."""

from __future__ import annotations

from typing import Protocol

from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle


class Transform(Protocol):
    """One edit of finished objects.

    It replaces what it changes and never edits inside a manifest, whose parts objects share. ``keeps`` says that a
    changed field is still owed to what made it before.
    """

    name: str
    keeps: bool

    def __call__(self, bundle: Bundle, report: Report) -> None: ...

    def placed(self, path: Path) -> Origin | None:
        """The input line behind the change at ``path`` of an object, if one line is."""
