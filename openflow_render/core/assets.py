"""The files that ship with openflow: schemas, templates, overlays.

They stand at the top of a checkout and inside ``openflow_render/_data`` of a wheel.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def asset(*parts: str) -> Traversable:
    """The shipped file or folder ``parts``, e.g. ``asset("schemas", "job.schema.json")``; it need not exist."""
    shipped = resources.files("openflow_render").joinpath("_data")
    root: Traversable = shipped if shipped.is_dir() else FilePath(__file__).parents[2]
    return root.joinpath(*parts)
